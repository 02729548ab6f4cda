//go:build memory

package markdown_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
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
	runtime.GC() // the two are not done at the same time
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

// Reports like those that people write, and as long as they may be.
const (
	aReport       = "a report"
	ofShortBlocks = "a report of short blocks"
)

// peoples is a report that is repeated up to a size.
func peoples(t *testing.T, name string, size int) string {
	t.Helper()
	example := read(t, "testdata/report.md")
	if name == ofShortBlocks {
		var body struct{ StrategyReport string }
		if err := json.Unmarshal([]byte(read(t, "../../testdata/webhook-gumloop.json")), &body); err != nil {
			t.Fatal(err)
		}
		example = body.StrategyReport + "\n\n"
	}
	return strings.Repeat(example, size/len(example))
}

// TestMemoryOfTheWorst shows what the worst bodies that are legal cost, each in a
// process of its own.
func TestMemoryOfTheWorst(t *testing.T) {
	var outcomes []outcome
	for _, name := range append(slices.Clone(worstmarkdown.MemoryHungry), aReport) {
		source := worstmarkdown.Documents(report.MaxBody)[name].String()
		if name == aReport {
			source = peoples(t, name, report.MaxBody)
		}
		some, err := measured(t.Context(), name, source)
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

const aMegabyte = 1 << 20

// A legal body may need so many times its own size to be converted, beyond what the
// process has anyway, and a small one so many bytes.
const (
	mostNeeded  = 20
	leastNeeded = 20 * aMegabyte
)

// needMore is the bodies that need more than that, and how many times their size if it is
// a megabyte, at most.
var needMore = map[string]int{
	// All blocks of a list that is in another block, of a quote, and of a document with
	// definitions, to which any part of it can refer, are nodes of 170 bytes or more
	// before the first is converted.
	"items and a reference": 50,
	"quoted items":          38,
	"quoted fences":         28,
	// All inlines of a paragraph are nodes of as many bytes while one of them may still
	// take in the others.
	"items, lines and cells": 26,
}

// TestMemoryThatIsNeeded shows what conversion cannot do without. Garbage is collected
// when there is a tenth of it; where nobody is in want of memory, when there is as
// much as there is else.
func TestMemoryThatIsNeeded(t *testing.T) {
	t.Setenv("GOGC", "10")
	nothing, err := run(t.Context(), "nothing", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{256 << 10, aMegabyte, report.MaxBody} {
		documents := worstmarkdown.Documents(size)
		for _, name := range append(slices.Clone(worstmarkdown.MemoryHungry), aReport, ofShortBlocks) {
			t.Run(fmt.Sprintf("%d KB of %s", size>>10, name), func(t *testing.T) {
				document := documents[name].String()
				if name == aReport || name == ofShortBlocks {
					document = peoples(t, name, size)
				}
				document = legal(document, size)
				needed, most := math.MaxInt, max(leastNeeded, mostNeeded*size)
				if more, does := needMore[name]; does {
					most = more * max(aMegabyte, size)
				}
				most += most / 10 // of garbage
				for range 10 {    // a busy machine collects late
					o, err := run(t.Context(), name, document)
					if err != nil || !o.accepted {
						t.Fatalf("%s: %v", o, err)
					}
					if needed = min(needed, o.memory-nothing.memory); needed <= most {
						break
					}
				}
				t.Logf("%5.1f MB, %5.1f times its size", float64(needed)/(1<<20), float64(needed)/float64(size))
				if needed > most {
					t.Errorf("it needs more than %d MB", most>>20)
				}
			})
		}
	}
}

// legal is as much of a document as is accepted, and plain paragraphs up to a size.
func legal(document string, size int) string {
	paragraph := "\n\n" + strings.Repeat("word ", 400)
	filled := func(s string) string { return s + strings.Repeat(paragraph, max(0, size-len(s))/len(paragraph)) }
	return filled(worstmarkdown.Longest(document, func(s string) bool { return markdown.Check(filled(s)) == nil }))
}

// measured is what a body costs at its full size, and what is left of it when it
// is halved until it is accepted.
func measured(ctx context.Context, name, source string) (outcomes []outcome, err error) {
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
