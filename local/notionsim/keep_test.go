package notionsim_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
)

// slack is what a journal may have beyond twice of what is in it.
const slack = 1 << 20

// sizeOf is the size of all files in a folder.
func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

func TestKeepForgetsWhatWasNotWrittenForLongest(t *testing.T) {
	t.Parallel()
	const keep = 2 << 20
	opts := notionsim.Options{Budget: 1000, Dir: t.TempDir(), Keep: keep}
	c := open(t, opts)
	big := children(times(100, paragraph(strings.Repeat("x", 2000)))) // 200 KB and more
	longest := c.row("written again and again")
	quiet := c.row("quiet")
	c.must("PATCH", "/v1/blocks/"+quiet+"/children", big)
	child := c.page(quiet, "Child", paragraph("y"))
	var last string
	for range 30 {
		last = c.row("other")
		c.must("PATCH", "/v1/blocks/"+last+"/children", big)
		c.must("PATCH", "/v1/blocks/"+longest+"/children", children(item))
		if got := sizeOf(t, opts.Dir); got > 2*keep+slack {
			t.Fatalf("the folder has %d bytes, want at most %d", got, 2*keep+slack)
		}
	}
	for _, gone := range []string{quiet, child} {
		status, o := c.do("GET", "/v1/pages/"+gone, "")
		checkError(t, o, status, "object_not_found")
	}
	for _, there := range []string{longest, last} {
		c.must("GET", "/v1/pages/"+there, "")
	}
	rows := ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", ""))
	if len(rows) < 5 || len(rows) > 12 || rows[0] != longest || rows[len(rows)-1] != last {
		t.Errorf("got %d rows, want the 2 MB that were written last, and the one that was written all the time", len(rows))
	}
	again := open(t, opts)
	if diff := cmp.Diff(c.sim.Tree(), again.sim.Tree()); diff != "" {
		t.Errorf("tree after restart (-want +got):\n%s", diff)
	}
	again.must("PATCH", "/v1/blocks/"+longest+"/children", big)
	if status, _ := again.do("GET", "/v1/pages/"+rows[1], ""); status != http.StatusNotFound {
		t.Errorf("the oldest row after a restart and another write: got %d, want 404", status)
	}
}

func TestKeepForgetsNoRowThatIsSpared(t *testing.T) {
	t.Parallel()
	var spared string
	c := open(t, notionsim.Options{Budget: 1000, Keep: 1 << 20, Dir: t.TempDir(), Spare: func(row string) bool { return row == spared }})
	big := children(times(100, paragraph(strings.Repeat("x", 2000))))
	spared = c.row("half written")
	other := c.row("done")
	for range 20 {
		c.must("PATCH", "/v1/blocks/"+c.row("new")+"/children", big)
	}
	c.must("PATCH", "/v1/blocks/"+spared+"/children", children(item))
	if status, _ := c.do("GET", "/v1/pages/"+other, ""); status != http.StatusNotFound {
		t.Errorf("the row that is not spared: got %d, want 404", status)
	}
	spared = "another"
	for range 20 {
		c.must("PATCH", "/v1/blocks/"+c.row("new")+"/children", big)
	}
	if n := len(ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", ""))); n > 6 {
		t.Errorf("%d rows are kept, want those of the last 1 MB", n)
	}
}

// All of them are kept where all are spared: what is to be done is the caller's.
func TestKeepEndsWhereAllAreSpared(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{Dir: t.TempDir(), Keep: 1, Spare: func(string) bool { return true }})
	first := c.row("first")
	c.row("second")
	c.must("GET", "/v1/pages/"+first, "")
}

// One row may be larger than all that is kept: what is being written stays.
func TestKeepSparesTheRowThatIsWritten(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{Dir: t.TempDir(), Keep: 1})
	row := c.row("Acme")
	c.must("PATCH", "/v1/blocks/"+row+"/children", children(item))
	if got := c.blocks(row); got != 1 {
		t.Errorf("blocks: got %d, want 1", got)
	}
	c.row("next")
	if status, _ := c.do("GET", "/v1/pages/"+row, ""); status != http.StatusNotFound {
		t.Errorf("row after the next one was made: got %d, want 404", status)
	}
}

func TestJournalIsCompacted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, notionsim.Options{Budget: 100_000, Dir: dir})
	row := c.row("Acme")
	page := c.page(row, "Home", nested(2, paragraph("x"))+","+table(2, 2)+","+paragraph("gone"))
	c.must("DELETE", "/v1/blocks/"+c.sim.Find("gone"), "")
	first := ids(c.must("GET", "/v1/blocks/"+page+"/children", ""))[0]
	c.must("PATCH", "/v1/blocks/"+page+"/children", `{"after":"`+first+`","children":[`+item+`]}`)
	c.must("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+page+`"},"properties":`+quotesSchema+`}`)
	c.sim.People().Insert(page, 0, "top")
	title := strings.Repeat("long ", 300)
	for range 2000 {
		c.must("PATCH", "/v1/pages/"+page, `{"properties":{"title":{"title":[`+rich(title)+`]}}}`)
	}
	if got := sizeOf(t, dir); got > 2*slack {
		t.Errorf("the journal has %d bytes after 2,000 changes of a title, want at most %d", got, 2*slack)
	}
	// A process that dies while it writes the journal anew leaves this behind.
	if err := os.WriteFile(filepath.Join(dir, "notionsim.jsonl.new"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, notionsim.Options{Budget: 100_000, Dir: dir})
	if diff := cmp.Diff(c.sim.Tree(), again.sim.Tree()); diff != "" {
		t.Errorf("tree after restart (-want +got):\n%s", diff)
	}
	if status, _ := again.do("GET", "/v1/blocks/"+first, ""); status != http.StatusOK {
		t.Errorf("a block after restart: got %d, want 200", status)
	}
	for range 1000 {
		again.must("PATCH", "/v1/pages/"+page, `{"properties":{"title":{"title":[`+rich(title)+`]}}}`)
	}
	if got := sizeOf(t, dir); got > 2*slack {
		t.Errorf("the folder has %d bytes after 1,000 more, want at most %d", got, 2*slack)
	}
}

// A row that is spared may find no room. It is set aside then, and back, where it was
// and as it was, when anything of it is asked for, also by another process.
func TestASparedRowIsBackWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	var spared string
	opts := notionsim.Options{Budget: 1000, Keep: 1 << 20, Dir: t.TempDir(), Spare: func(row string) bool { return row == spared }}
	big := children(times(100, paragraph(strings.Repeat("x", 2000))))
	fill := func(c *client) {
		for range 8 {
			c.must("PATCH", "/v1/blocks/"+c.row("other")+"/children", big)
		}
	}
	c := open(t, opts)
	spared = c.row("half written")
	page := c.page(spared, "Home", nested(2, paragraph("x"))+","+table(2, 2))
	block := ids(c.must("GET", "/v1/blocks/"+page+"/children", ""))[0]
	want := c.sim.TreeBelow(spared)
	rows := func(c *client) []string {
		return ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", ""))
	}
	for name, ask := range map[string]func(*client){
		"the row":            func(c *client) { c.must("GET", "/v1/pages/"+spared, "") },
		"a block below":      func(c *client) { c.must("GET", "/v1/blocks/"+block, "") },
		"a page to be below": func(c *client) { c.must("DELETE", "/v1/blocks/"+c.page(page, "Child", item), "") },
		"the viewer": func(c *client) {
			if c.sim.Object(page) == nil {
				t.Error("the viewer does not find it")
			}
		},
		"the viewer, below": func(c *client) {
			if len(c.sim.Children(page)) == 0 {
				t.Error("the viewer does not find what is below it")
			}
		},
	} {
		fill(c)
		if slices.Contains(rows(c), spared) {
			t.Fatalf("%s: it is not set aside", name)
		}
		if got := sizeOf(t, opts.Dir); got > 2*opts.Keep+slack {
			t.Errorf("%s: the folder has %d bytes", name, got)
		}
		c = open(t, opts) // as after a kill
		ask(c)
		if rows(c)[0] != spared {
			t.Errorf("%s: it is not back in its place", name)
		}
		if diff := cmp.Diff(want, c.sim.TreeBelow(spared)); diff != "" {
			t.Errorf("%s: it has changed (-want +got):\n%s", name, diff)
		}
		c = open(t, opts)
		if diff := cmp.Diff(want, c.sim.TreeBelow(spared)); diff != "" {
			t.Errorf("%s: after a restart it has changed (-want +got):\n%s", name, diff)
		}
	}
}

// A row is set aside node by node: as one value it would be in memory twice, however
// large it is.
func TestARowIsSetAsideNodeByNode(t *testing.T) {
	t.Parallel()
	opts := notionsim.Options{Budget: 1000, Keep: 1, Dir: t.TempDir(), Spare: func(string) bool { return true }}
	c := open(t, opts)
	c.must("PATCH", "/v1/blocks/"+c.row("large")+"/children", children(times(100, paragraph(strings.Repeat("x", 2000)))))
	c.row("other")
	files, err := filepath.Glob(filepath.Join(opts.Dir, "aside", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("set aside are %q, %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	row, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	for value := range bytes.Lines(row) {
		if len(value) > len(row)/10 {
			t.Errorf("a value has %d of the %d bytes of the row", len(value), len(row))
		}
	}
}

// What is set aside goes when nobody will write to it any more.
func TestWhatIsAsideGoesInTheEnd(t *testing.T) {
	t.Parallel()
	done := false
	opts := notionsim.Options{Budget: 1000, Keep: 1, Dir: t.TempDir(), Spare: func(string) bool { return !done }}
	c := open(t, opts)
	row := c.row("half written")
	c.row("other")
	aside := filepath.Join(opts.Dir, "aside")
	if sizeOf(t, aside) == 0 {
		t.Fatal("nothing is aside")
	}
	if err := os.WriteFile(filepath.Join(aside, "0123456789abcdef.new"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	done = true
	c = open(t, opts)
	if status, _ := c.do("GET", "/v1/pages/"+row, ""); status != http.StatusNotFound {
		t.Errorf("got %d, want 404", status)
	}
	if size := sizeOf(t, aside); size > 0 {
		t.Errorf("%d bytes are left", size)
	}
}
