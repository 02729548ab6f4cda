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

// mostNeeded is how many times its own size a legal body of 1 MB may need to be
// converted, beyond what the process has anyway.
const mostNeeded = 20

// needMore is the bodies that need more than that, and how many times their size. How
// much there may be of something is limited by its number, whatever a body's size.
var needMore = map[string]int{
	// goldmark notes each line for each block that is open, in 24 bytes.
	"lists, then quoted blanks": 270,
	"lists and a fence, blanks": 220,
	"lists, then blank lines":   170,
	"quoted fences":             90,
	"lists of 99, blank lines":  60,
	"blank lines of code":       60,
	// A row has as many cells as its table is wide, of 24 bytes if they are empty.
	"short rows of HTML": 150,
	"short rows":         120,
	"wide table":         90,
	"table of pipes":     80,
	"rows of ten cells":  70,
	"many small tables":  70,
	// A line of a paragraph is a segment of 32 bytes.
	"lazy lines":        110,
	"lines":             110,
	"hard breaks":       70,
	"equation of lines": 90,
	// A block is a node of 200 bytes, and then 200 more as one of Notion's. All nodes
	// of blocks are there before the first is converted.
	"dollar lines":             90,
	"footnote definitions":     90,
	"details on lines":         70,
	"references in paragraphs": 80,
	"numbers without order":    70,
	"items of two kinds":       70,
	"list of blank items":      60,
	"paragraphs":               40,
	// A piece of text is 40 bytes, and its link as many as it has.
	"addresses in text":        80,
	"backtick pairs":           60,
	"words of HTML":            60,
	"cells of HTML":            50,
	"paragraphs of code spans": 50,
	"items of 80 characters":   50,
	"items, lines and cells":   40,
	"items of strong words":    30,
	"URLs with parentheses":    30,
	// All inlines of a block are there while one of them may still take in the others.
	"long runs of stars": 70,
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
	for _, name := range append(slices.Clone(worstmarkdown.MemoryHungry), aReport, ofShortBlocks) {
		document := worstmarkdown.Documents(aMegabyte)[name].String()
		if name == aReport || name == ofShortBlocks {
			document = peoples(t, name, aMegabyte)
		}
		most := mostNeeded
		if more, does := needMore[name]; does {
			most = more
		}
		document = legal(document)
		needed := math.Inf(1)
		for range 3 { // a busy machine collects late
			o, err := run(t.Context(), name, document)
			if err != nil || !o.accepted {
				t.Fatalf("%s: %v", o, err)
			}
			if needed = min(needed, float64(o.memory-nothing.memory)/float64(o.size)); needed <= float64(most) {
				break
			}
		}
		t.Logf("%5.1f times, at most %3d: %s", needed, most, name)
		if needed > float64(most) {
			t.Errorf("%s needs %.1f times its size", name, needed)
		}
	}
}

const aMegabyte = 1 << 20

// legal is as much of a document as is accepted, and plain paragraphs up to a megabyte.
func legal(document string) string {
	document = worstmarkdown.Longest(document, func(s string) bool { return markdown.Check(s) == nil })
	paragraph := "\n\n" + strings.Repeat("word ", 400)
	return document + strings.Repeat(paragraph, max(0, aMegabyte-len(document))/len(paragraph))
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
