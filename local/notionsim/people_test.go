package notionsim_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
)

// The rule: people insert, change and delete anywhere on a page, and what they
// did is not this integration's.
func TestPeopleEditBlocks(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	c.must("PATCH", "/v1/blocks/"+row+"/children", children(paragraph("a")+","+paragraph("b")+","+table(2, 1)))
	made := ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))
	person := c.sim.People()
	middle := person.Insert(row, 1, "middle")
	top := person.Insert(row, 0, "top")
	end := person.Insert(row, 99, "end")
	person.Trash(made[1])
	person.Edit(made[0], "A")
	cell := person.Insert(made[2], 0, "cell")
	person.Edit(cell, "first cell")

	if diff := cmp.Diff([]string{top, made[0], middle, made[2], end}, ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	me := c.must("GET", "/v1/users/me", "")["id"]
	by := func(id string) [2]bool {
		o := c.must("GET", "/v1/blocks/"+id, "")
		return [2]bool{o["created_by"].(map[string]any)["id"] == me, o["last_edited_by"].(map[string]any)["id"] == me}
	}
	want := map[string][2]bool{made[0]: {true, false}, made[1]: {true, false}, made[2]: {true, true}, middle: {false, false}, row: {true, false}}
	for id, whose := range want {
		if got := by(id); got != whose {
			t.Errorf("block %q: created and edited by me: got %v, want %v", c.sim.Object(id)["type"], got, whose)
		}
	}
	const tree = `#1 page
  Company: "Acme"
  Contact Email: null
  Report Type: ""
  #2 paragraph rich_text="top"
  #3 paragraph rich_text="A"
  #4 paragraph rich_text="middle"
  #5 table table_width=2
    #6 table_row cells=["first cell" | ""]
    #7 table_row cells=["" | ""]
  #8 paragraph rich_text="end"
`
	if diff := cmp.Diff(tree, c.sim.TreeBelow(row)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	if got := c.sim.Find("first cell"); got != cell {
		t.Errorf("Find: got %q, want %q", got, cell)
	}
	if got := c.sim.Find("b") + c.sim.Find("no such text"); got != "" {
		t.Errorf("Find of what is in the trash, or not there: got %q, want none", got)
	}
}

// The rule: people's pages and rows may have the title of ours; who created them
// tells them apart.
func TestPeopleMakePages(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	theirs := c.sim.People().NewPage(c.sim.DatabaseID(), "Acme")
	home := c.sim.People().NewPage(row, "Home")
	c.sim.People().Rename(row, "Acme Ltd")
	me := c.must("GET", "/v1/users/me", "")["id"]
	whose := map[string]bool{}
	for _, r := range c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "")["results"].([]any) {
		o := r.(map[string]any)
		title := o["properties"].(map[string]any)["Company"].(map[string]any)["title"].([]any)[0].(map[string]any)["plain_text"]
		whose[o["id"].(string)+" "+title.(string)] = o["created_by"].(map[string]any)["id"] == me
	}
	if diff := cmp.Diff(map[string]bool{row + " Acme Ltd": true, theirs + " Acme": false}, whose); diff != "" {
		t.Errorf("rows, and whether they are mine (-want +got):\n%s", diff)
	}
	if got := c.must("GET", "/v1/blocks/"+home, "")["child_page"]; !cmp.Equal(got, map[string]any{"title": "Home"}) {
		t.Errorf("child page: got %v", got)
	}
}

// The rule: what is in the trash, by itself or with a page above it, cannot be
// edited, and the words are the same in both cases; but it says of itself
// whether it was deleted.
func TestTrash(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	page := c.page(row, "Home", paragraph("⏳"))
	block := c.sim.Find("⏳")
	before := c.sim.Tree()
	for _, trash := range []string{block, page, row, c.sim.DatabaseID()} {
		c.sim.People().Trash(trash)
		requests := [][3]string{
			{"DELETE", "/v1/blocks/" + block, ""},
			{"PATCH", "/v1/blocks/" + block + "/children", children(item)},
		}
		if trash != block {
			requests = append(requests, [3]string{"PATCH", "/v1/pages/" + page, `{"icon":{"emoji":"📊"}}`},
				[3]string{"PATCH", "/v1/blocks/" + page + "/children", children(item)},
				[3]string{"POST", "/v1/pages", `{"parent":{"page_id":"` + page + `"},"properties":{}}`})
		}
		for _, r := range requests {
			status, o := c.do(r[0], r[1], r[2])
			if status != http.StatusBadRequest {
				t.Errorf("%s %s with a %v in the trash: got %d, want 400", r[0], r[1], c.sim.Object(trash), status)
			}
			checkError(t, o, http.StatusBadRequest, "Can't edit block that is archived. You must unarchive the block before editing.")
		}
		if got, want := c.must("GET", "/v1/blocks/"+block, "")["archived"], trash == block; got != want {
			t.Errorf("the block says archived %v, want %v", got, want)
		}
		c.sim.People().Restore(trash)
		if diff := cmp.Diff(before, c.sim.Tree()); diff != "" {
			t.Errorf("tree after restoring (-want +got):\n%s", diff)
		}
	}
	c.must("DELETE", "/v1/blocks/"+block, "")
}

// The rule: what is not shared with the integration, or lies below such a page,
// is answered 404, and is in no list.
func TestUnshared(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{Budget: 1000})
	row := c.row("Acme")
	page := c.page(row, "Home", paragraph("x"))
	block := c.sim.Find("x")
	before := c.sim.Tree()
	for _, unshared := range []string{page, row, c.sim.DatabaseID()} {
		c.sim.People().Unshare(unshared)
		requests := [][3]string{
			{"GET", "/v1/pages/" + page, ""}, {"GET", "/v1/blocks/" + block, ""}, {"GET", "/v1/blocks/" + page + "/children", ""},
			{"DELETE", "/v1/blocks/" + block, ""}, {"PATCH", "/v1/pages/" + page, `{}`}, {"PATCH", "/v1/blocks/" + page + "/children", children(item)},
			{"POST", "/v1/pages", `{"parent":{"page_id":"` + page + `"},"properties":{}}`},
		}
		if unshared == c.sim.DatabaseID() {
			requests = append(requests, [3]string{"GET", "/v1/databases/" + unshared, ""}, [3]string{"POST", "/v1/databases/" + unshared + "/query", ""},
				[3]string{"POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", unshared)})
		}
		for _, r := range requests {
			status, o := c.do(r[0], r[1], r[2])
			if status != http.StatusNotFound {
				t.Errorf("%s %s: got %d, want 404", r[0], r[1], status)
			}
			checkError(t, o, http.StatusNotFound, "object_not_found")
		}
		if unshared == row {
			if got := ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "")); len(got) != 0 {
				t.Errorf("rows: got %v, want none", got)
			}
		}
		if unshared == page {
			if got := c.blocks(row); got != 0 {
				t.Errorf("children of the row: got %d, want 0", got)
			}
		}
		if diff := cmp.Diff(before, c.sim.Tree()); diff != "" {
			t.Errorf("what is not shared is still there (-want +got):\n%s", diff)
		}
		c.sim.People().Share(unshared)
		c.must("GET", "/v1/pages/"+page, "")
	}
}

// The rule: properties that a person renamed, removed or made of another type
// are refused under what they were; the title can be addressed by its id.
func TestPeopleChangeColumns(t *testing.T) {
	t.Parallel()
	const byName = `"Company":{"title":[]},"Report Type":{"rich_text":[]},"Contact Email":{"email":null}`
	for _, tt := range []struct {
		name   string
		change func(p notionsim.People, database string)
		row    string
		want   string
	}{
		{"renamed title", func(p notionsim.People, db string) { p.RenameColumn(db, "Company", "Name") }, byName, "Company is not a property that exists."},
		{"renamed title by its id", func(p notionsim.People, db string) { p.RenameColumn(db, "Company", "Name") }, `"title":{"title":[]}`, ""},
		{"renamed", func(p notionsim.People, db string) { p.RenameColumn(db, "Report Type", "Kind") }, byName, "Report Type is not a property that exists."},
		{"removed", func(p notionsim.People, db string) { p.RemoveColumn(db, "Contact Email") }, byName, "Contact Email is not a property that exists."},
		{"of another type", func(p notionsim.People, db string) { p.RetypeColumn(db, "Contact Email", "rich_text") }, byName, "Contact Email is expected to be rich_text."},
		{"of another type, and so addressed", func(p notionsim.People, db string) { p.RetypeColumn(db, "Contact Email", "rich_text") }, `"Contact Email":{"rich_text":[]}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, notionsim.Options{})
			c.row("before")
			tt.change(c.sim.People(), c.sim.DatabaseID())
			status, o := c.do("POST", "/v1/pages", strings.ReplaceAll(reportsRow(tt.row), "{db}", c.sim.DatabaseID()))
			if tt.want == "" && status == http.StatusOK {
				return
			}
			if status != http.StatusBadRequest {
				t.Fatalf("got %d, want 400", status)
			}
			checkError(t, o, status, tt.want)
		})
	}
}

// The rule: a database to which a person has added a second data source is
// refused on create page, read and query.
func TestSecondDataSource(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	db := c.sim.DatabaseID()
	c.sim.People().AddDataSource(db)
	for _, r := range [][3]string{
		{"GET", "/v1/databases/" + db, ""}, {"POST", "/v1/databases/" + db + "/query", ""},
		{"POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", db)},
	} {
		status, o := c.do(r[0], r[1], r[2])
		data, _ := o["additional_data"].(map[string]any)
		if status != http.StatusBadRequest || data["error_type"] != "multiple_data_sources_for_database" {
			t.Errorf("%s %s: got %d %v, want 400 multiple_data_sources_for_database", r[0], r[1], status, o)
		}
		checkError(t, o, http.StatusBadRequest, "validation_error")
	}
	c.must("PATCH", "/v1/blocks/"+row+"/children", children(item)) // its rows are pages like any other
	c.sim.People().RemoveDataSource(db)
	c.must("POST", "/v1/databases/"+db+"/query", "")
}

// The rule: 401 for a token that is no longer valid. Its successor is the same
// integration.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, only := range []string{"", "secret"} {
		c := open(t, notionsim.Options{Token: only})
		me := c.must("GET", "/v1/users/me", "")["id"]
		c.sim.People().RenewToken("secret", "newer")
		status, o := c.do("GET", "/v1/users/me", "")
		if status != http.StatusUnauthorized {
			t.Errorf("old token: got %d, want 401", status)
		}
		checkError(t, o, http.StatusUnauthorized, "unauthorized")
		newer := &client{t, c.sim, "newer"}
		if got := newer.must("GET", "/v1/users/me", "")["id"]; got != me {
			t.Errorf("id of the bot: got %v, want %v as before", got, me)
		}
		c.sim.People().RevokeToken("newer")
		if status, _ := newer.do("GET", "/v1/users/me", ""); status != http.StatusUnauthorized {
			t.Errorf("revoked token: got %d, want 401", status)
		}
		c.sim.People().RenewToken("newer", "secret")
		c.must("GET", "/v1/users/me", "")
	}
}

// The rule: 403 restricted_resource for what the integration may not do; one
// that may not read gets partial objects when it writes.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	requests := map[notionsim.Capability][][3]string{
		notionsim.ReadContent: {
			{"GET", "/v1/pages/" + row, ""}, {"GET", "/v1/blocks/" + row, ""}, {"GET", "/v1/blocks/" + row + "/children", ""},
			{"GET", "/v1/databases/" + c.sim.DatabaseID(), ""}, {"POST", "/v1/databases/" + c.sim.DatabaseID() + "/query", ""},
		},
		notionsim.InsertContent: {
			{"PATCH", "/v1/blocks/" + row + "/children", children(item)}, {"POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", c.sim.DatabaseID())},
			{"POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"` + row + `"},"properties":{"Name":{"title":{}}}}`},
		},
		notionsim.UpdateContent: {{"PATCH", "/v1/pages/" + row, `{}`}},
	}
	for withheld := range requests {
		c.sim.People().Withhold(withheld)
		for needed, all := range requests {
			for _, r := range all {
				status, o := c.do(r[0], r[1], r[2])
				want := http.StatusOK
				if needed == withheld {
					want = http.StatusForbidden
				}
				if status != want {
					t.Errorf("%s %s without %q: got %d, want %d", r[0], r[1], withheld, status, want)
				}
				if status == http.StatusForbidden {
					checkError(t, o, status, "restricted_resource")
				}
				if status == http.StatusOK && withheld == notionsim.ReadContent && (o["created_time"] != nil || o["parent"] != nil) {
					t.Errorf("%s %s without %q: got %v, want a partial object", r[0], r[1], withheld, o)
				}
			}
		}
		c.must("GET", "/v1/users/me", "")
		c.sim.People().Grant(withheld)
	}
}

// The rule: not every 409, 403 and 429 passes; the code and the data say which.
func TestLimitsThatDoNotPass(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row, person := c.row("Acme"), c.sim.People()
	newRow := [3]string{"POST", "/v1/pages", strings.ReplaceAll(reportsRow(""), "{db}", c.sim.DatabaseID())}
	query := [3]string{"POST", "/v1/databases/" + c.sim.DatabaseID() + "/query", ""}
	rename := [3]string{"PATCH", "/v1/pages/" + row, `{"icon":null}`}
	inserts := [][3]string{
		newRow,
		{"PATCH", "/v1/blocks/" + row + "/children", children(item)},
		{"POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"` + row + `"},"properties":{"Name":{"title":{}}}}`},
	}
	for _, tt := range []struct {
		name       string
		begin, end func()
		refused    [][3]string
		status     int
		code       string
		additional map[string]any
		allowed    [][3]string
	}{
		{
			"a full database", func() { person.Fill(c.sim.DatabaseID()) }, func() { person.MakeRoom(c.sim.DatabaseID()) },
			[][3]string{newRow, newRow}, 409, "row_limit_exceeded", nil, append([][3]string{query, rename}, inserts[1:]...),
		},
		{
			"a free workspace without blocks", person.UseUpBlocks, person.Upgrade,
			inserts, 403, "restricted_resource", map[string]any{"block_limit": 1000.0}, [][3]string{query, rename},
		},
		{
			"an integration that is barred", person.Bar, person.Unbar,
			append([][3]string{query, rename, {"GET", "/v1/users/me", ""}}, inserts...), 429, "rate_limited",
			map[string]any{"rate_limit_reason": "public_api_request_blocked"}, nil,
		},
	} {
		tt.begin()
		before := c.sim.Tree()
		for _, r := range tt.refused {
			status, o := c.do(r[0], r[1], r[2])
			if data, _ := o["additional_data"].(map[string]any); status != tt.status || !cmp.Equal(tt.additional, data) {
				t.Errorf("%s: %s %s: got %d %v, want %d with %v", tt.name, r[0], r[1], status, o, tt.status, tt.additional)
			}
			checkError(t, o, tt.status, tt.code)
		}
		if diff := cmp.Diff(before, c.sim.Tree()); diff != "" {
			t.Errorf("%s: what was refused has changed the workspace (-want +got):\n%s", tt.name, diff)
		}
		for _, r := range tt.allowed {
			c.must(r[0], r[1], r[2])
		}
		tt.end()
		for _, r := range tt.refused {
			c.must(r[0], r[1], r[2])
		}
	}
	c.must("DELETE", "/v1/blocks/"+row, "")
}

// The rule: people who edit a page while a write to it is under way count for a
// conflict too.
func TestPeopleCollide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{Latency: time.Second})
		row, other := c.row("Acme"), c.row("Other")
		insert := func(page string) func(notionsim.People) {
			return func(p notionsim.People) { p.Insert(page, 0, "x") }
		}
		for _, tt := range []struct {
			name  string
			edit  func(notionsim.People)
			after time.Duration
			want  int
		}{
			{"the page before the write is saved", insert(row), 400 * time.Millisecond, 409},
			{"a block on it", func(p notionsim.People) { p.Edit(c.sim.Find("x"), "y") }, 400 * time.Millisecond, 409},
			{"the page after the write is saved", insert(row), 600 * time.Millisecond, 200},
			{"another page", insert(other), 400 * time.Millisecond, 200},
		} {
			answered := make(chan int)
			go func() {
				status, err := c.appendItem(t.Context(), row)
				if err != nil {
					t.Error(err)
				}
				answered <- status
			}()
			time.Sleep(tt.after)
			tt.edit(c.sim.People())
			if got := <-answered; got != tt.want {
				t.Errorf("an edit of %s: got %d, want %d", tt.name, got, tt.want)
			}
		}
		if got := c.sim.Stats(); got.Overlaps != 0 || got.MaxWrites != 1 {
			t.Errorf("got %d overlaps and %d writes at once, want 0 and 1", got.Overlaps, got.MaxWrites)
		}
	})
}

// The rule: what people did outlives the process as all else does.
func TestPeoplesEditsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, notionsim.Options{Dir: dir})
	row := c.row("Acme")
	c.must("PATCH", "/v1/blocks/"+row+"/children", children(item))
	person := c.sim.People()
	person.Insert(row, 0, "top")
	person.RenameColumn(c.sim.DatabaseID(), "Report Type", "Kind")
	gone := c.row("Gone")
	person.Unshare(gone)
	person.AddDataSource(c.sim.DatabaseID())
	again := open(t, notionsim.Options{Dir: dir})
	if diff := cmp.Diff(c.sim.Tree(), again.sim.Tree()); diff != "" {
		t.Errorf("tree after restart (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/v1/pages/" + gone, "/v1/databases/" + c.sim.DatabaseID()} {
		want, _ := c.do("GET", path, "")
		if got, _ := again.do("GET", path, ""); got != want {
			t.Errorf("%s after restart: got %d, want %d", path, got, want)
		}
	}
}

// The rule: a new row shows up in queries only after a while. By its id it can
// be read at once.
func TestIndexLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{IndexLag: 2 * time.Second})
		rows := func() []string { return ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "")) }
		first := c.row("first")
		time.Sleep(time.Second)
		second := c.row("second")
		c.must("GET", "/v1/pages/"+first, "")
		c.must("PATCH", "/v1/blocks/"+first+"/children", children(item))
		if got := rows(); len(got) != 0 {
			t.Errorf("rows after a second: got %v, want none", got)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{first}, rows()); diff != "" {
			t.Errorf("rows after two seconds (-want +got):\n%s", diff)
		}
		c.sim.Inject(notionsim.Fault{Method: "POST", Late: time.Minute, Drop: true})
		r := c.request("POST", "/v1/pages", strings.ReplaceAll(reportsRow(`"Company":{"title":[`+rich("late")+`]}`), "{db}", c.sim.DatabaseID()))
		if _, err := c.sim.Transport().RoundTrip(r); err == nil {
			t.Fatal("got an answer, want none")
		}
		time.Sleep(time.Minute + time.Second) // a late row lags from its own creation on
		if diff := cmp.Diff([]string{first, second}, rows()); diff != "" {
			t.Errorf("rows a second after the late one was made (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{first, second, c.sim.Find("late")}, rows()); diff != "" {
			t.Errorf("rows two seconds after it (-want +got):\n%s", diff)
		}
	})
}

// The rule: a parent made a moment ago may still answer 404.
func TestParentLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{ParentLag: time.Second})
		row := c.row("Acme") // the reports database is old
		requests := [][3]string{
			{"PATCH", "/v1/blocks/" + row + "/children", children(item)},
			{"POST", "/v1/pages", `{"parent":{"page_id":"` + row + `"},"properties":{}}`},
			{"POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"` + row + `"},"properties":{"Name":{"title":{}}}}`},
		}
		for _, r := range requests {
			status, o := c.do(r[0], r[1], r[2])
			if status != http.StatusNotFound {
				t.Errorf("%s %s at once: got %d, want 404", r[0], r[1], status)
			}
			checkError(t, o, http.StatusNotFound, "object_not_found")
		}
		c.must("GET", "/v1/pages/"+row, "")
		time.Sleep(time.Second)
		for _, r := range requests {
			c.must(r[0], r[1], r[2])
		}
	})
}

// The rule: a refusal of a URL says where it stands, and where Notion is terse
// no more than that.
func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	blocks := children(item + "," + nested(1, `{"image":{"external":{"url":"https://example.com/chart?width=3.png"}}}`))
	link := children(item + "," + linked("#x"))
	for _, tt := range []struct {
		terse      bool
		body, want string
	}{
		{false, blocks, "Content creation Failed. Fix the following: \nbody.children[1].bulleted_list_item.children[0].image.external.url: Invalid image url."},
		{true, blocks, "Content creation Failed. Fix the following: \nInvalid image url."},
		{false, link, "body.children[1].paragraph.rich_text[0].text.link.url: Invalid URL for link."},
		{true, link, "Invalid URL for link."},
	} {
		c := open(t, notionsim.Options{Terse: tt.terse})
		status, o := c.do("PATCH", "/v1/blocks/"+c.row("Acme")+"/children", tt.body)
		if status != http.StatusBadRequest || o["message"] != tt.want {
			t.Errorf("got %d %q, want 400 %q", status, o["message"], tt.want)
		}
	}
}

// A cancelled wait for a late answer must not be counted as an answer.
func TestGivingUpCountsNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		row := c.row("Acme")
		c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Second, Status: 409, Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := c.appendItem(ctx, row); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if got := c.sim.Stats(); got.Conflicts != 0 || got.Late != 1 {
			t.Errorf("got %d conflicts and %d late effects, want 0 and 1", got.Conflicts, got.Late)
		}
	})
}
