// Package golden compares what tests make with files that people read and keep. Run
// with -update, such a test writes its files anew.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Update tells whether the files are to be written anew.
func Update() bool { return *update }

// Compare fails the test unless the file, named from the test's folder, says what
// the test has made.
func Compare(tb testing.TB, file, made string) {
	tb.Helper()
	compare(tb, file, made, *update)
}

func compare(tb testing.TB, file, made string, update bool) {
	tb.Helper()
	if update {
		write(tb, file, made)
	}
	kept, err := os.ReadFile(file) //nolint:gosec // the test names it
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(kept), "\n"), strings.Split(made, "\n")); diff != "" {
		tb.Errorf("%s is not what the test makes; -update writes it anew (-kept +made):\n%s", file, diff)
	}
}

func write(tb testing.TB, file, made string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(made), 0o644); err != nil { //nolint:gosec // it is for everyone, as the rest of the repository
		tb.Fatal(err)
	}
}
