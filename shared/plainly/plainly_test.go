package plainly_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/plainly"
	"notionrelay/shared/runs"
)

func Example() {
	run := runs.Run{Status: runs.Publishing, Steps: []runs.Step{
		{Name: "row", Done: 1, Total: 1},
		{Name: "comprehensive-report", Done: 3, Total: 7},
	}}
	fmt.Println("Report", plainly.Status(run.Status)+":", plainly.Doing(run, false))
	// Output: Report being published: Writing the Comprehensive Analysis, 4 of 7.
}

// What is everyone's is told before what is one run's, and an operator's pause
// before all, since nothing but its end helps.
func TestWaiting(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	waits := runs.Run{Status: runs.Publishing, Waits: []runs.Wait{
		{Kind: "quotes", Reason: "later", Attempts: 1, Since: at, Next: at.Add(time.Hour)},
		{Kind: "publish", Reason: "sooner", Attempts: 2, Since: at, Next: at.Add(time.Minute)},
	}}
	halt := runs.Halt{Reason: "Notion refuses the token.", Remedy: "Store a valid one.", Probes: 3, Since: at, Next: at.Add(time.Minute)}
	for name, tt := range map[string]struct {
		run   runs.Run
		halt  runs.Halt
		pause runs.Pause
		want  *plainly.Wait
	}{
		"none":              {run: runs.Run{Status: runs.Queued}},
		"its own, the next": {run: waits, want: &plainly.Wait{Reason: "sooner", Attempts: 2, Since: at, Next: at.Add(time.Minute)}},
		"a halt": {run: waits, halt: halt, want: &plainly.Wait{
			Everyone: true, Reason: halt.Reason, Remedy: halt.Remedy, Attempts: 3, Since: at, Next: halt.Next,
		}},
		"a pause": {run: waits, halt: halt, pause: runs.Pause{Since: at, Reason: "The database moves."}, want: &plainly.Wait{
			Everyone: true, Reason: "The database moves.", Remedy: "It goes on when whoever runs Notion Relay resumes it.", Since: at,
		}},
		"complete": {run: runs.Run{Status: runs.Complete}, halt: halt},
		"failed":   {run: runs.Run{Status: runs.Failed, Waits: waits.Waits}},
	} {
		if diff := cmp.Diff(tt.want, plainly.Waiting(tt.run, tt.halt, tt.pause)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
