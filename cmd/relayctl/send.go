package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

type sendCommand struct {
	input

	URL  string        `help:"Where the webhook is; else that of the stack, or of the process that works on the data folder." placeholder:"https://…"`
	Key  string        `help:"An Idempotency-Key." placeholder:"KEY"`
	Wait time.Duration `help:"How long to wait until it is complete; 0 not at all." default:"10m"`
}

func (c *sendCommand) Help() string {
	return `The secret is taken from RELAY_SECRET, else from where the webhook has its own.

Examples:

  relayctl send events/sample-report.json
  relayctl send --strategy plan.md --comprehensive all.md --email dana@example.com
  relayctl --stack notion-relay send report.json --wait 0`
}

func (c *sendCommand) Run(s *session) error {
	body, payload, err := c.read(s, s.in)
	if err != nil {
		return err
	}
	url, secret, err := c.webhook(s)
	if err != nil {
		return err
	}
	w := webhook{url: strings.TrimSuffix(url, "/"), secret: secret, client: &http.Client{Timeout: 30 * time.Second}}
	defer w.client.CloseIdleConnections()
	before, err := w.status(s, report.ID(c.Key, payload.Fingerprint()))
	if err != nil && !errors.Is(err, errNotThere) {
		return err
	}
	sent, err := w.send(s, body, c.Key)
	if err != nil {
		return err
	}
	if c.Wait <= 0 {
		return s.sent(sent)
	}
	ctx, cancel := context.WithTimeout(s, c.Wait)
	defer cancel()
	return s.follow(ctx, w, sent, before)
}

// webhook finds where to send, and with which secret.
func (c *sendCommand) webhook(s *session) (url, secret string, err error) {
	url, secret = c.URL, os.Getenv("RELAY_SECRET")
	if url != "" {
		return url, secret, nil
	}
	system, err := s.open()
	if err != nil {
		return "", "", err
	}
	url, known, err := system.Webhook(s)
	return url, cmp.Or(secret, known), err
}

// webhook is the way to the HTTP API.
type webhook struct {
	url, secret string
	client      *http.Client
}

// reply is what the webhook answers, as far as it matters here.
type reply struct {
	Error    string      `json:"error"`
	ReportID string      `json:"reportId"`
	Status   runs.Status `json:"status"`
	EndedAt  string      `json:"endedAt"`
	Progress struct {
		Done  int `json:"done"`
		Total int `json:"total"`
	} `json:"progress"`
	Warnings []string `json:"warnings"`
	Waiting  *struct {
		Reason string `json:"reason"`
	} `json:"waiting"`
	Failure *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Remedy  string `json:"remedy"`
		Request string `json:"notionRequestId"`
	} `json:"failure"`
	Data struct {
		ReportID  string      `json:"reportId"`
		Status    runs.Status `json:"status"`
		OpenURL   string      `json:"openUrl"`
		StatusURL string      `json:"statusUrl"`
		Homepage  string      `json:"brandedHomepageUrl"`
	} `json:"data"`
}

func (w webhook) send(ctx context.Context, body []byte, key string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/reports", bytes.NewReader(body))
	if err != nil {
		return reply{}, fmt.Errorf("send report: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	sent, err := w.do(r)
	if err != nil {
		return reply{}, fmt.Errorf("send report: %w", err)
	}
	return sent, nil
}

func (w webhook) status(ctx context.Context, id string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/reports/"+id, nil)
	if err != nil {
		return reply{}, err
	}
	got, err := w.do(r)
	if err != nil {
		return reply{}, fmt.Errorf("ask for the status of %s: %w", id, err)
	}
	return got, nil
}

// errNotThere is what the webhook says of a report that it does not know.
var errNotThere = errors.New("the webhook answers 404 Not Found")

func (w webhook) do(r *http.Request) (answered reply, err error) {
	if w.secret != "" {
		r.Header.Set("Authorization", "Bearer "+w.secret)
	}
	response, err := w.client.Do(r) //nolint:gosec // whoever calls says where to send
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, &answered)
	}
	switch {
	case response.StatusCode == http.StatusNotFound:
		return reply{}, errNotThere
	case response.StatusCode == http.StatusUnauthorized:
		return reply{}, fmt.Errorf("the webhook answers %s: set RELAY_SECRET to one of its secrets", response.Status)
	case response.StatusCode >= 400:
		return reply{}, fmt.Errorf("the webhook answers %s: %s", response.Status, cmp.Or(answered.Error, "nothing that it should"))
	case err != nil:
		return reply{}, fmt.Errorf("read the answer: %w", err)
	}
	return answered, nil
}

// sent tells what was accepted.
func (s *session) sent(r reply) error {
	if s.json {
		return s.printJSON(r.Data)
	}
	return s.facts("report", r.Data.ReportID, "state", string(r.Data.Status), "status page", r.Data.StatusURL, "homepage", r.Data.OpenURL)
}

// followEvery is how often the status is asked for.
const followEvery = 500 * time.Millisecond

// follow shows how the report gets on, until it has ended. A failure from before
// it was sent is not its end.
func (s *session) follow(ctx context.Context, w webhook, sent, before reply) error {
	line := ""
	for {
		now, err := w.status(ctx, sent.Data.ReportID)
		if err != nil {
			return s.stillRunning(ctx, sent, err)
		}
		if now.sameEnd(before) {
			now.Failure, now.Status = nil, runs.Queued
		}
		if next := now.line(); next != line && !s.json {
			line = next
			fmt.Fprintln(s.out, line)
		}
		switch now.Status {
		case runs.Complete:
			return s.sent(now)
		case runs.Failed:
			if err := s.sent(now); err != nil {
				return err
			}
			return errTrouble
		}
		select {
		case <-ctx.Done():
			return s.stillRunning(ctx, now, ctx.Err())
		case <-time.After(followEvery):
		}
	}
}

// sameEnd tells whether the report has failed and not been tried since before.
func (r reply) sameEnd(before reply) bool {
	return r.Status == runs.Failed && before.Failure != nil && r.Failure != nil && r.EndedAt == before.EndedAt && *r.Failure == *before.Failure
}

// stillRunning ends the waiting for a report that goes on.
func (s *session) stillRunning(ctx context.Context, last reply, err error) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	fmt.Fprintln(s.errs, "It has not ended yet; relayctl status tells how it goes on.")
	return errors.Join(s.sent(last), errTrouble)
}

// barWidth is how many characters a bar of progress has.
const barWidth = 20

// line is a bar with what is going on.
func (r reply) line() string {
	filled := 0
	if r.Progress.Total > 0 {
		filled = barWidth * r.Progress.Done / r.Progress.Total
	}
	bar := strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled)
	words := string(r.Status)
	switch {
	case r.Failure != nil:
		words += ": " + r.Failure.Message + " " + r.Failure.Remedy
	case r.Waiting != nil:
		words += ", waiting: " + r.Waiting.Reason
	}
	return fmt.Sprintf("%s %d of %d  %s", bar, r.Progress.Done, r.Progress.Total, words)
}
