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

// memoryGoal is what the garbage collector tries to stay below: half as much again
// as is in use with a simulator that keeps all that it may. With the program itself
// the process then has less than 200 MB, however many large reports come; they would
// else leave twice as much about. Only the simulator takes more, up to 350 MB, while
// several reports of some 40,000 blocks each are written into it by turns. GOMEMLIMIT
// sets another one.
const memoryGoal = 128 << 20

// garbageGoal is how much garbage there may be below that, in percent of what is in
// use. That is little at most times, and to look for garbage as often as Go does by
// itself is an eighth of the processor's time for an acknowledgement. GOGC sets
// another one.
const garbageGoal = 400

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbageGoal)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		stop() // the next one ends the process, as if nobody listened
		fmt.Fprintln(os.Stderr, "notion relay: stopping when the write under way has ended. Once more stops it at once; the next start goes on.")
	})()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "notion relay:", err)
		os.Exit(1)
	}
}
