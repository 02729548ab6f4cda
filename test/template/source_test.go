package template_test

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// setting is a field of a function's settings.
type setting struct {
	variable string
	required bool
	secret   bool
}

// settingsOf reads the tags of the struct that a function's main.go fills from
// the environment.
func settingsOf(folder string) (all []setting) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, "main.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		panic(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		declared, ok := n.(*ast.TypeSpec)
		if !ok || declared.Name.Name != "settings" {
			return true
		}
		for _, field := range declared.Type.(*ast.StructType).Fields.List {
			literal, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				panic(err)
			}
			variable, options, _ := strings.Cut(reflect.StructTag(literal).Get("env"), ",")
			all = append(all, setting{variable, strings.Contains(options, "required"), isSecret(field.Type)})
		}
		return false
	})
	return all
}

func isSecret(t ast.Expr) bool {
	if list, ok := t.(*ast.ArrayType); ok {
		t = list.Elt
	}
	selector, ok := t.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Secret"
}

// constantsOf are the numeric constants of a package by their names; durations
// are nanoseconds. Of the package's imports only the package time is looked at.
func constantsOf(folder string) map[string]float64 {
	constantsOnce.Lock()
	defer constantsOnce.Unlock()
	if known, ok := constantsKnown[folder]; ok {
		return known
	}
	files := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		panic(err)
	}
	var parsed []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		parsed = append(parsed, file)
	}
	config := types.Config{Importer: onlyTime{importer.ForCompiler(files, "source", nil)}, Error: func(error) {}}
	checked, _ := config.Check(folder, files, parsed, nil) // of the errors none is about a number
	constants := map[string]float64{}
	for _, name := range checked.Scope().Names() {
		if c, ok := checked.Scope().Lookup(name).(*types.Const); ok && c.Val().Kind() == constant.Int {
			constants[name], _ = constant.Float64Val(c.Val())
		}
	}
	constantsKnown[folder] = constants
	return constants
}

var (
	constantsOnce  sync.Mutex
	constantsKnown = map[string]map[string]float64{}
)

type onlyTime struct{ types.Importer }

func (o onlyTime) Import(path string) (*types.Package, error) {
	if path == "time" {
		return o.Importer.Import(path)
	}
	return types.NewPackage(path, filepath.Base(path)), nil
}

func TestOnlyThePublisherIsLinkedWithAWayToNotion(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]bool{"webhook": false, "enricher": false, "publisher": true} {
		output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../functions/"+folder).Output()
		if err != nil {
			t.Fatal(err)
		}
		packages := strings.Fields(string(output))
		for _, way := range []string{"notionrelay/shared/notion", "github.com/jomei/notionapi"} {
			if got := slices.Contains(packages, way); got != want {
				t.Errorf("functions/%s imports %s: %t, want %t", folder, way, got, want)
			}
		}
	}
}
