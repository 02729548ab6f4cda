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
)

const (
	bodySize  = 4 << 20   // the most that a report may have
	maxMemory = 400 << 20 // the most that a process may have taken when it is planned

	// childVariable is set for the process whose memory is measured. It reads a
	// document from its standard input.
	childVariable = "MARKDOWN_MEMORY_CHILD"
)

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
	source.Grow(bodySize)
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

// memoryHungry is the bodies of worst that have taken most, before there were
// limits or with them.
var memoryHungry = []string{
	"NUL characters", "URLs with parentheses", "addresses in text", "blank lines of code", "cells of HTML",
	"details in details in list", "equation of lines", "images by reference", "items of 80 characters",
	"items of strong words", "items of two kinds", "items, lines and cells", "list of blank items",
	"lists of 99, blank lines", "long runs of stars", "numbers without order", "paragraphs", "paragraphs of code spans",
	"paragraphs of links", "reference titles", "rows of escaped pipes", "rows of ten cells", "short rows of HTML",
	"table of pipes", "uses of a URL", "words of HTML",
}

// aReport is one like those that people write, and as long as it may be.
const aReport = "a report"

// TestMemoryOfTheWorst shows what the worst bodies that are legal cost, each in a
// process of its own.
func TestMemoryOfTheWorst(t *testing.T) {
	var outcomes []outcome
	report := read(t, "testdata/report.md")
	for _, name := range append(memoryHungry, aReport) {
		some, err := measured(t.Context(), name, report)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		outcomes = append(outcomes, some...)
	}
	slices.SortFunc(outcomes, func(a, b outcome) int { return cmp.Compare(b.memory, a.memory) })
	for i, o := range outcomes {
		if o.memory > maxMemory {
			t.Errorf("more than %d MB: %s", maxMemory>>20, o)
		} else if i < 20 || o.name == aReport {
			t.Log(o)
		}
	}
}

// measured is what a body costs at its full size, and what is left of it when it
// is halved until it is accepted.
func measured(ctx context.Context, name, report string) (outcomes []outcome, err error) {
	source := worst(bodySize)[name].String()
	if name == aReport {
		source = strings.Repeat(report, bodySize/len(report))
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
