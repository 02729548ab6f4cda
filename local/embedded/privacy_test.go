package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
)

// Other users of the machine cannot read the reports, whoever made the folder.
func TestOpenClosesTheFolderToOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"relay.db", "relay.db-wal", "relay.lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	db := closing(t)(embedded.Open(dir))
	if err := db.Queue("q", embedded.QueueOptions{}).Send(t.Context(), queue.Outgoing{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700, "relay.db": 0o600, "relay.db-wal": 0o600, "relay.lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%q has mode %o, want %o", name, got, mode)
		}
	}
}

// Somebody may have left links in a folder that was open to him, to have texts
// written where he can read them, or another file closed or written to.
func TestOpenFollowsNoLink(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"relay.db", "relay.db-wal", "relay.db-shm", "relay.db-journal", "relay.lock"} {
		for _, there := range []bool{true, false} {
			dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
			if there {
				if err := os.WriteFile(target, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if _, err := embedded.Open(dir); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, with a target %t: got %v, want a refusal that names it", name, there, err)
			}
			info, err := os.Stat(target)
			if there && (err != nil || info.Mode().Perm() != 0o644 || info.Size() != 0) || !there && err == nil {
				t.Errorf("%s, with a target %t: it has become %v, %v", name, there, info, err)
			}
		}
	}
}

func TestOpenRefusesAFolderThatAllShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(dir); err == nil || !strings.Contains(err.Error(), "folder of its own") {
		t.Errorf("error %v, want a refusal that says what to do", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("mode %v, %v: want it as it was", info.Mode(), err)
	}
}

// A folder such as /var/lib is not ours to close to everybody else, nor is a file
// whose name was given for a folder's.
func TestOpenLeavesWhatIsNotItsOwnAsItWas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name            string
		mode            os.FileMode
		isFile          bool
		others, refusal string
	}{
		{name: "a file", mode: 0o644, isFile: true, refusal: "is not a folder"},
		{name: "a folder with other things", mode: 0o755, others: "letters"},
		{name: "one that a group writes to", mode: 0o775, others: "letters", refusal: "folder of its own"},
		{name: "one that all write to", mode: 0o757, others: "letters", refusal: "folder of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data")
			err := os.Mkdir(path, 0o700)
			if test.isFile {
				err = errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600))
			}
			if test.others != "" {
				err = errors.Join(err, os.WriteFile(filepath.Join(path, test.others), nil, 0o644))
			}
			if err = errors.Join(err, os.Chmod(path, test.mode)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time there is a store
				db, err := embedded.Open(path)
				if err == nil {
					err = db.Close()
				}
				if (err == nil) != (test.refusal == "") || err != nil && !strings.Contains(err.Error(), test.refusal) {
					t.Errorf("error %v, want one with %q", err, test.refusal)
				}
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != test.mode {
				t.Errorf("mode %v, %v: want it as it was", info.Mode(), err)
			}
			if info, err := os.Stat(filepath.Join(path, "relay.db")); test.refusal == "" && (err != nil || info.Mode().Perm() != 0o600) {
				t.Errorf("the database: %v, %v", info, err)
			}
		})
	}
}

// What a deleted message said is in no byte of the folder's files, whether it
// filled many pages or a corner of one, and whatever came and went around it.
func TestADeletedMessageLeavesNoByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := closing(t)(embedded.Open(dir))
	q := db.Queue("q", embedded.QueueOptions{})
	const marker = "planted marker "
	for _, size := range []int{20, 300, 900, 3000, 5000, 40_000, 600_000} {
		for i := range 6 {
			body := strings.Repeat(fmt.Sprint(marker, size, " ", i, " "), 1+size/len(marker))
			if err := q.Send(t.Context(), queue.Outgoing{Body: body, Attributes: map[string]string{"a": marker}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if bytesWith(t, dir, marker) == 0 {
		t.Fatal("the marker was never there")
	}
	for left := 7 * 6; left > 0; {
		for _, m := range receive(t, q, 0) {
			if err := q.ChangeVisibility(t.Context(), m.Receipt, time.Hour); err != nil { // rewrites it
				t.Fatal(err)
			}
			if err := q.Delete(t.Context(), m.Receipt); err != nil {
				t.Fatal(err)
			}
			left--
		}
	}
	for bytesWith(t, dir, marker) > 0 { // until the journal is emptied
	}
}

func TestForgetRemovesAGroupAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := closing(t)(embedded.Open(dir))
	q, other := db.Queue("q", embedded.QueueOptions{}), db.Queue("other", embedded.QueueOptions{})
	for _, send := range []struct {
		queue       *embedded.Queue
		group, body string
	}{{q, "a", "planted marker"}, {q, "a", "planted marker"}, {q, "b", "stays"}, {other, "a", "stays"}} {
		if err := send.queue.Send(t.Context(), queue.Outgoing{Body: send.body, Group: send.group}); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, q, 0); len(got) != 1 || got[0].Body != "stays" || len(receive(t, other, 0)) != 1 {
		t.Errorf("received %v, want the other group and the other queue whole", got)
	}
	for bytesWith(t, dir, "planted marker") > 0 { // until the journal is emptied
	}
}

// A process that was killed between the end of a message and the clearing of
// its journal leaves that to the next one.
func TestOpenClearsTheJournalOfADeadProcess(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	db := closing(t)(embedded.Open(dir))
	q := db.Queue("q", embedded.QueueOptions{})
	if err := q.Send(t.Context(), queue.Outgoing{Body: "planted marker"}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil { // as kill -9 leaves them
		t.Fatal(err)
	}
	next := closing(t)(embedded.Open(copied))
	wal, err := os.ReadFile(filepath.Join(copied, "relay.db-wal"))
	if err != nil || bytes.Contains(wal, []byte("planted marker")) {
		t.Errorf("the journal still has the message, or cannot be read: %v", err)
	}
	if got := receive(t, next.Queue("q", embedded.QueueOptions{}), 0); len(got) != 1 {
		t.Errorf("received %d messages, want the one", len(got))
	}
}

// bytesWith counts a marker in all files of a folder.
func bytesWith(t *testing.T, dir, marker string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "relay.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(content, []byte(marker))
	}
	return n
}
