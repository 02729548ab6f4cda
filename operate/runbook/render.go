package runbook

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
)

//go:embed runbook.md.tmpl
var source string

var document = template.Must(template.New("runbook").Funcs(template.FuncMap{
	"kind":      func(k string) []Trouble { return Troubles(Kind(k)) },
	"commands":  commandBlock,
	"own":       func(t Trouble) bool { return !slices.Equal(t.Commands, usualOf(t.Kind).Commands) },
	"client":    func(t Trouble) bool { return t.Client != usualOf(t.Kind).Client },
	"check":     func() []string { return check },
	"putBack":   func() []string { return putBack },
	"untouched": func() string { return untouched },
	"byItself":  func() string { return ByItself },
	"failed":    func() string { return failed },
	"malformed": func() Trouble { return malformed },
	"lines":     Lines,
}).Parse(source))

// Render writes docs/runbook.md.
func Render(w io.Writer) error {
	if err := document.Execute(w, nil); err != nil {
		return fmt.Errorf("render the runbook: %w", err)
	}
	return nil
}

// usualOf is what the head of a chapter says for all of its troubles.
func usualOf(k Kind) Trouble {
	switch k {
	case Halt:
		return Trouble{Client: untouched, Commands: check}
	case Failure, Notion:
		return Trouble{Client: failed, Commands: putBack}
	}
	return Trouble{}
}

func commandBlock(lines []string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for _, line := range lines {
		b.WriteString("    " + line + "\n")
	}
	return b.String()
}
