package main

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// switchName is the environment variable that says which mutant a program is.
const switchName = "MUTANT"

// switches is what every package has that is broken.
const switches = `

import (
	"os"
	"strconv"
)

var mutantNumber = func() int {
	n, err := strconv.Atoi(os.Getenv("` + switchName + `"))
	if err != nil {
		return -1
	}
	return n
}()

func mutantIs(n int) bool { return n == mutantNumber }

func mutantNil(n int, err error) error {
	if mutantIs(n) {
		return nil
	}
	return err
}
`

// switched are the files of a program that is every mutant at once, and chooses one
// of them when it starts. To build it takes as long as to build one mutant.
func switched(all []mutant) (files map[string]string, err error) {
	files = map[string]string{}
	byFile := map[string][]mutant{}
	for _, m := range all {
		byFile[m.file] = append(byFile[m.file], m)
	}
	for name, mutants := range byFile {
		files[name] = withSwitches(mutants[0].source, mutants)
		tree, err := parser.ParseFile(token.NewFileSet(), name, mutants[0].source, parser.PackageClauseOnly)
		if err != nil {
			return nil, fmt.Errorf("read package clause: %w", err)
		}
		files[filepath.Join(filepath.Dir(name), "mutant_switches.go")] = "package " + tree.Name.Name + switches
	}
	return files, nil
}

// withSwitches is the source of a file with every mutant of it to choose. Of two at
// one place the first is around the second.
func withSwitches(source string, mutants []mutant) string {
	mutants = slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return m.before == "" })
	slices.SortStableFunc(mutants, func(a, b mutant) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var b strings.Builder
	var open []mutant // that enclose what comes next, the innermost last
	at := 0
	closeUntil := func(place int) {
		for len(open) > 0 && open[len(open)-1].to <= place {
			m := open[len(open)-1]
			open = open[:len(open)-1]
			b.WriteString(source[at:m.to] + m.behind)
			at = m.to
		}
	}
	for _, m := range mutants {
		closeUntil(m.from)
		b.WriteString(source[at:m.from])
		fmt.Fprintf(&b, m.before, m.number)
		at = m.from
		open = append(open, m)
	}
	closeUntil(len(source))
	b.WriteString(source[at:])
	return b.String()
}
