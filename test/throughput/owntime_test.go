package throughput_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"notionrelay/shared/report"
)

// BenchmarkOwnTime reports the publisher's own time per request, from one's end to
// the next one's beginning: at the median when it writes without a gap, so that all
// that it does shows, and what of it the usual gap does not hide.
func BenchmarkOwnTime(b *testing.B) { ownTime(b, onDisk) }

func ownTime(b *testing.B, in func(testing.TB) place) {
	b.Helper()
	for _, m := range []struct {
		name string
		pace pace
		runs []report.Payload
	}{
		{"runs", unhindered, repeated(both(), 20)},
		{"quotes", unhindered, []report.Payload{document(40, 100)}},
		{"beyond the gap", pace{gap: 100 * time.Millisecond, budget: 600}, repeated(both(), 7)},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				c := connect(b, in(b), m.pace)
				c.publishAll(load{runs: m.runs})
				between := c.between()
				b.ReportMetric(between[len(between)/2], "p50-ms")
				b.ReportMetric(between[len(between)*9/10], "p90-ms")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// between are the milliseconds between two requests that follow each other, less
// the gap where there has to be one, in their order of size.
func (c *connection) between() []float64 {
	all := c.journal.all
	var times []float64
	for i := range all[1:] {
		d := all[i+1].began.Sub(all[i].ended)
		if all[i+1].write && all[i].write {
			d -= c.pace.gap
		}
		times = append(times, float64(d.Microseconds())/1000)
	}
	slices.Sort(times)
	return times
}

// BenchmarkRequests reports how many requests to Notion a run makes.
func BenchmarkRequests(b *testing.B) {
	for _, m := range []struct {
		name   string
		writer writer
		quotes int
	}{
		{"base", writer{}, 0},
		{"title", writer{title: "Home Cooking Market Analysis"}, 0},
		{"introduction", writer{introduction: "We read a lot.\n\n- **Plan**: what to do\n"}, 0},
		{"quotes", writer{}, 20},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				c := connect(b, inMemory(), unhindered)
				if m.writer != (writer{}) {
					c.enricher.Writer = m.writer
				}
				p := both()
				p.Quotes = document(1, m.quotes).Quotes
				c.publishAll(load{runs: []report.Payload{p}})
				b.ReportMetric(float64(len(c.journal.all)), "requests")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// writer is an AI whose texts are known.
type writer struct{ title, introduction string }

func (w writer) Title(context.Context, report.Subject, []report.Document) (string, error) {
	return w.title, nil
}

func (w writer) Introduction(context.Context, report.Subject, []report.Document) (string, error) {
	return w.introduction, nil
}
