package embedded_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// childDir in the environment makes this test binary the child that
// TestKillLosesNothing kills, working in that folder.
const childDir = "EMBEDDED_TEST_CHILD_DIR"

// acknowledged is how much the child does before it is killed.
const acknowledged = 50

func openCrashQueue(db *embedded.DB) *embedded.Queue {
	return db.Queue("main", embedded.QueueOptions{FIFO: true, Visibility: time.Hour})
}

// child receives a message and keeps it, then sends messages and saves a run
// until it is killed, and prints a line for each that was acknowledged.
func child(t *testing.T, dir string) {
	t.Helper()
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	q := openCrashQueue(db)
	run, _, err := db.Runs().Create(t.Context(), runs.Run{ReportID: "run", AcceptedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		body := fmt.Sprint(i)
		if err := q.Send(t.Context(), queue.Outgoing{Body: body, Group: "g", DeduplicationID: body}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := q.Receive(t.Context(), 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Runs().Save(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(os.Stdout, "acknowledged", i, run.Version)
	}
}

func TestKillLosesNothing(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(t, dir)
	}
	t.Parallel()
	dir := t.TempDir()
	last, version := killChild(t, dir)

	db := closing(t)(embedded.Open(dir))
	run, err := db.Runs().Get(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	if run.Version < version {
		t.Errorf("run has version %d, want at least the acknowledged %d", run.Version, version)
	}
	q := openCrashQueue(db)
	for want := 0; want <= last; want++ {
		got, err := q.Receive(t.Context(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Body != fmt.Sprint(want) {
			t.Fatalf("received %v, want message %d of %d that were acknowledged", got, want, last)
		}
		// The child held the first when it died, and it is not waited for.
		if held := want == 0; held != (got[0].ReceiveCount == 2) {
			t.Errorf("message %d has receive count %d", want, got[0].ReceiveCount)
		}
		if err := q.Delete(t.Context(), got[0].Receipt); err != nil {
			t.Fatal(err)
		}
	}
}

// killChild kills a child in the midst of its work and returns the last message
// and version that it printed as acknowledged.
func killChild(t *testing.T, dir string) (last int, version int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillLosesNothing$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&output, lines.Text())
		n, _ := fmt.Sscanf(lines.Text(), "acknowledged %d %d", &last, &version)
		if n == 2 && last == acknowledged {
			wantInUse(t, dir)
			if err := cmd.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || last < acknowledged {
		t.Fatalf("child ended with %v, want it killed at work:\n%s", err, output.String())
	}
	return last, version
}
