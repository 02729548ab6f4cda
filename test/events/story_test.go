package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// world is where the functions run, with what they work on.
type world struct {
	// invoke hands an event to a function and returns its answer.
	invoke func(t *testing.T, function string, event []byte) []byte

	runs interface {
		Get(ctx context.Context, id string) (runs.Run, error)
	}
	signals interface {
		SetHalt(ctx context.Context, halt runs.Halt) error
	} // nil where the functions run elsewhere
	publish, enrich, waiting, dead receiver
	notion                         *notionsim.Sim
}

type receiver interface {
	Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error)
}

// story hands all events to the functions in the order in which a report goes
// through them, and checks answers and effects.
func (w *world) story(t *testing.T) {
	t.Helper()
	_, payload := sample(t)
	id := report.ID("", payload.Fingerprint())

	w.answers(t, "webhook/unauthorized.json", 401, `"code":"unauthorized"`)
	w.answers(t, "webhook/no-report.json", 400, "At least one report is required")
	w.reaches(t, id, "")
	w.answers(t, "webhook/report.json", 202, `"reportId":"`+id+`"`)
	w.answers(t, "webhook/predecessor.json", 200, "/reports/"+id+"/open")
	w.answers(t, "webhook/status.json", 200, `"status":"queued"`)

	w.settles(t, "publisher/report.json")
	w.reaches(t, id, runs.Published)
	base := w.notion.Tree()
	if !strings.Contains(base, "Lead with reliability") {
		t.Errorf("the report is not among the pages:\n%s", base)
	}
	w.settles(t, "publisher/redelivery.json")
	if diff := cmp.Diff(base, w.notion.Tree()); diff != "" {
		t.Errorf("the redelivery changed the pages (-before +after):\n%s", diff)
	}
	w.answers(t, "webhook/status.json", 200, `"status":"published"`)

	w.settles(t, "enricher/report.json")
	w.settles(t, "enricher/redelivery.json")
	w.givesBack(t, "enricher/unreadable.json")
	w.settles(t, "enricher/waited.json")

	w.settles(t, "publisher/texts.json")
	w.settles(t, "publisher/quotes.json")
	w.reaches(t, id, runs.Complete)
	written := w.notion.Tree()
	w.settles(t, "publisher/timer.json")
	if diff := cmp.Diff(written, w.notion.Tree()); diff != "" {
		t.Errorf("the timer of a complete run changed the pages (-before +after):\n%s", diff)
	}
	w.settles(t, "publisher/unreadable.json")

	w.holds(t, "publish queue", w.publish, "publish", "texts", "quotes", "settle")
	w.holds(t, "enrich queue", w.enrich, "enrich")
	w.holds(t, "waiting queue", w.waiting) // the run's timer is not due yet
	w.holds(t, "dead letters", w.dead, "unreadable_message: The message is not one that this version can read.")
}

func (w *world) call(t *testing.T, name string, answer any) {
	t.Helper()
	event, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	function, _, _ := strings.Cut(name, "/")
	// What was sent long ago lets the reports pass that have been accepted since.
	event = bytes.ReplaceAll(event, []byte(sentAt), []byte(fmt.Sprint(time.Now().UnixMilli())))
	got := w.invoke(t, function, event)
	if err := json.Unmarshal(got, answer); err != nil {
		t.Fatalf("%s: %v: %s", name, err, got)
	}
}

func (w *world) answers(t *testing.T, name string, status int, part string) {
	t.Helper()
	var answer events.APIGatewayV2HTTPResponse
	w.call(t, name, &answer)
	if answer.StatusCode != status || !strings.Contains(answer.Body, part) {
		t.Errorf("%s: got %d %s, want %d and %s", name, answer.StatusCode, answer.Body, status, part)
	}
}

// settles is for an event whose message the queue may forget.
func (w *world) settles(t *testing.T, name string) {
	t.Helper()
	var answer events.SQSEventResponse
	if w.call(t, name, &answer); len(answer.BatchItemFailures) > 0 {
		t.Errorf("%s: the message was given back", name)
	}
}

func (w *world) givesBack(t *testing.T, name string) {
	t.Helper()
	var answer events.SQSEventResponse
	if w.call(t, name, &answer); len(answer.BatchItemFailures) != 1 {
		t.Errorf("%s: the message was not given back", name)
	}
}

func (w *world) reaches(t *testing.T, id string, want runs.Status) {
	t.Helper()
	run, err := w.runs.Get(t.Context(), id)
	if run.Status != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, runs.ErrNotFound) {
		t.Errorf("run is %q, %v; want %q", run.Status, err, want)
	}
}

// holds compares the kinds of a queue's messages, or the reasons of its dead
// letters.
func (w *world) holds(t *testing.T, name string, q receiver, want ...string) {
	t.Helper()
	messages, err := q.Receive(t.Context(), 10, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range messages {
		if reason, ok := in.Attributes["reason"]; ok {
			got = append(got, reason)
		} else if m, err := queue.Decode(in.Body); err != nil {
			got = append(got, fmt.Sprint(err))
		} else {
			got = append(got, string(m.Kind))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
