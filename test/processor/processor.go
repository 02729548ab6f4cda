// Package processor tells how much of the processor's time a process has used, on
// all cores together: what a busy machine changes less than the time that passes.
package processor

import (
	"syscall"
	"testing"
	"time"
)

// Used is what this process has used so far, the collection of garbage included.
func Used(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
