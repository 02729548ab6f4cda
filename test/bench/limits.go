package main

import (
	"fmt"
	"slices"
	"strings"
)

// limit is one row of the table: a figure and what it has to be.
type limit struct {
	group, what string
	figure      string  // benchmark and unit
	per, less   string  // figures that it is divided by, or that are taken from it
	unit        string  // as it is shown; empty for ratios
	least, most float64 // one of the two; 0 is none
	why         string  // where it is known to be missed
}

// value is the row's figure, unless it was not measured.
func (l limit) value(all figures) (v float64, ok bool) {
	v, ok = all[l.figure]
	if l.less != "" && ok {
		var base float64
		base, ok = all[l.less]
		v -= base
	}
	if l.per != "" && ok {
		var base float64
		base, ok = all[l.per]
		v /= base
	}
	return v, ok
}

func (l limit) kept(v float64) bool {
	return v >= l.least && (l.most == 0 || v <= l.most)
}

// limits are all rows, in their order.
var limits = slices.Concat(requests, efficiency(), newcomers(), ownTime, acknowledgement, conversion, functions, growth())

var requests = []limit{
	{group: "requests to Notion", what: "the pages of a run", unit: "requests", figure: "Requests/base requests", most: 6},
	{what: "an AI's title", unit: "requests", figure: "Requests/title requests", less: "Requests/base requests", most: 1},
	{what: "an AI's introduction", unit: "requests", figure: "Requests/introduction requests", less: "Requests/base requests", most: 2,
		why: "the answer to a page's creation does not tell the ids of its blocks: see below"},
	{what: "20 quotes", unit: "requests", figure: "Requests/quotes requests", less: "Requests/base requests", most: 3 + 20},
}

// efficiency is of what Notion's pace allows: files and real time where latency and
// gap are tighter than the budget, else virtual time, since more than a minute's
// budget has to be spent.
func efficiency() (rows []limit) {
	for _, budget := range []int{180, 600} {
		for _, latency := range []string{"20ms", "100ms", "300ms"} {
			for _, load := range []string{"one run", "many runs", "one of many quotes"} {
				name := fmt.Sprintf("%s, budget %d, %s", latency, budget, load)
				row := limit{what: name, figure: "Efficiency/" + strings.ReplaceAll(name, " ", "_") + " efficiency", least: .97}
				if tight := budget == 180 && latency != "300ms"; tight {
					row.figure = "Virtual" + row.figure
				}
				rows = append(rows, row)
			}
		}
	}
	rows[0].group = "share of Notion's pace that the publisher uses"
	return rows
}

// newcomers are reports that come while five runs with a thousand quotes each are
// being written.
func newcomers() (rows []limit) {
	for _, latency := range []string{"20ms", "100ms", "300ms"} {
		for _, load := range []string{"one report", "one every 10 s"} {
			name := latency + ", " + load
			rows = append(rows, limit{what: name, figure: "Newcomer/" + strings.ReplaceAll(name, " ", "_") + " longest-s", unit: "s", most: 25})
		}
	}
	rows[0].group = "a new report's pages beside 5,000 quotes, budget 180, the slowest"
	return rows
}

var ownTime = []limit{
	{group: "the publisher's own time per request, median", what: "files, runs", figure: "OwnTime/runs p50-ms", unit: "ms", most: 1},
	{what: "files, quotes", figure: "OwnTime/quotes p50-ms", unit: "ms", most: 1},
	{what: "files, beyond the gap of 100 ms", figure: "OwnTime/beyond_the_gap p50-ms", unit: "ms", most: 1},
	{what: "DynamoDB Local and ElasticMQ, runs", figure: "OwnTimeOnAWS/runs p50-ms", unit: "ms", most: 5},
	{what: "DynamoDB Local and ElasticMQ, quotes", figure: "OwnTimeOnAWS/quotes p50-ms", unit: "ms", most: 5},
	{what: "DynamoDB Local and ElasticMQ, beyond the gap", figure: "OwnTimeOnAWS/beyond_the_gap p50-ms", unit: "ms", most: 5},
}

var acknowledgement = []limit{
	{group: "acknowledgement of a report, on the disk", what: "10 KB, all at once", figure: "Acknowledge/10KB/all_at_once posts/s", unit: "a second", least: 2000},
	{what: "10 KB, 200 a second, median", figure: "Acknowledge/10KB/200_per_second p50-ms", unit: "ms", most: 1},
	{what: "10 KB, 99 of 100", figure: "Acknowledge/10KB/200_per_second p99-ms", unit: "ms", most: 10},
	{what: "10 KB, 999 of 1,000", figure: "Acknowledge/10KB/200_per_second p99.9-ms", unit: "ms", most: 25},
	{what: "10 KB, the processor's time for one", figure: "Acknowledge/10KB/200_per_second cpu-ms/post", unit: "ms"},
	{what: "10 KB, the disk's time for one", figure: "Sync p50-ms", unit: "ms"},
	{what: "100 KB, all at once", figure: "Acknowledge/100KB/all_at_once posts/s", unit: "a second"},
	{what: "100 KB, 20 a second, median", figure: "Acknowledge/100KB/20_per_second p50-ms", unit: "ms"},
	{what: "100 KB, 99 of 100", figure: "Acknowledge/100KB/20_per_second p99-ms", unit: "ms"},
	{what: "1 MB, all at once", figure: "Acknowledge/1MB/all_at_once posts/s", unit: "a second"},
	{what: "1 MB, 2 a second, median", figure: "Acknowledge/1MB/2_per_second p50-ms", unit: "ms"},
	{what: "the slowest answer to a hostile request", figure: "Refuse slowest-ms", unit: "ms", most: 100},
	{what: "the process's memory after all of those", figure: "Refuse peak-MB", unit: "MB", most: 200},
}

var conversion = []limit{
	{group: "conversion of markdown", what: "speed, of goldmark's parse alone", figure: "Report/markdown_to_request_bodies MB/s", per: "Report/goldmark_parse_alone MB/s", least: .5},
	{what: "speed, of martian's on Node", figure: "Report/markdown_to_request_bodies MB/s", per: "Martian MB/s", unit: "times", least: 40, why: theirSpeed},
	{what: "the same by processor time", figure: "Report/markdown_to_request_bodies MB/cpu-s", per: "Martian MB/cpu-s", unit: "times", least: 40, why: theirSpeed},
	{what: "to blocks only, as martian, by processor time", figure: "Report/markdown_to_blocks MB/cpu-s", per: "Martian MB/cpu-s", unit: "times", least: 40},
	{what: "goldmark's parse alone, of martian's, by processor time", figure: "Report/goldmark_parse_alone MB/cpu-s", per: "Martian MB/cpu-s", unit: "times"},
	{what: "allocations, per MB", figure: "Report/markdown_to_request_bodies allocs/MB", unit: "allocations"},
	{what: "allocated, per MB", figure: "Report/markdown_to_request_bodies MB-allocated/MB", unit: "MB"},
	{what: "memory, of a report of 1 MB", figure: "Memory heap/input", unit: "times", most: 20},
}

const theirSpeed = "the parse of goldmark that it stands on is little faster than that"

var functions = []limit{
	{group: "the functions", what: "webhook, cold start to its first answer", figure: "ColdStart/webhook p50-ms", unit: "ms", most: 40},
	{what: "publisher, cold start", figure: "ColdStart/publisher p50-ms", unit: "ms", most: 40},
	{what: "enricher, cold start", figure: "ColdStart/enricher p50-ms", unit: "ms", most: 40},
	{what: "webhook, zipped", figure: "Size/webhook MB", unit: "MB", most: 6},
	{what: "publisher, zipped", figure: "Size/publisher MB", unit: "MB", most: 6},
	{what: "enricher, zipped", figure: "Size/enricher MB", unit: "MB", most: 6},
	{what: "webhook, resident after a report of 1 MB", figure: "Resident webhook-MB", unit: "MB", most: 1024},
	{what: "publisher, resident after a report of 1 MB", figure: "Resident publisher-MB", unit: "MB", most: 1769},
}

// grown is what there may be much of, in the sizes that are measured: the least, the
// middle, which the rows compare with, and the most.
var grown = []struct {
	name, per string
	sizes     [3]int
}{
	{"queued runs", "a run", [3]int{1, 100, 10_000}},
	{"timers", "a timer", [3]int{1, 100, 10_000}},
	{"blocks", "a block", [3]int{10, 1000, 10_000}},
	{"quotes", "a quote", [3]int{10, 500, 5000}},
	{"records", "a record", [3]int{1, 10_000, 100_000}},
}

const (
	timeOfUnit   = "cpu-µs/unit"
	memoryOfUnit = "B/unit"
)

// growth compares the largest size with the middle one.
func growth() (rows []limit) {
	for _, g := range grown {
		for _, cost := range []struct{ what, unit string }{{"time", timeOfUnit}, {"memory", memoryOfUnit}} {
			rows = append(rows, limit{
				what:   fmt.Sprintf("%s %s, %d %s against %d", cost.what, g.per, g.sizes[2], g.name, g.sizes[1]),
				figure: growthFigure(g.name, g.sizes[2], cost.unit), per: growthFigure(g.name, g.sizes[1], cost.unit), most: 1.1,
			})
		}
	}
	rows[0].group = "growth: the cost of one where there are many"
	return rows
}

func growthFigure(name string, size int, unit string) string {
	return fmt.Sprintf("Growth/%s/%d %s", strings.ReplaceAll(name, " ", "_"), size, unit)
}

// table shows all rows as a table of markdown that is readable as it is.
func table(all figures) string {
	lines := [][]string{{"figure", "measured", "limit", "kept"}, nil}
	for _, l := range limits {
		if l.group != "" {
			lines = append(lines, []string{"**" + l.group + "**", "", "", ""})
		}
		lines = append(lines, l.cells(all))
	}
	return aligned(lines)
}

func (l limit) cells(all figures) []string {
	bound, kept := "", ""
	switch {
	case l.least > 0:
		bound = strings.TrimSpace(fmt.Sprintf("≥ %v %s", l.least, l.unit))
	case l.most > 0:
		bound = strings.TrimSpace(fmt.Sprintf("≤ %v %s", l.most, l.unit))
	}
	v, ok := l.value(all)
	if !ok {
		return []string{l.what, "not measured", bound, ""}
	}
	switch {
	case bound == "":
	case l.kept(v):
		kept = "yes"
	default:
		kept = fmt.Sprintf("no: by %.0f %%", 100*max(v/max(l.most, l.least)-1, 1-v/max(l.most, l.least)))
		if l.why != "" {
			kept += "; " + l.why
		}
	}
	measured := short(v)
	if l.unit == "" {
		measured = fmt.Sprintf("%.2f", v)
	}
	return []string{l.what, strings.TrimSpace(measured + " " + l.unit), bound, kept}
}

// short is a figure with three digits that count.
func short(v float64) string {
	switch {
	case v == float64(int(v)) && v < 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// aligned is a table of markdown with its columns one below the other.
func aligned(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	var b strings.Builder
	for _, cells := range lines {
		b.WriteByte('|')
		for i, width := range widths {
			if cells == nil {
				b.WriteString(strings.Repeat("-", width+2) + "|")
				continue
			}
			b.WriteString(" " + cells[i] + strings.Repeat(" ", width-len([]rune(cells[i]))) + " |")
		}
		b.WriteByte('\n')
	}
	return b.String()
}
