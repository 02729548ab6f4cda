package markdown_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/test/notionschema"
)

// TestPlansAreCarriedOut writes documents to a simulated Notion, request by
// request, each judged by Notion's own schema too, and reads the pages back.
func TestPlansAreCarriedOut(t *testing.T) {
	t.Parallel()
	documents := map[string]string{
		"report":           read(t, "testdata/report.md"),
		"deep list":        deepList(30),
		"wide and deep":    "- a\n" + strings.Repeat("  - b\n    - c\n      - d\n        - e\n", 120),
		"flat":             strings.Repeat("paragraph\n\n", 1234),
		"long table":       "| a | b |\n|---|---|\n" + strings.Repeat("| 1 | 2 |\n", 2345),
		"quotes":           strings.Repeat("> ", 60) + "deep",
		"long text":        strings.Repeat("word ", 100_000),
		"three-byte text":  strings.Repeat("語", 300_000),
		"control bytes":    strings.Repeat("\x01\x02", 200_000),
		"many runs":        strings.Repeat("**b** i ", 700),
		"many list items":  strings.Repeat("- item\n", 2500),
		"one long item":    "- top\n" + strings.Repeat("  - sub\n", 1500),
		"wide table":       "|" + strings.Repeat("h|", 250) + "\n|" + strings.Repeat("-|", 250) + "\n|" + strings.Repeat("c|", 250) + "\n",
		"equation":         "$$\n" + strings.Repeat("x^2 + ", 100) + "y\n$$",
		"long equation":    "$$\n" + strings.Repeat("x^2 + ", 1000) + "y\n$$",
		"toggle in a list": "- <details><summary>s</summary>\n\n  - a\n    - b\n      - c\n\n  </details>\n",
	}
	var examples strings.Builder
	for _, e := range specification(t) {
		fmt.Fprintf(&examples, "\n\n## %s\n\n%s", e.name, e.markdown)
	}
	documents["all examples"] = examples.String()

	schema := notionschema.Official(t)
	for name, source := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blocks := checkDocument(t, source)
			n := openNotion(t, schema)
			page := n.publish(block.NewPlan(blocks))
			got := n.read(page)
			if diff := cmp.Diff(outline(blocks), outline(got)); diff != "" {
				t.Errorf("the page (-want +got):\n%s", diff)
			}
		})
	}
}

func deepList(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%s- level %d\n", strings.Repeat("  ", i), i)
	}
	return b.String()
}

func read(tb testing.TB, path string) string {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// simulatedNotion is a client of a simulated Notion.
type simulatedNotion struct {
	t      testingT
	sim    *notionsim.Sim
	schema *notionschema.Schema
	ids    map[string][]string // of the children of a page or block, as far as known
}

// testingT is what of *testing.T and *rapid.T is needed here.
type testingT interface {
	failer
	Errorf(format string, args ...any)
	Context() context.Context
	Cleanup(cleanup func())
}

func openNotion(t testingT, schema *notionschema.Schema) *simulatedNotion {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("%v", err)
		}
	})
	return &simulatedNotion{t: t, sim: sim, schema: schema, ids: map[string][]string{}}
}

// publish carries out a plan and returns the page's id. It fails the test when
// that takes more requests than the plan says.
func (n *simulatedNotion) publish(plan block.Plan) string {
	n.t.Helper()
	requests := 1
	body := fmt.Appendf(nil, `{"parent":{"database_id":%q},"properties":{"Company":{"title":[{"text":{"content":"Acme"}}]}},"children":`, n.sim.DatabaseID())
	page := n.send(http.MethodPost, "/v1/pages", append(append(body, encode(plan.Create)...), '}')).ID
	for i, a := range plan.Appends {
		parent, reads := n.resolve(page, a.Parent)
		requests += reads + 1
		body := fmt.Appendf(nil, `{"children":%s}`, encode(a.Children))
		answer := n.send(http.MethodPatch, "/v1/blocks/"+parent+"/children", body)
		for len(n.ids[parent]) < a.Offset {
			n.ids[parent] = append(n.ids[parent], "") // came along with the parent, so that no answer told it
		}
		if got := len(n.ids[parent]); got != a.Offset {
			n.t.Fatalf("append %d has offset %d, and %v has %d children", i, a.Offset, a.Parent, got)
		}
		for _, b := range answer.Results {
			n.ids[parent] = append(n.ids[parent], b.ID)
		}
	}
	if requests != plan.Requests() {
		n.t.Errorf("the plan took %d requests, and said %d", requests, plan.Requests())
	}
	return page
}

// resolve finds the block at a path, and counts the reads that took.
func (n *simulatedNotion) resolve(page string, path block.Path) (id string, reads int) {
	id = page
	for _, index := range path {
		known := n.ids[id]
		if index >= len(known) || known[index] == "" {
			listed, more := n.list(id)
			reads += more
			n.ids[id] = nil
			for _, b := range listed {
				n.ids[id] = append(n.ids[id], b.ID)
			}
		}
		id = n.ids[id][index]
	}
	return id, reads
}

// read returns all that is below a page or block.
func (n *simulatedNotion) read(id string) []block.Block {
	blocks, _ := n.list(id)
	for i := range blocks {
		if blocks[i].HasChildren {
			blocks[i].Children = n.read(blocks[i].ID)
		}
	}
	return blocks
}

func (n *simulatedNotion) list(id string) (blocks []block.Block, requests int) {
	cursor := ""
	for {
		requests++
		answer := n.send(http.MethodGet, "/v1/blocks/"+id+"/children?page_size=100"+cursor, nil)
		blocks = append(blocks, answer.Results...)
		if !answer.HasMore {
			return blocks, requests
		}
		cursor = "&start_cursor=" + answer.NextCursor
	}
}

type answer struct {
	ID         string        `json:"id"`
	Results    []block.Block `json:"results"`
	HasMore    bool          `json:"has_more"`
	NextCursor string        `json:"next_cursor"`
	Message    string        `json:"message"`
}

func (n *simulatedNotion) send(method, path string, body []byte) answer {
	n.t.Helper()
	if n.schema != nil && body != nil {
		if err := n.schema.Validate(method, path, body); err != nil {
			n.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(n.t.Context(), method, "https://api.notion.com"+path, bytes.NewReader(body))
	if err != nil {
		n.t.Fatalf("%v", err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	response, err := n.sim.Transport().RoundTrip(r)
	if err != nil {
		n.t.Fatalf("%s %s: %v", method, path, err)
	}
	data, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		n.t.Fatalf("%s %s: %v", method, path, err)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		n.t.Fatalf("%s %s: %s: %v", method, path, data, err)
	}
	if response.StatusCode != http.StatusOK {
		n.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, a.Message)
	}
	return a
}

func FuzzRequests(f *testing.F) {
	for _, source := range seeds(f) {
		f.Add(source)
	}
	schema := notionschema.Official(f)
	f.Fuzz(func(t *testing.T, source string) {
		blocks := markdown.Blocks(source)
		n := openNotion(t, schema)
		got := n.read(n.publish(block.NewPlan(blocks)))
		if diff := cmp.Diff(outline(blocks), outline(got)); diff != "" {
			t.Errorf("the page (-want +got):\n%s", diff)
		}
	})
}
