//go:build memory

package markdown_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/report"
	"notionrelay/test/worstmarkdown"
)

// childVariable is set for the process whose memory is measured. It reads a
// document from its standard input.
const childVariable = "MARKDOWN_MEMORY_CHILD"

//nolint:gochecknoinits // the test binary is that process
func init() {
	if os.Getenv(childVariable) == "" {
		return
	}
	if err := convertAlone(os.Stdin, os.Stdout); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// convertAlone does what the webhook and then the publisher do with a report. It
// writes how many milliseconds the first took, how many KB the process has had at
// most, and what came of it.
func convertAlone(in io.Reader, out io.Writer) error {
	source := new(strings.Builder)
	source.Grow(report.MaxBody)
	if _, err := io.Copy(source, in); err != nil {
		return err
	}
	started := time.Now()
	_, refused := markdown.Measure(source.String())
	took := time.Since(started)
	if refused == nil {
		runtime.KeepAlive(block.NewPlan(markdown.Blocks(source.String())))
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	_, err = fmt.Fprintln(out, took.Milliseconds(), string(peak[1]), refused == nil)
	return err
}

type outcome struct {
	name     string
	size     int // in bytes
	took     int // in milliseconds
	memory   int // in bytes
	accepted bool
}

func (o outcome) String() string {
	verdict := "refused"
	if o.accepted {
		verdict = "accepted"
	}
	return fmt.Sprintf("%4d KB %4d MB %6d ms  %s  %s", o.size>>10, o.memory>>20, o.took, verdict, o.name)
}

// aReport is one like those that people write, and as long as it may be.
const aReport = "a report"

// TestMemoryOfTheWorst shows what the worst bodies that are legal cost, each in a
// process of its own.
func TestMemoryOfTheWorst(t *testing.T) {
	var outcomes []outcome
	example := read(t, "testdata/report.md")
	for _, name := range append(slices.Clone(worstmarkdown.MemoryHungry), aReport) {
		some, err := measured(t.Context(), name, example)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		outcomes = append(outcomes, some...)
	}
	slices.SortFunc(outcomes, func(a, b outcome) int { return cmp.Compare(b.memory, a.memory) })
	for i, o := range outcomes {
		if o.memory > worstmarkdown.MaxMemory {
			t.Errorf("more than %d MB: %s", worstmarkdown.MaxMemory>>20, o)
		} else if i < 20 || o.name == aReport {
			t.Log(o)
		}
	}
}

// measured is what a body costs at its full size, and what is left of it when it
// is halved until it is accepted.
func measured(ctx context.Context, name, example string) (outcomes []outcome, err error) {
	source := worstmarkdown.Documents(report.MaxBody)[name].String()
	if name == aReport {
		source = strings.Repeat(example, report.MaxBody/len(example))
	}
	for {
		o, err := run(ctx, name, source)
		outcomes = append(outcomes, o)
		if err != nil || o.accepted {
			return outcomes, err
		}
		source = source[:len(source)/2]
	}
}

func run(ctx context.Context, name, source string) (outcome, error) {
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), childVariable+"=1")
	c.Stdin = strings.NewReader(source)
	o := outcome{name: name, size: len(source)}
	out, err := c.Output()
	if err == nil {
		_, err = fmt.Sscan(string(out), &o.took, &o.memory, &o.accepted)
	}
	o.memory <<= 10
	return o, err
}
