package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"notionrelay/shared/report"
)

// input says what is to be sent: a payload as a flow posts it, or reports in
// markdown.
type input struct {
	File          string `arg:"" optional:"" help:"A file with the JSON that a flow posts; - for standard input."`
	Strategy      string `help:"A file with the strategy report, in markdown." placeholder:"FILE" type:"existingfile"`
	Comprehensive string `help:"A file with the comprehensive report, in markdown." placeholder:"FILE" type:"existingfile"`
	Email         string `help:"The contact's address, with --strategy or --comprehensive."`
	RunID         string `help:"The run id, with --strategy or --comprehensive." name:"run-id"`
}

func (in input) Validate() error {
	markdown := in.Strategy != "" || in.Comprehensive != ""
	switch {
	case in.File == "" && !markdown:
		return errors.New("say what to send: a file, or --strategy and --comprehensive")
	case in.File != "" && (markdown || in.Email != "" || in.RunID != ""):
		return errors.New("a file has everything in it, so the other flags cannot be combined with it")
	}
	return nil
}

// read returns the body to post, and what it says.
func (in input) read(ctx context.Context, stdin io.Reader) (body []byte, p report.Payload, err error) {
	switch in.File {
	case "":
		body, err = in.compose()
	case "-":
		body, err = readAll(ctx, stdin)
	default:
		body, err = os.ReadFile(in.File)
	}
	if err != nil {
		return nil, p, fmt.Errorf("read report: %w", err)
	}
	if p, err = report.Parse(body); err != nil {
		return nil, p, fmt.Errorf("read report: %w", err)
	}
	return body, p, nil
}

// readAll reads to the end, unless ctx ends before: a read cannot be called off.
func readAll(ctx context.Context, r io.Reader) (all []byte, err error) {
	done := make(chan struct{})
	var read []byte
	var failed error
	go func() {
		defer close(done)
		read, failed = io.ReadAll(r)
	}()
	select {
	case <-done:
		return read, failed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// compose makes the body of files of markdown.
func (in input) compose() ([]byte, error) {
	fields := map[string]string{}
	for name, value := range map[string]string{"email": in.Email, "runId": in.RunID} {
		if value != "" {
			fields[name] = value
		}
	}
	for name, path := range map[string]string{"strategyReport": in.Strategy, "comprehensiveReport": in.Comprehensive} {
		if path == "" {
			continue
		}
		markdown, err := os.ReadFile(path) //nolint:gosec // whoever calls says which
		if err != nil {
			return nil, err
		}
		fields[name] = string(markdown)
	}
	return json.Marshal(fields)
}
