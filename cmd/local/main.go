// Command local runs the whole of Notion Relay on one machine: the handlers of
// the Lambda functions over queues and records in one SQLite file, and a
// simulated Notion with a page viewer where no real one is configured.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "notion relay:", err)
		os.Exit(1)
	}
}
