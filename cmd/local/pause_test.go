package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

func TestAPauseGivesOutNothingAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	messages := db.Queue("publish", embedded.QueueOptions{})
	if err := messages.Send(t.Context(), queue.Outgoing{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	source := &pausable{Source: messages, runs: db.Runs(), log: planted.Heard(t, slog.NewTextHandler(&log, nil))}
	for _, pause := range []runs.Pause{{Since: time.Now(), Reason: "Maintenance."}, {Since: time.Now(), Reason: "Maintenance."}, {}, {}} {
		if err := db.Runs().SetPause(t.Context(), pause); err != nil {
			t.Fatal(err)
		}
		got, err := source.Receive(t.Context(), 1, 0)
		if err != nil || pause.Paused() && len(got) > 0 {
			t.Errorf("paused: %t, %d messages, error %v", pause.Paused(), len(got), err)
		}
		for _, m := range got {
			if err := messages.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, line := range []string{`level=INFO msg=paused reason=Maintenance.`, `level=INFO msg=resumed lasted=`} {
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("%q is not there once:\n%s", line, &log)
		}
	}
	if got, err := source.Receive(t.Context(), 1, 0); err != nil || len(got) != 1 {
		t.Errorf("after the pause %d messages, error %v", len(got), err)
	}
}
