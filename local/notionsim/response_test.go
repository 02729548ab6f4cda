package notionsim_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jomei/notionapi"

	"notionrelay/local/notionsim"
)

func TestPageHasNotionsShape(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("L'Oréal Report - 11/20/2026")
	got := c.must("GET", "/v1/pages/"+strings.ReplaceAll(row, "-", ""), "")
	me := c.must("GET", "/v1/users/me", "")
	bot := map[string]any{"object": "user", "id": me["id"]}
	want := map[string]any{
		"object": "page", "id": row, "parent": map[string]any{"type": "database_id", "database_id": c.sim.DatabaseID()},
		"created_by": bot, "last_edited_by": bot, "archived": false, "in_trash": false, "icon": nil, "cover": nil, "public_url": nil,
		"url": "https://www.notion.so/L-Or-al-Report-11-20-2026-" + strings.ReplaceAll(row, "-", ""),
	}
	checkKeys(t, got, want, "created_time", "last_edited_time", "properties", "request_id")
	properties := got["properties"].(map[string]any)
	delete(properties["Contact Email"].(map[string]any), "id")
	if diff := cmp.Diff(map[string]any{"type": "email", "email": nil}, properties["Contact Email"]); diff != "" {
		t.Errorf("property without a value (-want +got):\n%s", diff)
	}
	if got, want := me["type"], "bot"; got != want {
		t.Errorf("type of users/me: got %v, want %v", got, want)
	}
}

func TestBlockHasNotionsShape(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	page := c.page(c.row("Acme"), "Home", `{"to_do":{"rich_text":[{"text":{"content":"x","link":{"url":"https://example.com"}},"annotations":{"bold":true}}],"children":[`+item+`]}}`)
	list := c.must("GET", "/v1/blocks/"+page+"/children", "")
	checkKeys(t, list, map[string]any{
		"object": "list", "type": "block", "block": map[string]any{}, "has_more": false, "next_cursor": nil,
	}, "results", "request_id")
	checkKeys(t, list["results"].([]any)[0].(map[string]any), map[string]any{
		"object": "block", "type": "to_do", "has_children": true, "archived": false, "in_trash": false,
		"parent": map[string]any{"type": "page_id", "page_id": page},
		"to_do": map[string]any{"checked": false, "color": "default", "rich_text": []any{map[string]any{
			"type": "text", "text": map[string]any{"content": "x", "link": map[string]any{"url": "https://example.com"}},
			"plain_text": "x", "href": "https://example.com",
			"annotations": map[string]any{"bold": true, "italic": false, "strikethrough": false, "underline": false, "code": false, "color": "default"},
		}}},
	}, "id", "created_time", "last_edited_time", "created_by", "last_edited_by")
}

// checkKeys compares an object with what is wanted of it, and wants the others
// to be there and nothing else.
func checkKeys(t *testing.T, got, want map[string]any, others ...string) {
	t.Helper()
	rest := maps.Clone(got)
	for _, name := range others {
		if _, ok := rest[name]; !ok {
			t.Errorf("%v lacks %q", got["object"], name)
		}
		delete(rest, name)
	}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("%v (-want +got):\n%s", got["object"], diff)
	}
}

func TestChildrenStandWhereTheyWerePut(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	page := c.page(c.row("Acme"), "Home", paragraph("a")+","+paragraph("b"))
	first := ids(c.must("GET", "/v1/blocks/"+page+"/children", ""))[0]
	made := ids(c.must("PATCH", "/v1/blocks/"+page+"/children", `{"after":"`+first+`","children":[`+paragraph("c")+`,`+paragraph("d")+`]}`))
	child := c.page(page, "Child", "")
	database := c.must("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+page+`"},"title":[`+rich("Quotes")+`],"properties":{"Name":{"title":{}}}}`)["id"].(string)
	c.must("DELETE", "/v1/blocks/"+made[1], "")

	list := c.must("GET", "/v1/blocks/"+page+"/children", "")
	var got []string
	for _, r := range list["results"].([]any) {
		b := r.(map[string]any)
		switch kind := b["type"].(string); kind {
		case "paragraph":
			text := b[kind].(map[string]any)["rich_text"].([]any)[0].(map[string]any)
			got = append(got, text["plain_text"].(string))
		default:
			got = append(got, kind+" "+b[kind].(map[string]any)["title"].(string))
		}
	}
	want := []string{"a", "c", "b", "child_page Child", "child_database Quotes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	if all := ids(list); all[1] != made[0] || all[3] != child || all[4] != database {
		t.Errorf("ids: got %v, want those that were answered", all)
	}
	if o := c.must("GET", "/v1/blocks/"+made[1], ""); o["archived"] != true {
		t.Errorf("deleted block: got archived %v, want true", o["archived"])
	}
}

func TestPagination(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{Budget: 1000})
	for i := range 7 {
		c.row(fmt.Sprintf("company %d", i))
	}
	all := ids(c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", ""))
	var got []string
	for body := `{"page_size":3}`; body != ""; {
		list := c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", body)
		got = append(got, ids(list)...)
		body = ""
		if next, ok := list["next_cursor"].(string); ok {
			c.must("DELETE", "/v1/blocks/"+next, "") // a cursor survives the end of what it names
			body = `{"page_size":3,"start_cursor":"` + next + `"}`
		}
	}
	want := slices.Delete(slices.Clone(all), 3, 4) // the one that was deleted between the pages
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows page by page (-want +got):\n%s", diff)
	}
}

func TestQueryFiltersAndSorts(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	page := c.page(c.row("Acme"), "Home", "")
	db := c.must("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+page+`"},"properties":`+quotesSchema+`}`)["id"].(string)
	for _, properties := range []string{
		`"Quote":{"title":[` + rich("Alpha one") + `]},"Score":{"number":0.5},"Category":{"select":{"name":"general"}},"Seen":{"checkbox":true},"Added":{"date":{"start":"2026-01-02"}}`,
		`"Quote":{"title":[` + rich("beta") + `]},"Score":{"number":0.9},"Why":{"rich_text":[` + rich("because") + `]},"Mail":{"email":"b@example.com"}`,
		`"Quote":{"title":[` + rich("Alpha two") + `]},"Added":{"date":{"start":"2026-03-04T10:00:00Z"}}`,
	} {
		c.must("POST", "/v1/pages", `{"parent":{"database_id":"`+db+`"},"properties":{`+properties+`}}`)
	}
	const one, beta, two = "Alpha one", "beta", "Alpha two"
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{`{"filter":{"property":"Quote","title":{"equals":"BETA"}}}`, []string{beta}},
		{`{"filter":{"property":"Quote","title":{"contains":"alpha"}}}`, []string{one, two}},
		{`{"filter":{"property":"Quote","title":{"does_not_contain":"alpha"}}}`, []string{beta}},
		{`{"filter":{"property":"Quote","title":{"ends_with":"two"}}}`, []string{two}},
		{`{"filter":{"property":"title","title":{"starts_with":"b"}}}`, []string{beta}},
		{`{"filter":{"property":"Why","rich_text":{"is_not_empty":true}}}`, []string{beta}},
		{`{"filter":{"property":"Mail","email":{"is_empty":true}}}`, []string{one, two}},
		{`{"filter":{"timestamp":"created_time","created_time":{"before":"2020-01-01"}}}`, nil},
		{`{"filter":{"or":[{"property":"Quote","title":{"equals":"beta"}},{"and":[{"property":"Quote","title":{"contains":"alpha"}},{"property":"Mail","email":{"is_not_empty":true}}]}]}}`, []string{beta}},
		{`{"filter":{"timestamp":"created_time","created_time":{"on_or_after":"2020-01-01"}}}`, []string{one, beta, two}},
		{`{"sorts":[{"timestamp":"created_time","direction":"descending"}]}`, []string{one, beta, two}}, // one minute: order of creation
	} {
		var got []string
		for _, r := range c.must("POST", "/v1/databases/"+db+"/query", tt.query)["results"].([]any) {
			title := r.(map[string]any)["properties"].(map[string]any)["Quote"].(map[string]any)["title"].([]any)
			got = append(got, title[0].(map[string]any)["plain_text"].(string))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
	}
}

func TestNewOptionsChangeTheSchema(t *testing.T) {
	t.Parallel()
	c, ids := newFixture(t)
	create := func(properties string) map[string]any {
		return c.must("POST", "/v1/pages", ids.Replace(quoteRow(properties)))
	}
	create(`"Category":{"select":{"name":"General"}}`) // the schema has it, in small letters
	if got := c.sim.Stats().SchemaChanges; got != 0 {
		t.Errorf("schema changes by a known option: got %d, want 0", got)
	}
	create(`"Category":{"select":{"name":"surprise"}},"Tags":{"multi_select":[{"name":"a"},{"name":"b"},{"name":"a"}]}`)
	if got := c.sim.Stats().SchemaChanges; got != 3 {
		t.Errorf("schema changes by three new options: got %d, want 3", got)
	}
	category := c.must("GET", ids.Replace("/v1/databases/{quotes}"), "")["properties"].(map[string]any)["Category"].(map[string]any)
	var names []string
	for _, o := range category["select"].(map[string]any)["options"].([]any) {
		names = append(names, o.(map[string]any)["name"].(string))
	}
	if diff := cmp.Diff([]string{"general", "surprise"}, names); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

// TestClientLibraryReadsTheAnswers guards against answers that jomei/notionapi
// cannot decode: it would take a write that happened for one that failed.
func TestClientLibraryReadsTheAnswers(t *testing.T) {
	t.Parallel()
	c, names := newFixture(t)
	client := notionapi.NewClient("secret", notionapi.WithRetry(1), notionapi.WithHTTPClient(&http.Client{Transport: c.sim.Transport()}))
	ctx, page, quotes := t.Context(), names.Replace("{page}"), names.Replace("{quotes}")
	c.must("POST", "/v1/pages", names.Replace(quoteRow(everyValue)))
	c.must("PATCH", "/v1/blocks/"+page+"/children", names.Replace(children(strings.Join(everyBlock, ","))))

	database, err := client.Database.Get(ctx, notionapi.DatabaseID(quotes))
	if err != nil || len(database.Properties) != 10 {
		t.Errorf("get database: %v, %v", database, err)
	}
	rows, err := client.Database.Query(ctx, notionapi.DatabaseID(quotes), &notionapi.DatabaseQueryRequest{})
	if err != nil || len(rows.Results) != 1 {
		t.Errorf("query database: %v, %v", rows, err)
	}
	blocks, err := client.Block.GetChildren(ctx, notionapi.BlockID(page), &notionapi.Pagination{PageSize: 100})
	if err != nil || len(blocks.Results) != 8+len(everyBlock) {
		t.Errorf("list children: %d, %v", len(blocks.Results), err)
	}
	created, err := client.Page.Create(ctx, &notionapi.PageCreateRequest{
		Parent:     notionapi.Parent{Type: notionapi.ParentTypePageID, PageID: notionapi.PageID(page)},
		Properties: notionapi.Properties{"title": notionapi.TitleProperty{Title: []notionapi.RichText{{Text: &notionapi.Text{Content: "New"}}}}},
	})
	if err != nil || created.URL == "" {
		t.Errorf("create page: %v, %v", created, err)
	}
	if me, err := client.User.Me(ctx); err != nil || me.Type != notionapi.UserTypeBot {
		t.Errorf("users/me: %v, %v", me, err)
	}
}
