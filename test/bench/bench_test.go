package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiguresAreReadFromWhatGoTestSays(t *testing.T) {
	t.Parallel()
	got := figures{}
	read(bytes.NewBufferString(`goos: linux
BenchmarkReport/goldmark_parse_alone-2  	     615	   1779468 ns/op	  36.72 MB/s
BenchmarkGrowth/blocks/10-2             	       3	     52021 B/unit	       774.2 cpu-µs/unit
    efficiency_test.go:86: BenchmarkVirtualEfficiency/20ms,_budget_180,_one_run 1 0.5000 efficiency
Benchmark: not one
PASS
`), got)
	want := figures{
		"Report/goldmark_parse_alone ns/op": 1779468, "Report/goldmark_parse_alone MB/s": 36.72,
		"Growth/blocks/10 B/unit": 52021, "Growth/blocks/10 cpu-µs/unit": 774.2,
		"VirtualEfficiency/20ms,_budget_180,_one_run efficiency": .5,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func TestARowSaysByHowMuchItsLimitIsMissed(t *testing.T) {
	t.Parallel()
	all := figures{"A ms": 12, "B ms": 4, "C ms": 1}
	for _, tt := range []struct {
		row  limit
		want []string
	}{
		{limit{figure: "A ms", most: 10, unit: "ms"}, []string{"", "12 ms", "≤ 10 ms", "no: by 20 %"}},
		{limit{figure: "A ms", most: 12, unit: "ms"}, []string{"", "12 ms", "≤ 12 ms", "yes"}},
		{limit{figure: "A ms", least: 16, unit: "ms", why: "so it is"}, []string{"", "12 ms", "≥ 16 ms", "no: by 25 %; so it is"}},
		{limit{figure: "A ms", per: "B ms", least: 3}, []string{"", "3.00", "≥ 3", "yes"}},
		{limit{figure: "B ms", less: "C ms", most: 2}, []string{"", "3.00", "≤ 2", "no: by 50 %"}},
		{limit{figure: "A ms"}, []string{"", "12.00", "", ""}},
		{limit{figure: "D ms", most: 1}, []string{"", "not measured", "≤ 1", ""}},
		{limit{figure: "A ms", per: "D ms", most: 1}, []string{"", "not measured", "≤ 1", ""}},
	} {
		if got := tt.row.cells(all); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.row, got, tt.want)
		}
	}
}

func TestEveryRowIsMeasuredBySomething(t *testing.T) {
	t.Parallel()
	for _, l := range limits {
		name, _, _ := strings.Cut(l.figure, " ")
		name, _, _ = strings.Cut(name, "/")
		if name != "Size" && name != "VirtualEfficiency" && name != "Newcomer" && !slices.ContainsFunc(suites, func(s suite) bool {
			return strings.Contains(s.run, name)
		}) {
			t.Errorf("no suite measures %s", l.figure)
		}
	}
}

func TestTheRecordShowsTableAndPlots(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	all := figures{"Requests/base requests": 6, "Growth/blocks/10 cpu-µs/unit": 700, "Growth/blocks/1000 cpu-µs/unit": 60.5}
	if err := writeRecord(folder, machine{Date: "2026-11-25"}, all); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(filepath.Join(folder, "plots", "growth-blocks.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-11-25", "| 6 requests", "](plots/growth-blocks.svg)"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the record lacks %q", want)
		}
	}
	for _, want := range []string{">0<", ">1000<", ">700<", ">60.5<"} { // the axis begins at zero
		if !strings.Contains(string(drawn), want) {
			t.Errorf("the plot lacks %q:\n%s", want, drawn)
		}
	}
}
