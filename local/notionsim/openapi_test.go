package notionsim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"notionrelay/test/notionschema"
)

// TestOfficialSchemaRefusesNothingThatIsAccepted takes valid requests, spoils every value in
// them in every way it knows, and checks that the simulator accepts none that
// Notion's own schema rejects.
func TestOfficialSchemaRefusesNothingThatIsAccepted(t *testing.T) {
	t.Parallel()
	schema := notionschema.Official(t)
	if schema == nil {
		t.Skip("NOTION_OPENAPI does not name Notion's OpenAPI document")
	}
	var sent, let int
	for _, tt := range corpus() {
		var valid any
		if err := json.Unmarshal([]byte(tt.body), &valid); err != nil {
			t.Fatalf("case %q: %v", tt.name, err)
		}
		bodies := append(spoiled(valid), valid)
		c, ids := newFixture(t)
		for _, b := range bodies {
			text, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			path, body := ids.Replace(tt.path), ids.Replace(string(text))
			sent++
			if status, _ := c.do(tt.method, path, body); status != http.StatusOK {
				continue
			}
			let++
			if err := schema.Validate(tt.method, path, []byte(body)); err != nil {
				t.Errorf("the simulator accepts %s %s %.500s\nwhich the schema rejects: %.800v", tt.method, tt.path, text, err)
			}
			c, ids = newFixture(t) // what was accepted has changed the old one
		}
	}
	if let == 0 || let == sent {
		t.Errorf("%d of %d requests were accepted: the corpus does not tell good from bad", let, sent)
	}
	t.Logf("%d requests, %d accepted", sent, let)
}

// corpus is the valid requests with a body, and one with each kind of block.
func corpus() []conformanceCase {
	all := slices.DeleteFunc(slices.Clone(conformance), func(tt conformanceCase) bool {
		return tt.status != http.StatusOK || tt.body == "" || len(tt.body) > 2000
	})
	for _, block := range everyBlock {
		all = append(all,
			accepted(ruleSchema, "append", "PATCH", children2, children(block)),
			accepted(ruleSchema, "append below", "PATCH", children2, children(nested(1, block))))
	}
	return append(all, accepted(ruleSchema, "row", "POST", "/v1/pages", quoteRow(everyValue)),
		accepted(ruleSchema, "row update", "PATCH", "/v1/pages/{row}", `{"properties":{"Company":{"type":"title","title":[`+everyText+`]}}}`))
}

const everyText = `{"type":"text","text":{"content":"x","link":{"url":"https://example.com"}},"annotations":{"bold":true,"italic":false,"strikethrough":false,"underline":false,"code":false,"color":"red"}},` +
	`{"type":"equation","equation":{"expression":"x"}}`

var everyBlock = []string{
	`{"object":"block","type":"paragraph","paragraph":{"rich_text":[` + everyText + `],"color":"blue_background","children":[` + item + `]}}`,
	`{"heading_1":{"rich_text":[],"color":"red","is_toggleable":true,"children":[` + item + `]}}`,
	`{"to_do":{"rich_text":[],"checked":true,"children":[]}}`,
	`{"callout":{"rich_text":[],"icon":{"type":"emoji","emoji":"📈"},"color":"gray_background"}}`,
	`{"callout":{"rich_text":[],"icon":{"type":"external","external":{"url":"https://example.com/x.png"}}}}`,
	`{"quote":{"rich_text":[],"children":[` + item + `]}}`, `{"toggle":{"rich_text":[],"children":[` + item + `]}}`,
	`{"numbered_list_item":{"rich_text":[]}}`,
	`{"code":{"rich_text":[],"caption":[],"language":"go"}}`, `{"equation":{"expression":"x"}}`, `{"divider":{}}`,
	`{"table_of_contents":{"color":"gray"}}`,
	`{"image":{"type":"external","external":{"url":"https://example.com/x.png"},"caption":[]}}`,
	`{"table":{"table_width":1,"has_column_header":true,"has_row_header":false,"children":[{"object":"block","type":"table_row","table_row":{"cells":[[` + rich("x") + `]]}}]}}`,
}

const everyValue = `"Quote":{"title":[` + everyText + `]},"Category":{"type":"select","select":{"name":"general","color":"gray"}},` +
	`"Tags":{"multi_select":[{"name":"a"},{"name":"b","color":"red"}]},"Score":{"number":0.5},"Link":{"url":"https://example.com"},` +
	`"Phone":{"phone_number":"1"},"Added":{"date":{"start":"2026-01-01","end":null,"time_zone":"Europe/London"}},"Seen":{"checkbox":true},` +
	`"Mail":{"email":"a@example.com"},"Why":{"rich_text":[]}`

// spoiled is v with one value in it replaced, removed or added, for every value
// and every way to spoil it.
func spoiled(v any) []any {
	all := []any{nil, "", "x", 0.0, -1.5, 1e6, true, []any{}, []any{nil}, map[string]any{}, map[string]any{"x": 1.0}, strings.Repeat("x", 2001)}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			without := maps.Clone(v)
			delete(without, name)
			all = append(all, without)
			for _, s := range spoiled(v[name]) {
				changed := maps.Clone(v)
				changed[name] = s
				all = append(all, changed)
			}
		}
		more := maps.Clone(v)
		more["surplus"] = "x"
		all = append(all, more)
	case []any:
		for i := range v {
			all = append(all, slices.Concat(v[:i:i], v[i+1:]))
			for _, s := range spoiled(v[i]) {
				changed := slices.Clone(v)
				changed[i] = s
				all = append(all, changed)
			}
		}
		if len(v) > 0 {
			all = append(all, slices.Repeat(v, 101))
		}
	case string:
		all = append(all, v+strings.Repeat("x", 101), strings.ToUpper(v))
	}
	return all
}
