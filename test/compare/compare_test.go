//go:build compare

// Package compare_test compares what shared/markdown makes of documents with what
// martian makes of them, the converter that most who write markdown to Notion use.
// The documents are martian's own fixtures and the examples of CommonMark and GFM,
// read from their packages, and a report.
package compare_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"

	"notionrelay/local/notionsim"
	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// lost is the examples of which ours does not keep all text as their HTML has it,
// and why.
var lost = map[string]string{
	"HTML blocks 163":     ownTag,
	"4.6 HTML blocks 133": ownTag,

	"HTML blocks 177":     afterComment,
	"4.6 HTML blocks 146": afterComment,

	"Raw HTML 629":      "the text of a CDATA section is kept, its brackets are not",
	"6.10 Raw HTML 653": "the text of a CDATA section is kept, its brackets are not",

	"6.10 Raw HTML 649": "two hyphens end no comment since CommonMark 0.31",
	"6.10 Raw HTML 650": "<!--> is a comment since CommonMark 0.31",

	"Links 520":     "an address that Notion does not take stands inside of the text",
	"6.6 Links 529": "an address that Notion does not take stands inside of the text",

	"6.11 Disallowed Raw HTML (extension) 657": "tags that GFM forbids are left out, not shown",
}

const (
	ownTag       = "what stands between two tags that HTML does not know is markdown: *bar* is emphasis"
	afterComment = "what stands behind a comment is markdown: *bar* is emphasis"
)

// document is what convert.js writes.
type document struct {
	Suite, Name, Markdown string
	HTML                  string            // that the specification asks for, if it is an example of one
	Blocks                []json.RawMessage // of martian
	Error                 string            // of martian
}

// score is how a converter did with documents.
type score struct {
	documents, kept, refused int
	requests                 int // for the documents that Notion takes from both
}

func TestAheadOfMartian(t *testing.T) {
	t.Parallel()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	var suites []string
	ours, theirs := map[string]*score{}, map[string]*score{}
	lostNow := map[string]string{}
	for _, d := range documents(t) {
		if ours[d.Suite] == nil {
			suites = append(suites, d.Suite)
			ours[d.Suite], theirs[d.Suite] = new(score), new(score)
		}
		o, m := converted(t, d.Markdown), appended(t, d)
		texts := texts(t, d)
		for _, r := range []*result{&o, &m} {
			r.kept, r.accepted = keeps(r.text, texts), accepted(t, sim, *r)
		}
		if !o.kept {
			lostNow[d.Name] = lost[d.Name]
		}
		ours[d.Suite].add(o)
		theirs[d.Suite].add(m)
		if o.accepted && m.accepted {
			ours[d.Suite].requests += o.requests()
			theirs[d.Suite].requests += m.requests()
		}
	}
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(lost, lostNow); diff != "" {
		t.Errorf("documents of which ours loses text, with the reasons (-listed +found):\n%s", diff)
	}
	t.Log("\n" + table(suites, ours, theirs))
	for _, suite := range suites {
		if !ahead(*ours[suite], *theirs[suite]) {
			t.Errorf("%s: ours is not ahead", suite)
		}
	}
}

// ahead tells whether one score is better than another in something, and in nothing
// worse.
func ahead(a, b score) bool {
	return a != b && a.kept >= b.kept && a.refused <= b.refused && a.requests <= b.requests
}

func table(suites []string, ours, theirs map[string]*score) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "documents\ttext kept\tmartian\trefused\tmartian\trequests\tmartian\t")
	for _, suite := range suites {
		o, m := ours[suite], theirs[suite]
		fmt.Fprintf(w, "%s (%d)\t%d\t%d\t%d\t%d\t%d\t%d\t\n", suite, o.documents, o.kept, m.kept, o.refused, m.refused, o.requests, m.requests)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

func documents(t *testing.T) []document {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "node", "convert.js", "../../shared/markdown/testdata/report.md").Output()
	if err != nil {
		t.Fatalf("node convert.js: %v", err)
	}
	var all []document
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var d document
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	if len(all) < 1300 {
		t.Fatalf("%d documents, want CommonMark's 652 and GFM's 670-odd, and others", len(all))
	}
	return all
}

// texts is the texts of a document's HTML in their order, without white space. The
// alternative text of an image is one of them.
func texts(t *testing.T, d document) []string {
	t.Helper()
	source := d.HTML
	if source == "" {
		var b strings.Builder
		if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(noText.ReplaceAll([]byte(d.Markdown), nil), &b); err != nil {
			t.Fatal(err)
		}
		source = b.String()
	}
	var all []string
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return all
		case html.TextToken:
			all = append(all, squeeze(string(tokens.Text())))
		case html.StartTagToken, html.SelfClosingTagToken:
			if token := tokens.Token(); token.Data == "img" {
				for _, a := range token.Attr {
					if a.Key == "alt" {
						all = append(all, squeeze(a.Val))
					}
				}
			}
		}
	}
}

// noText is what is not shown as it stands: the tags that language models write
// around sections, the place of a table of contents, and the labels of footnotes.
var noText = regexp.MustCompile(`(?m)^</?\w+>$|^\[\[_TOC_\]\]$|\[\^\w+\]:?`)

// squeeze leaves out white space, and the dollars around mathematics, which are no
// text where there are equations.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '$' {
			return -1
		}
		return r
	}, s)
}

// result is what a converter makes of a document: the text, and the bodies of the
// requests that write it, the page's creation first.
type result struct {
	text   string
	create []byte
	more   []addition
	reads  int

	kept, accepted bool
}

func (r result) requests() int { return 1 + len(r.more) + r.reads }

type addition struct {
	parent block.Path
	body   []byte
}

// converted is the result of ours.
func converted(t *testing.T, source string) result {
	t.Helper()
	blocks := markdown.Blocks(source)
	plan := block.NewPlan(blocks)
	r := result{text: plain(blocks), create: encode(t, plan.Create), reads: plan.Requests() - 1 - len(plan.Appends)}
	for _, a := range plan.Appends {
		r.more = append(r.more, addition{a.Parent, encode(t, a.Children)})
	}
	return r
}

// appended is the result of martian, which leaves it to its users to write more than
// a hundred blocks by a hundred.
func appended(t *testing.T, d document) result {
	t.Helper()
	if d.Error != "" {
		return result{}
	}
	blocks := make([]block.Block, len(d.Blocks))
	for i, raw := range d.Blocks {
		if err := json.Unmarshal(raw, &blocks[i]); err != nil {
			t.Fatal(err)
		}
	}
	n := min(len(d.Blocks), block.MaxChildren)
	r := result{text: plain(blocks), create: encode(t, d.Blocks[:n])}
	for from := n; from < len(d.Blocks); from += block.MaxChildren {
		r.more = append(r.more, addition{nil, encode(t, d.Blocks[from:min(len(d.Blocks), from+block.MaxChildren)])})
	}
	return r
}

func encode[T any](t *testing.T, blocks []T) []byte {
	t.Helper()
	if len(blocks) == 0 {
		return []byte("[]")
	}
	data, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func plain(blocks []block.Block) string {
	var b strings.Builder
	for i := range blocks {
		b.WriteString(blocks[i].Plain())
		b.WriteString(plain(blocks[i].Children))
	}
	return squeeze(b.String())
}

// add adds a document to the score.
func (s *score) add(r result) {
	s.documents++
	if r.kept {
		s.kept++
	}
	if !r.accepted {
		s.refused++
	}
}

// keeps tells whether all of some texts stand in the text of blocks in their order.
func keeps(rest string, texts []string) bool {
	for _, text := range texts {
		i := strings.Index(rest, text)
		if i < 0 {
			return false
		}
		rest = rest[i+len(text):]
	}
	return true
}

// accepted tells whether Notion takes the requests.
func accepted(t *testing.T, sim *notionsim.Sim, r result) bool {
	t.Helper()
	if r.create == nil {
		return false
	}
	page, ok := send(t, sim, http.MethodPost, "/v1/pages", fmt.Appendf(nil,
		`{"parent":{"database_id":%q},"properties":{"Company":{"title":[{"text":{"content":"Acme"}}]}},"children":%s}`, sim.DatabaseID(), r.create))
	for i := 0; ok && i < len(r.more); i++ {
		parent := page
		for _, index := range r.more[i].parent {
			parent = child(t, sim, parent, index)
		}
		_, ok = send(t, sim, http.MethodPatch, "/v1/blocks/"+parent+"/children", fmt.Appendf(nil, `{"children":%s}`, r.more[i].body))
	}
	return ok
}

// child is the id of a block's child.
func child(t *testing.T, sim *notionsim.Sim, parent string, index int) string {
	t.Helper()
	var answer struct {
		Results    []struct{ ID string }
		NextCursor string `json:"next_cursor"`
	}
	for cursor := ""; ; cursor = "&start_cursor=" + answer.NextCursor {
		data := request(t, sim, http.MethodGet, "/v1/blocks/"+parent+"/children?page_size=100"+cursor, nil)
		if err := json.Unmarshal(data, &answer); err != nil || len(answer.Results) == 0 {
			t.Fatalf("%s: %v", data, err)
		}
		if index < len(answer.Results) {
			return answer.Results[index].ID
		}
		index -= len(answer.Results)
	}
}

func send(t *testing.T, sim *notionsim.Sim, method, path string, body []byte) (id string, ok bool) {
	t.Helper()
	var answer struct{ Object, ID string }
	data := request(t, sim, method, path, body)
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return answer.ID, answer.Object != "error"
}

func request(t *testing.T, sim *notionsim.Sim, method, path string, body []byte) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://api.notion.com"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	response, err := sim.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
