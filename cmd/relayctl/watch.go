package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"notionrelay/operate"
	"notionrelay/operate/watch"
)

type watchCommand struct {
	Once  bool          `help:"Print what there is, and end."`
	Plain bool          `help:"Print it again whenever it has changed, instead of a live screen. So it is with --json, and where the output is no terminal."`
	Every time.Duration `help:"How often to look." default:"1s"`
}

func (c *watchCommand) Help() string {
	return `The screen shows the queues with their dead letters, and the runs that are being written, that wait for their own time, that have failed, and the last ones that are complete. Above them stands whether anybody works, and why not.

Keys: up and down (or k and j) select a run, r puts back what has failed of it, o shows where it can be looked at, d explains it, p pauses and resumes, q ends. Where NO_COLOR is set it has no colours.

Examples:

  relayctl watch
  relayctl watch --once
  relayctl --stack notion-relay watch --every 5s`
}

func (c *watchCommand) Validate() error {
	if c.Every < 100*time.Millisecond {
		return errors.New("--every must be at least 100ms")
	}
	return nil
}

func (c *watchCommand) Run(s *session) error {
	screen := !c.Once && !c.Plain && !s.json && isTerminal(s.out) && isTerminal(s.in)
	var quiet bytes.Buffer
	if screen { // a line of the log would tear it
		s.log = slog.New(slog.NewTextHandler(&quiet, nil))
	}
	system, err := s.open()
	if err != nil {
		return err
	}
	if screen {
		err = watch.NewScreen(&relay{system, s.target.call()}, c.Every, s.colours()).Run(s, s.in.(*os.File), s.out.(*os.File)) // which terminals are
		fmt.Fprint(s.errs, quiet.String())
	} else {
		err = s.frames(system, c.Once, c.Every)
	}
	if s.Err() != nil {
		err = nil // it was told to end
	}
	return err
}

// isTerminal tells whether a stream is a terminal that does more than print.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// colours tells whether what is printed may have colours: on a terminal, unless the
// environment says otherwise (https://no-color.org, https://bixense.com/clicolors).
func (s *session) colours() bool {
	return os.Getenv("NO_COLOR") == "" && (isTerminal(s.out) || os.Getenv("CLICOLOR_FORCE") != "")
}

// frames prints what there is, once or at every change.
func (s *session) frames(system *operate.System, once bool, every time.Duration) error {
	var last watch.Snapshot
	for {
		now, err := watch.Look(s, system)
		if err != nil {
			return err
		}
		switch {
		case now.Same(last):
		case s.json:
			err = s.printJSON(now)
		default:
			_, err = fmt.Fprintln(s.out, watch.Frame(now, s.colours()))
		}
		last = now
		if once || err != nil {
			return err
		}
		select {
		case <-s.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// relay does for the screen what the commands do.
type relay struct {
	system *operate.System
	call   string
}

var _ watch.Relay = (*relay)(nil)

func (r *relay) Look(ctx context.Context) (watch.Snapshot, error) { return watch.Look(ctx, r.system) }

func (r *relay) Redrive(ctx context.Context, id string) (string, error) {
	moved, err := r.system.Redrive(ctx, func(l operate.Letter) bool { return l.Is(id) })
	switch {
	case err != nil:
		return "", err
	case len(moved) == 0:
		return "", fmt.Errorf("redrive %s: %w", id, errNoLetter)
	}
	return fmt.Sprintf("%d of %s put back", len(moved), id), nil
}

// Address is the homepage once it exists, and the status page until then.
func (r *relay) Address(ctx context.Context, id string) (string, error) {
	url, secret, err := r.system.Webhook(ctx)
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	now, err := webhook{url: strings.TrimSuffix(url, "/"), secret: secret, client: client}.status(ctx, id)
	return cmp.Or(now.Data.OpenURL, now.Data.StatusURL), err
}

func (r *relay) Details(ctx context.Context, id string) ([]string, error) {
	run, err := r.system.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := r.system.Explain(ctx, run, r.call)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.Join(explained(e), "\n"), "\n"), nil
}

func (r *relay) SetPaused(ctx context.Context, paused bool) error {
	if !paused {
		return r.system.Resume(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, defaultPauseWait)
	defer cancel()
	return pauseAndWait(ctx, r.system, defaultPauseReason)
}
