package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = `package p

func f(a, b int) (n int, err error) {
	if a < b && !done {
		n = 10
		return n, err
	}
	return 0, nil
}
`

// Each break of a function, as it stands in the program that is all of them.
func TestEveryBreakCanBeChosen(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(name, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := find([]string{filepath.Dir(name)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.how+": "+inOneLine(m.was)+" -> "+m.by)
	}
	want := []string{
		"condition negated: a < b && !done -> !(a < b && !done)", "left out: n = 10 -> ", "error swallowed: err -> nil",
		"&& made ||: a < b && !done -> a < b || !done", "< made <=: a < b -> a <= b", "< made >: a < b -> a > b",
		"negation left out: !done -> done", "number halved: 10 -> 5",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	files, err := switched(all)
	if err != nil {
		t.Fatal(err)
	}
	text := files[name]
	if _, err := parser.ParseFile(token.NewFileSet(), name, text, 0); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	for _, part := range []string{
		"if !mutantIs(5) { n = 10 }", "return n, mutantNil(6, err)\n", " != (!done))", "(a <= b) || !mutantIs(", "(a > b) || !mutantIs(", "(a < b || !done) || !mutantIs(",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

// Parts are the same at every run, and have nothing in common.
func TestPartsAreDisjoint(t *testing.T) {
	t.Parallel()
	all := make([]mutant, 100)
	for i := range all {
		all[i] = mutant{number: i, how: []string{"left out", "number halved", "error swallowed"}[i%3]}
	}
	seen := map[int]int{}
	for part := range 14 {
		chosen, err := choose(slices.Clone(all), 7, part)
		if err != nil || len(chosen) != 7 {
			t.Fatal(chosen, err)
		}
		for _, m := range chosen {
			if before, twice := seen[m.number]; twice {
				t.Errorf("mutant %d is in parts %d and %d", m.number, before, part)
			}
			seen[m.number] = part
		}
	}
	if _, err := choose(all, 7, 14); err == nil {
		t.Error("there is a part too many")
	}
}
