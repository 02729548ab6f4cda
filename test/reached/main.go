// Command reached reads coverage profiles of the publisher's model and says which
// statements of what is exactly once no history has reached. It fails where one
// is missing that the model promises to reach: the recovery in shared/ledger, what
// is due with a message, and the verdict on it. What needs no history is in
// excused.go, each with its reason.
//
//	reached -model bin/model.1.cover,bin/model.2.cover -tests bin/tests.cover
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
)

const module = "notionrelay/"

// packages are those whose coverage is shown.
var packages = []string{"shared/ledger", "functions/publisher/publish"}

// promised are the files, or the functions in one, of which every statement is
// reached by the model.
var promised = map[string][]string{
	"shared/ledger/adopt.go":                 {},
	"shared/ledger/blocks.go":                {},
	"shared/ledger/document.go":              {},
	"shared/ledger/page.go":                  {},
	"shared/ledger/request.go":               {},
	"functions/publisher/publish/due.go":     {},
	"functions/publisher/publish/verdict.go": {"judge", "place", "queuePause", "untilOf", "isCharged", "reasonToWait"},
	"functions/publisher/publish/halt.go":    {},
	"functions/publisher/publish/timer.go":   {},
}

func main() {
	model := flag.String("model", "", "profiles of the model, separated by commas")
	tests := flag.String("tests", "", "profiles of the other tests, separated by commas")
	flag.Parse()
	missing, err := report(list(*model), list(*tests))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if missing > 0 {
		fmt.Fprintf(os.Stdout, "%d statements that the model promises to reach were not reached\n", missing)
		os.Exit(1)
	}
}

func list(names string) []string {
	return strings.FieldsFunc(names, func(r rune) bool { return r == ',' })
}

// report prints what was reached, and counts what should have been.
func report(model, tests []string) (missing int, err error) {
	reached, err := read(model)
	if err != nil {
		return 0, err
	}
	also, err := read(tests)
	if err != nil {
		return 0, err
	}
	all := map[block]bool{}
	for b, was := range reached {
		all[b] = was || also[b]
	}
	for _, folder := range packages {
		fmt.Fprintf(os.Stdout, "%s: the model reaches %s of the statements, with all tests %s\n", folder, share(reached, folder), share(all, folder))
	}
	sources := map[string]*source{}
	for _, b := range sorted(reached) {
		if reached[b] || b.statements == 0 {
			continue
		}
		s := sources[b.file]
		if s == nil {
			if s, err = open(b.file); err != nil {
				return 0, err
			}
			sources[b.file] = s
		}
		text, function := s.text(b), s.function(b)
		reason := excuse(function, text)
		says := "not reached by the model"
		switch {
		case !all[b]:
			says = "not reached at all"
		case s.promises(function) && reason == "":
			says = "NOT REACHED BY THE MODEL, AS PROMISED"
		}
		if s.promises(function) && reason == "" {
			missing++
		}
		if reason != "" {
			says += " (" + reason + ")"
		}
		fmt.Fprintf(os.Stdout, "%s:%d %s: %s: %s\n", b.file, b.line, function, says, text)
	}
	return missing, nil
}

// block is a stretch of statements that are reached together.
type block struct {
	file                           string
	line, column, toLine, toColumn int
	statements                     int
}

// read adds profiles up: which blocks were reached in any of them.
func read(profiles []string) (map[block]bool, error) {
	reached := map[block]bool{}
	for _, name := range profiles {
		f, err := os.Open(name) //nolint:gosec // whoever runs it says which
		if err != nil {
			return nil, fmt.Errorf("open profile: %w", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			line := lines.Text()
			if strings.HasPrefix(line, "mode:") {
				continue
			}
			var b block
			var count int
			file, rest, _ := strings.Cut(line, ":")
			if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.line, &b.column, &b.toLine, &b.toColumn, &b.statements, &count); err != nil {
				return nil, fmt.Errorf("read %s: %q: %w", name, line, err)
			}
			b.file = strings.TrimPrefix(file, module)
			reached[b] = reached[b] || count > 0
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return reached, nil
}

func sorted(reached map[block]bool) []block {
	var blocks []block
	for b := range reached {
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(a, b block) int {
		return strings.Compare(fmt.Sprintf("%s:%06d:%06d", a.file, a.line, a.column), fmt.Sprintf("%s:%06d:%06d", b.file, b.line, b.column))
	})
	return blocks
}

// share is how many of a package's statements were reached.
func share(reached map[block]bool, folder string) string {
	var some, all int
	for b, was := range reached {
		if !strings.HasPrefix(b.file, folder+"/") {
			continue
		}
		all += b.statements
		if was {
			some += b.statements
		}
	}
	return fmt.Sprintf("%.1f %%", 100*float64(some)/float64(max(1, all)))
}

// source is a file whose statements are shown.
type source struct {
	name  string
	lines []string
	tree  *ast.File
	set   *token.FileSet
}

func open(name string) (*source, error) {
	data, err := os.ReadFile(name) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("read source: %w", err)
	}
	s := &source{name: name, lines: strings.Split(string(data), "\n"), set: token.NewFileSet()}
	if s.tree, err = parser.ParseFile(s.set, name, data, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("parse source: %w", err)
	}
	return s, nil
}

var spaces = regexp.MustCompile(`\s+`)

// text is what stands in a block, in one line.
func (s *source) text(b block) string {
	if b.toLine > len(s.lines) || b.toColumn > len(s.lines[b.toLine-1])+1 || b.column > len(s.lines[b.line-1])+1 {
		return "(the profile is of another source)"
	}
	lines := slices.Clone(s.lines[b.line-1 : b.toLine])
	lines[len(lines)-1] = lines[len(lines)-1][:b.toColumn-1]
	lines[0] = lines[0][b.column-1:]
	return strings.Trim(spaces.ReplaceAllString(strings.Join(lines, " "), " "), "{} ")
}

// function is the name of the function that a block is in.
func (s *source) function(b block) string {
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if ok && s.set.Position(f.Pos()).Line <= b.line && b.line <= s.set.Position(f.End()).Line {
			return f.Name.Name
		}
	}
	return ""
}

func (s *source) promises(function string) bool {
	functions, ok := promised[s.name]
	return ok && (len(functions) == 0 || slices.Contains(functions, function))
}
