package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mutant is one break: the bytes of a file that other ones take the place of.
type mutant struct {
	number   int
	file     string
	source   string // of the file, as it was when the mutant was found
	line     int
	function string
	from, to int
	was, by  string
	how      string
	// before and behind make a choice of what is broken, where %d is the mutant's
	// number: see switched. Empty where a program cannot choose, as in a constant.
	before, behind string
}

func (m mutant) String() string {
	change := inOneLine(m.was)
	if m.by != "" && !strings.HasPrefix(m.how, "condition") {
		change += " -> " + inOneLine(m.by)
	}
	return fmt.Sprintf("mutant %d, %s:%d %s: %s: %s", m.number, m.file, m.line, m.function, m.how, change)
}

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// find lists every mutant of the Go files in some folders.
func find(folders []string) (all []mutant, err error) {
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
		slices.Sort(files)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			found, err := findIn(name)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	for i := range all {
		all[i].number = i
	}
	return all, nil
}

func findIn(name string) ([]mutant, error) {
	source, err := os.ReadFile(name) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("read source: %w", err)
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse source: %w", err)
	}
	f := &finder{name: name, source: string(source), set: set}
	for _, d := range tree.Decls {
		f.function, f.fails = "", false
		if function, ok := d.(*ast.FuncDecl); ok {
			f.function, f.fails = function.Name.Name, endsInError(function.Type.Results)
		}
		ast.Inspect(d, f.visit)
	}
	return f.found, nil
}

func endsInError(results *ast.FieldList) bool {
	if results == nil {
		return false
	}
	last, ok := results.List[len(results.List)-1].Type.(*ast.Ident)
	return ok && last.Name == "error"
}

// finder collects the mutants of a file.
type finder struct {
	name     string
	source   string
	set      *token.FileSet
	function string
	fails    bool // the function's last result is an error
	found    []mutant
}

// silent are statements that only tell people something.
var silent = regexp.MustCompile(`(?i)log\.\w+Context\(|\blogs\.|\bobserve\(|Metrics\.Record\(|\.Stop\(\)$|\bcancel\(\)$`)

// visit breaks one node of the syntax.
func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		if !turnsRound(n.Cond) {
			f.add(n.Cond, "condition negated", "!("+f.text(n.Cond)+")", "(mutantIs(%d) != (", "))")
		}
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.BlockStmt:
		for _, s := range n.List {
			f.statement(s)
		}
	case *ast.CaseClause:
		for _, s := range n.Body {
			f.statement(s)
		}
	case *ast.BasicLit:
		if value, err := strconv.Atoi(n.Value); n.Kind == token.INT && err == nil && value > 1 {
			f.add(n, "number halved", strconv.Itoa(value/2), "", "")
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.add(n, "negation left out", f.text(n.X), "(mutantIs(%d) != (", "))")
		}
	}
	return true
}

// turnsRound tells whether a condition that is negated is what another break makes
// of it.
func turnsRound(condition ast.Expr) bool {
	switch c := condition.(type) {
	case *ast.BinaryExpr:
		return c.Op == token.EQL || c.Op == token.NEQ
	case *ast.UnaryExpr:
		return c.Op == token.NOT
	}
	return false
}

// turned are the operators that take each other's place.
var turned = map[token.Token][]string{
	token.LSS: {"<=", ">"}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<"}, token.GEQ: {">", "<"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
}

func (f *finder) operator(n *ast.BinaryExpr) {
	for _, by := range turned[n.Op] {
		broken := f.text(n.X) + " " + by + " " + f.text(n.Y)
		f.add(n, n.Op.String()+" made "+by, broken, "(mutantIs(%[1]d) && ("+strings.ReplaceAll(broken, "%", "%%")+") || !mutantIs(%[1]d) && (", "))")
	}
}

// statement leaves a statement out, or an error.
func (f *finder) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		f.leaveOut(s)
	case *ast.IncDecStmt:
		f.leaveOut(s)
	case *ast.AssignStmt:
		if s.Tok == token.ASSIGN {
			f.leaveOut(s)
		}
	case *ast.ReturnStmt:
		if len(s.Results) == 0 {
			return
		}
		last := s.Results[len(s.Results)-1]
		if text := f.text(last); text == "err" || text == "last" && f.fails || strings.HasPrefix(text, "fmt.Errorf(") {
			f.add(last, "error swallowed", "nil", "mutantNil(%d, ", ")")
		}
	}
}

func (f *finder) leaveOut(s ast.Stmt) {
	if !silent.MatchString(f.text(s)) {
		f.add(s, "left out", "", "if !mutantIs(%d) { ", " }")
	}
}

func (f *finder) text(n ast.Node) string {
	return f.source[f.set.Position(n.Pos()).Offset:f.set.Position(n.End()).Offset]
}

func (f *finder) add(n ast.Node, how, by, before, behind string) {
	from := f.set.Position(n.Pos())
	f.found = append(f.found, mutant{
		file: f.name, source: f.source, line: from.Line, function: f.function, from: from.Offset, to: f.set.Position(n.End()).Offset,
		was: f.text(n), by: by, how: how, before: before, behind: behind,
	})
}
