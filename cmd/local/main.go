// Command local runs the whole of Notion Relay on one machine: the handlers of
// the Lambda functions over queues and records in one SQLite file, and a
// simulated Notion with a page viewer where no real one is configured.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// memoryGoal is what the garbage collector tries to stay below. That is twice
// what is in use with a simulator that keeps all that it may; large reports would
// else leave twice as much about. GOMEMLIMIT sets another one.
const memoryGoal = 192 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "notion relay:", err)
		os.Exit(1)
	}
}
