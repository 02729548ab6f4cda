package markdown_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"notionrelay/test/worstmarkdown"
)

// seeds are the documents that fuzzing begins with: the golden ones, the
// examples of the specifications, and what once went wrong.
func seeds(tb testing.TB) []string {
	tb.Helper()
	var seeds []string
	files, err := filepath.Glob("testdata/golden/*.md")
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if len(source) < 10_000 { // a long one is of little use to a fuzzer
			seeds = append(seeds, string(source))
		}
	}
	for _, example := range specification(tb) {
		seeds = append(seeds, example.markdown)
	}
	for _, regression := range regressions {
		seeds = append(seeds, regression.source)
	}
	return seeds
}

type example struct{ name, markdown, html string }

// specification is the examples of CommonMark and those of goldmark's
// extensions for GFM, read from the test data of the goldmark module.
func specification(tb testing.TB) []example {
	tb.Helper()
	examples, err := readSpecification()
	if err != nil {
		tb.Fatal(err)
	}
	return examples
}

var readSpecification = sync.OnceValues(func() ([]example, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/goldmark").Output()
	if err != nil {
		return nil, fmt.Errorf("find goldmark's test data: %w", err)
	}
	root := strings.TrimSpace(string(out))
	examples, err := commonMark(filepath.Join(root, "_test", "spec.json"))
	if err != nil {
		return nil, err
	}
	for _, extension := range []string{"table", "strikethrough", "linkify", "tasklist", "footnote"} {
		more, err := goldmarkCases(filepath.Join(root, "extension", "_test", extension+".txt"))
		if err != nil {
			return nil, err
		}
		examples = append(examples, more...)
	}
	return examples, nil
})

func commonMark(path string) ([]example, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read CommonMark's examples: %w", err)
	}
	var cases []struct {
		Markdown, HTML, Section string
		Example                 int
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		return nil, fmt.Errorf("read CommonMark's examples: %w", err)
	}
	var examples []example
	for _, c := range cases {
		examples = append(examples, example{fmt.Sprintf("%s/%d", c.Section, c.Example), c.Markdown, c.HTML})
	}
	return examples, nil
}

// goldmarkCases reads goldmark's own format: a line with a number, the markdown
// between two rulers of dashes and dots, and the HTML up to a ruler of equal signs.
func goldmarkCases(path string) ([]example, error) {
	const (
		toMarkdown = "//- - - - - - - - -//\n"
		toHTML     = "//= = = = = = = = = = = = = = = = = = = = = = = =//\n"
	)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read goldmark's cases: %w", err)
	}
	var examples []example
	for c := range strings.SplitSeq(string(data), toHTML) {
		parts := strings.SplitN(c, toMarkdown, 3)
		if len(parts) < 3 {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSpace(parts[0]), "\n")
		examples = append(examples, example{filepath.Base(path) + "/" + name, parts[1], parts[2]})
	}
	return examples, nil
}

func TestSpecificationLosesNothing(t *testing.T) {
	t.Parallel()
	examples := specification(t)
	if len(examples) < 700 {
		t.Fatalf("%d examples, want CommonMark's 650-odd and GFM's", len(examples))
	}
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			checkPlan(t, checkDocument(t, e.markdown))
		})
	}
}

// TestWorstLosesNothing: what is beyond a bound stays text.
func TestWorstLosesNothing(t *testing.T) {
	t.Parallel()
	for name, document := range worstmarkdown.Documents(1 << 13) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkPlan(t, checkDocument(t, document.String()))
		})
	}
}
