package embedded_test

import (
	"testing"

	"notionrelay/test/runstest"
)

func TestRunsConform(t *testing.T) {
	t.Parallel()
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runstest.Run(t, func(t *testing.T) runstest.Store {
				t.Helper()
				return open(t).Runs()
			})
		})
	}
}
