package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// failing notes that a test has failed, instead of failing.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Errorf(string, ...any) { f.failed = true }

func TestCompare(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "testdata", "kept.txt")
	compare(t, file, "one\ntwo\n", true)
	for made, differs := range map[string]bool{"one\ntwo\n": false, "": true, "one\n": true, "one\ntwo": true, "one\ntwo\nthree\n": true} {
		f := &failing{TB: t}
		if compare(f, file, made, false); f.failed != differs {
			t.Errorf("%q: failed is %v", made, f.failed)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != "one\ntwo\n" {
		t.Errorf("it has become %q, %v", kept, err)
	}
}
