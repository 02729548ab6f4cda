package notionsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
)

// client sends requests to a simulator as an integration does.
type client struct {
	tb    testing.TB
	sim   *notionsim.Sim
	token string
}

func open(tb testing.TB, opts notionsim.Options) *client {
	tb.Helper()
	sim, err := notionsim.Open(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sim.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &client{tb, sim, "secret"}
}

func (c *client) request(method, path, body string) *http.Request {
	c.tb.Helper()
	r, err := http.NewRequestWithContext(c.tb.Context(), method, "https://api.notion.com"+path, strings.NewReader(body))
	if err != nil {
		c.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// send returns the status and the decoded answer.
func (c *client) send(r *http.Request) (int, map[string]any) {
	c.tb.Helper()
	resp, err := c.sim.Transport().RoundTrip(r)
	if err != nil {
		c.tb.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.tb.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(b, &o); err != nil {
		c.tb.Fatalf("%s %s: answer %q: %v", r.Method, r.URL.Path, b, err)
	}
	return resp.StatusCode, o
}

func (c *client) do(method, path, body string) (int, map[string]any) {
	c.tb.Helper()
	return c.send(c.request(method, path, body))
}

// must is do for requests that have to succeed.
func (c *client) must(method, path, body string) map[string]any {
	c.tb.Helper()
	status, o := c.do(method, path, body)
	if status != http.StatusOK {
		c.tb.Fatalf("%s %s %s: %d %v", method, path, body, status, o["message"])
	}
	return o
}

// row makes a row of the reports database and returns its id.
func (c *client) row(company string) string {
	c.tb.Helper()
	return c.must("POST", "/v1/pages", `{"parent":{"database_id":"`+c.sim.DatabaseID()+`"},"properties":{"Company":{"title":[{"text":{"content":"`+company+`"}}]}}}`)["id"].(string)
}

// page makes a page below another and returns its id.
func (c *client) page(parent, title, children string) string {
	c.tb.Helper()
	return c.must("POST", "/v1/pages", `{"parent":{"page_id":"`+parent+`"},"properties":{"title":{"title":[{"text":{"content":"`+title+`"}}]}},"children":[`+children+`]}`)["id"].(string)
}

func paragraph(text string) string {
	return `{"type":"paragraph","paragraph":{"rich_text":[{"text":{"content":"` + text + `"}}]}}`
}

// ids are the ids of a list's results.
func ids(list map[string]any) []string {
	var all []string
	for _, r := range list["results"].([]any) {
		all = append(all, r.(map[string]any)["id"].(string))
	}
	return all
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, notionsim.Options{Dir: dir})
	row := c.row("Acme")
	page := c.page(row, "Home", paragraph("one")+","+paragraph("two"))
	blocks := ids(c.must("GET", "/v1/blocks/"+page+"/children", ""))
	c.must("DELETE", "/v1/blocks/"+blocks[0], "")
	c.must("PATCH", "/v1/blocks/"+page+"/children", `{"after":"`+blocks[1]+`","children":[`+paragraph("three")+`,{"type":"divider","divider":{}}]}`)
	want, answer := c.sim.Tree(), c.must("GET", "/v1/blocks/"+page+"/children", "")["results"]

	// The first simulator is not closed: it dies. What it wrote last is torn.
	tearJournal(t, dir)
	again := open(t, notionsim.Options{Dir: dir})
	if diff := cmp.Diff(want, again.sim.Tree()); diff != "" {
		t.Errorf("tree after restart (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(answer, again.must("GET", "/v1/blocks/"+page+"/children", "")["results"]); diff != "" {
		t.Errorf("answer after restart (-want +got):\n%s", diff)
	}
	again.row("after the tear")
	third := open(t, notionsim.Options{Dir: dir})
	if diff := cmp.Diff(again.sim.Tree(), third.sim.Tree()); diff != "" {
		t.Errorf("tree after the second restart (-want +got):\n%s", diff)
	}
	if got := third.must("GET", "/v1/pages/"+page, "")["id"]; got != page {
		t.Errorf("id after restart: got %v, want %v", got, page)
	}
}

// tearJournal leaves half a line at the journal's end, as a kill in the middle
// of a write does.
func tearJournal(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("journal in %s: %v, %v", dir, entries, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, entries[0].Name()), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"at":"2026-01-01T00:00:00Z","put":[{"id":"to`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A change that cannot be put on file must not be shown either: it would be gone
// after a restart.
func TestUnwritableJournalRefusesWrites(t *testing.T) {
	t.Parallel()
	sim, err := notionsim.Open(notionsim.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t, sim, "secret"}
	before := sim.Tree()
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	status, o := c.do("POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", sim.DatabaseID()))
	if status != http.StatusInternalServerError {
		t.Fatalf("write without a journal: got %d, want 500", status)
	}
	checkError(t, o, status, "internal_server_error")
	if diff := cmp.Diff(before, sim.Tree()); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

// A change that is half on the disk, and can be cut off only later, is neither answered
// for nor in the way of those that come.
func TestATornJournalIsMended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, notionsim.Options{Dir: dir})
	before := c.row("before")
	want := c.sim.Tree()
	c.sim.Tear()
	for _, title := range []string{"torn", "not begun"} {
		if status, o := c.do("POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", c.sim.DatabaseID())); status != http.StatusInternalServerError {
			t.Fatalf("%s: got %d %v", title, status, o)
		}
	}
	if diff := cmp.Diff(want, c.sim.Tree()); diff != "" {
		t.Errorf("what was refused is there (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, open(t, notionsim.Options{Dir: dir}).sim.Tree()); diff != "" {
		t.Errorf("what was refused is there after a kill (-want +got):\n%s", diff)
	}
	c.row("after")
	c.must("GET", "/v1/pages/"+before, "")
	if diff := cmp.Diff(c.sim.Tree(), open(t, notionsim.Options{Dir: dir}).sim.Tree()); diff != "" {
		t.Errorf("tree after restart (-want +got):\n%s", diff)
	}
}

// Others can read neither folder nor journal, whoever has made them.
func TestTheStateIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "notion")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notionsim.jsonl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, notionsim.Options{Dir: dir})
	for name, mode := range map[string]os.FileMode{"": 0o700, "notionsim.jsonl": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q: got %v, %v, want mode %o", name, info.Mode(), err, mode)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	linked := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(linked, "notionsim.jsonl")); err != nil {
		t.Fatal(err)
	}
	if _, err := notionsim.Open(notionsim.Options{Dir: linked}); err == nil {
		t.Error("a link is followed")
	}
	if _, err := os.Lstat(elsewhere); err == nil {
		t.Error("something was written where a link leads to")
	}
}

func TestDamagedJournalIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, notionsim.Options{Dir: dir}).row("Acme")
	tearJournal(t, dir)
	file := filepath.Join(dir, "notionsim.jsonl")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := notionsim.Open(notionsim.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("whole line that is no JSON: got %v, want an error that names line 3", err)
	}
}
