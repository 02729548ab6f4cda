// Command relayctl is the operator's tool: it looks into a Notion Relay, explains
// what has happened to a run, and puts dead letters back. It works on a stack on
// AWS and on a data folder of this machine, whether or not that one runs.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(untilSignal(os.Stdout, os.Stderr)) }

func untilSignal(out, errs io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process, whatever keeps it
	return run(ctx, os.Args[1:], os.Stdin, out, errs)
}
