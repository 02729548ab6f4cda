package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"notionrelay/local/notionview"
	"notionrelay/local/preview"
)

type previewCommand struct {
	input

	Addr string `help:"Where to show the pages." default:"127.0.0.1:0"`
	Tree bool   `help:"Print the pages as text instead, and end."`
}

func (c *previewCommand) Help() string {
	return `No Notion, no queue and no data folder are needed, and nothing is kept. The title and the introduction are the standard ones.

Examples:

  relayctl preview events/sample-report.json
  relayctl preview --strategy plan.md --email dana@example.com
  relayctl preview --tree events/sample-report.json`
}

func (c *previewCommand) Run(s *session) error {
	_, payload, err := c.read(s.in)
	if err != nil {
		return err
	}
	sim, run, err := preview.Publish(s, payload, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer sim.Close()
	if c.Tree {
		fmt.Fprintln(s.out, sim.Tree())
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(s, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle(notionview.Path, notionview.New(sim, notionview.Options{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(s.out, "The pages are at http://%s%s until you press Ctrl-C (%d requests to Notion would be made).\n", listener.Addr(), notionview.Path, run.Counts.Requests)
	select {
	case err = <-served:
	case <-s.Done():
		err = server.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
	}
	return err
}
