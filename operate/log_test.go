package operate_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"notionrelay/operate"
	"notionrelay/operate/runbook"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// Whatever an operator does has its line in the log, and what concerns one run is
// in its record.
func TestWhatAnOperatorDoesIsInTheLog(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	var log bytes.Buffer
	r.Log = planted.Heard(t, slog.NewJSONHandler(&log, nil))
	r.Works = nobody
	r.has(t, id, accepted, func(run *runs.Run) {
		run.Fail(runs.Failure{Kind: "settle", Code: "in_trash", Message: "It is in the trash."})
	})
	all := func(operate.Letter) bool { return true }
	do := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	do("pause", r.Pause(t.Context(), "Maintenance."))
	do("resume", r.Resume(t.Context()))
	do("resume what is not paused", r.Resume(t.Context()))
	put(t, r.Publish, queue.Settle)
	_, err := r.Redrive(t.Context(), all)
	do("redrive", err)
	put(t, r.Enrich, queue.Settle)
	_, err = r.Drop(t.Context(), t.TempDir(), all)
	do("drop", err)

	said := map[string]map[string]any{}
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if said[fields["msg"].(string)] != nil {
			t.Errorf("%s is said twice", fields["msg"])
		}
		said[fields["msg"].(string)] = fields
	}
	for _, want := range runbook.Lines() {
		if !strings.Contains(want.From, "relayctl") {
			continue
		}
		line := said[want.Message]
		if line == nil || line["level"] != "INFO" {
			t.Errorf("%s is not in the log:\n%s", want.Message, &log)
		}
		for _, key := range want.Keys {
			if _, ok := line[key]; !ok {
				t.Errorf("no %s in %v", key, line)
			}
		}
	}
	run, err := r.Runs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, n := range run.Notes {
		notes = append(notes, n.What)
	}
	if !slices.Equal(notes, []string{"redriven: settle", "dropped: settle"}) {
		t.Errorf("the record has %q", notes)
	}
}
