package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"notionrelay/local/notionsim"
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
	_, payload, err := c.read(s, s.in)
	if err != nil {
		return err
	}
	sim, run, err := preview.Publish(s, payload, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer sim.Close()
	requests := run.Counts.Requests
	switch {
	case !c.Tree:
		return s.serve(c.Addr, sim, requests)
	case s.json:
		return s.printJSON(struct {
			Tree     string `json:"tree"`
			Requests int    `json:"requests"`
		}{sim.Tree(), requests})
	}
	_, err = fmt.Fprintln(s.out, sim.Tree())
	return err
}

// serve shows the pages until it is told to end.
func (s *session) serve(addr string, sim *notionsim.Sim, requests int) error {
	listener, err := new(net.ListenConfig).Listen(s, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle(notionview.Path, notionview.New(sim, notionview.Options{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	url := "http://" + listener.Addr().String() + notionview.Path
	if s.json {
		err = s.printJSON(struct {
			URL      string `json:"url"`
			Requests int    `json:"requests"`
		}{url, requests})
	} else {
		_, err = fmt.Fprintf(s.out, "The pages are at %s until you press Ctrl-C (%d requests to Notion would be made).\n", url, requests)
	}
	if err == nil {
		select {
		case err := <-served:
			return err
		case <-s.Done():
		}
	}
	err = errors.Join(err, server.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
