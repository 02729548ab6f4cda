// Command bench measures how fast the relay is, what it costs and how it grows, and
// prints one table: each figure with its limit beside it, and whether it is kept.
//
//	go run ./test/bench                # the table
//	go run ./test/bench -record docs   # and docs/performance.md with its plots
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	strict := flag.Bool("strict", false, "fail where a limit is not kept")
	record := flag.String("record", "", "folder into which performance.md and its plots are written")
	flag.Parse()
	missed, err := bench(os.Stdout, *record)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *strict && missed > 0 {
		os.Exit(1)
	}
}

// bench measures everything and returns how many limits are not kept.
func bench(out io.Writer, folder string) (missed int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began := time.Now()
	on := thisMachine(ctx)
	fmt.Fprintln(out, on)
	figures := measureAll(ctx, os.Stderr)
	on.LoadAfter = loadNow()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	fmt.Fprint(out, table(figures))
	for _, l := range limits {
		if v, ok := l.value(figures); ok && !l.kept(v) {
			missed++
		}
	}
	fmt.Fprintf(out, "\n%d figures are not within their limits. This took %s.\n", missed, time.Since(began).Round(time.Second))
	if folder == "" {
		return missed, nil
	}
	return missed, writeRecord(folder, on, figures)
}
