package notionsim_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"notionrelay/local/notionsim"
)

// The rules that the cases below check, in the words of the project's notes on
// the API.
const (
	ruleEmpty       = "Empty strings are not supported"
	ruleNull        = "Send `null`"
	ruleEmptyArray  = "`rich_text: []` and `title: []` are fine"
	ruleNullArray   = "`rich_text: null` and `properties: null` are rejected"
	ruleEmptyText   = "`text.content: \"\"` is accepted"
	ruleLink        = "Text with a link whose URL is not absolute http, https or mailto: 400 `Invalid URL for link.`"
	ruleRequest     = "1,000 block elements, 500 KB"
	ruleArray       = "any array of blocks or of rich text | 100"
	ruleNesting     = "two levels of children below the top array"
	ruleText        = "text.content 2,000; link and any URL 2,000; equation 1,000"
	ruleUTF16       = "counted in UTF-16 units"
	ruleEmail       = "200 in the text, 100 in the schema: keep to 100"
	ruleOption      = "100, no commas; multi_select 100 options"
	ruleLanguage    = "a closed list; unknown ones are 400"
	ruleCodes400    = "400 invalid_json, invalid_request_url, invalid_request, validation_error, missing_version"
	ruleCode401     = "401 unauthorized"
	ruleCode404     = "404 object_not_found"
	ruleVersion     = "The version in use is `2022-06-28`"
	ruleAfter       = "append accepts `after`"
	ruleArchived    = "PATCH of page, block, database accepts `archived`"
	ruleProperties  = "POST and PATCH databases take top-level `properties`"
	ruleQuery       = "POST /v1/databases/{id}/query exists"
	ruleNewOption   = "A select option that does not exist yet is added to the database's schema by the page that uses it"
	ruleSchema      = "`notion-openapi.json` is the official schema"
	rulePropertyNil = "Nil slices become null (400)"
)

func TestEveryCaseNamesItsRule(t *testing.T) {
	t.Parallel()
	if n := len(conformance); n < 120 {
		t.Errorf("the table has %d cases, want at least 120", n)
	}
	for _, tt := range conformance {
		if tt.rule == "" {
			t.Errorf("case %q names no rule", tt.name)
		}
	}
}

// conformanceCase is one request and how Notion answers it. In path and body,
// {db} and the like stand for ids of the fixture; see newFixture.
type conformanceCase struct {
	rule, name         string
	method, path, body string
	status             int
	want               string // in the error's message; or its code, for errors other than 400
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, tt := range conformance {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ids := newFixture(t)
			before := c.sim.Tree()
			status, o := c.do(tt.method, ids.Replace(tt.path), ids.Replace(tt.body))
			if status != tt.status {
				t.Fatalf("%s\n%s %s %.300s\ngot %d %v, want %d", tt.rule, tt.method, tt.path, tt.body, status, o["message"], tt.status)
			}
			if status == http.StatusOK {
				return
			}
			checkError(t, o, status, tt.want)
			if c.sim.Tree() != before {
				t.Errorf("%s: a refused request changed the workspace", tt.rule)
			}
		})
	}
}

// checkError checks an error's shape, and that its code or message has want.
func checkError(t *testing.T, o map[string]any, status int, want string) {
	t.Helper()
	id, _ := o["request_id"].(string)
	if o["object"] != "error" || o["status"] != float64(status) || len(id) != 36 {
		t.Errorf("error is not in Notion's shape: %v", o)
	}
	if message, _ := o["message"].(string); want != o["code"] && !strings.Contains(message, want) {
		t.Errorf("message: got %q (%v), want %q in it", message, o["code"], want)
	}
}

// newFixture is a workspace with one of everything that the cases refer to.
func newFixture(t *testing.T) (*client, *strings.Replacer) {
	t.Helper()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	page := c.page(row, "Home", paragraph("first")+`,{"divider":{}},`+table(2, 2)+`,`+
		`{"heading_1":{"rich_text":[]}},{"heading_2":{"rich_text":[],"is_toggleable":true}},`+
		`{"code":{"rich_text":[],"language":"go"}},`+paragraph("last"))
	blocks := ids(c.must("GET", "/v1/blocks/"+page+"/children", ""))
	rows := ids(c.must("GET", "/v1/blocks/"+blocks[2]+"/children", ""))
	quotes := c.must("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+page+`"},"properties":`+quotesSchema+`}`)["id"].(string)
	trash := c.page(page, "Trash", paragraph("x"))
	below := ids(c.must("GET", "/v1/blocks/"+trash+"/children", ""))[0]
	c.must("DELETE", "/v1/blocks/"+trash, "")
	return c, strings.NewReplacer(
		"{db}", c.sim.DatabaseID(), "{row}", row, "{page}", page, "{quotes}", quotes,
		"{paragraph}", blocks[0], "{divider}", blocks[1], "{table}", blocks[2], "{heading}", blocks[3],
		"{toggle}", blocks[4], "{code}", blocks[5], "{last}", blocks[6], "{cells}", rows[0],
		"{trash}", trash, "{below trash}", below, "{nobody}", "00000000-0000-4000-8000-000000000000",
	)
}

const quotesSchema = `{"Quote":{"title":{}},"Category":{"select":{"options":[{"name":"general","color":"gray"}]}},` +
	`"Tags":{"multi_select":{}},"Score":{"number":{"format":"percent"}},"Link":{"url":{}},"Phone":{"phone_number":{}},` +
	`"Added":{"date":{}},"Seen":{"checkbox":{}},"Mail":{"email":{}},"Why":{"rich_text":{}}}`

var conformance = slicesOf(
	emptyValueCases, linkCases, imageCases, limitCases, nestingCases, optionCases, codeCases,
	pageCases, blockCases, databaseCases, queryCases,
)

func slicesOf(groups ...[]conformanceCase) (all []conformanceCase) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// The builders below make cases; status 400 is implied by a message to expect.

func refused(rule, name, method, path, body, message string) conformanceCase {
	return conformanceCase{rule, name, method, path, body, http.StatusBadRequest, message}
}

func accepted(rule, name, method, path, body string) conformanceCase {
	return conformanceCase{rule, name, method, path, body, http.StatusOK, ""}
}

func missing(name, method, path, body string) conformanceCase {
	return conformanceCase{ruleCode404, name, method, path, body, http.StatusNotFound, "object_not_found"}
}

// reportsRow is the creation of a row with these properties.
func reportsRow(properties string) string {
	return `{"parent":{"database_id":"{db}"},"properties":{` + properties + `}}`
}

// newDatabase is the creation of a database with these properties and a title.
func newDatabase(properties string) string {
	return `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"Name":{"title":{}},` + properties + `}}`
}

func quoteRow(properties string) string {
	return `{"parent":{"database_id":"{quotes}"},"properties":{` + properties + `}}`
}

// below is the creation of a page with these children.
func below(children string) string {
	return `{"parent":{"page_id":"{page}"},"properties":{},"children":[` + children + `]}`
}

func children(list string) string { return `{"children":[` + list + `]}` }

func rich(text string) string { return `{"text":{"content":"` + text + `"}}` }

func linked(url string) string {
	return `{"paragraph":{"rich_text":[{"text":{"content":"x","link":{"url":"` + url + `"}}}]}}`
}

func times(n int, s string) string {
	return strings.TrimSuffix(strings.Repeat(s+",", n), ",")
}

func table(width, rows int) string {
	row := `{"table_row":{"cells":[` + times(width, "[]") + `]}}`
	return `{"table":{"table_width":` + strconv.Itoa(width) + `,"children":[` + times(rows, row) + `]}}`
}

// nested is a list item with levels of items below it, and leaf in the lowest.
func nested(levels int, leaf string) string {
	if levels == 0 {
		return leaf
	}
	return `{"bulleted_list_item":{"rich_text":[],"children":[` + nested(levels-1, leaf) + `]}}`
}

func options(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"name":"option %d"}`, i)
	}
	return strings.Join(all, ",")
}

const (
	item      = `{"bulleted_list_item":{"rich_text":[]}}`
	children2 = "/v1/blocks/{page}/children"
)

var (
	long2001   = strings.Repeat("x", 2001)
	long101    = strings.Repeat("x", 101)
	emoji1001  = strings.Repeat("😀", 1001) // 2,002 UTF-16 units, 1,001 characters
	url2001    = "https://example.com/" + strings.Repeat("x", 1981)
	email101   = strings.Repeat("x", 89) + "@example.com"
	expression = strings.Repeat("x", 1001)
)

var emptyValueCases = []conformanceCase{
	refused(ruleEmpty, "empty e-mail", "POST", "/v1/pages", reportsRow(`"Contact Email":{"email":""}`), `email should be populated or null, instead was ""`),
	refused(ruleEmpty, "empty e-mail in an update", "PATCH", "/v1/pages/{row}", `{"properties":{"Contact Email":{"email":""}}}`, `email should be populated or null, instead was ""`),
	refused(ruleEmpty, "empty url", "POST", "/v1/pages", quoteRow(`"Link":{"url":""}`), `url should be populated or null, instead was ""`),
	refused(ruleEmpty, "empty phone number", "POST", "/v1/pages", quoteRow(`"Phone":{"phone_number":""}`), `phone_number should be populated or null`),
	refused(ruleEmpty, "empty select name", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"name":""}}`), `name should be populated`),
	refused(ruleEmpty, "empty multi_select name", "POST", "/v1/pages", quoteRow(`"Tags":{"multi_select":[{"name":""}]}`), `name should be populated`),
	refused(ruleEmpty, "empty image url", "PATCH", children2, children(`{"image":{"external":{"url":""}}}`), `url should be populated`),
	refused(ruleEmpty, "empty date", "POST", "/v1/pages", quoteRow(`"Added":{"date":{"start":""}}`), `start should be a valid ISO 8601 date`),
	refused(ruleEmpty, "empty icon", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"icon":{"emoji":""}}`, `emoji should be an emoji`),
	refused(ruleEmpty, "empty option name in a schema", "POST", "/v1/databases", newDatabase(`"S":{"select":{"options":[{"name":""}]}}`), `name should be populated`),
	accepted(ruleNull, "null e-mail", "POST", "/v1/pages", reportsRow(`"Contact Email":{"email":null}`)),
	accepted(ruleNull, "null url", "POST", "/v1/pages", quoteRow(`"Link":{"url":null}`)),
	accepted(ruleNull, "null phone number", "POST", "/v1/pages", quoteRow(`"Phone":{"phone_number":null}`)),
	accepted(ruleNull, "null select", "POST", "/v1/pages", quoteRow(`"Category":{"select":null}`)),
	accepted(ruleNull, "null date", "POST", "/v1/pages", quoteRow(`"Added":{"date":null}`)),
	accepted(ruleNull, "null number", "POST", "/v1/pages", quoteRow(`"Score":{"number":null}`)),
	accepted(ruleNull, "null icon and cover", "PATCH", "/v1/pages/{page}", `{"icon":null,"cover":null}`),
	accepted(ruleNull, "null link", "PATCH", children2, children(`{"paragraph":{"rich_text":[{"text":{"content":"x","link":null}}]}}`)),
	accepted(ruleEmptyArray, "empty title", "POST", "/v1/pages", reportsRow(`"Company":{"title":[]}`)),
	accepted(ruleEmptyArray, "empty rich text property", "POST", "/v1/pages", reportsRow(`"Report Type":{"rich_text":[]}`)),
	accepted(ruleEmptyArray, "empty paragraph", "PATCH", children2, children(`{"paragraph":{"rich_text":[]}}`)),
	refused(ruleNullArray, "null rich text", "PATCH", children2, children(`{"paragraph":{"rich_text":null}}`), "rich_text should be an array, instead was `null`"),
	refused(ruleNullArray, "null title", "POST", "/v1/pages", reportsRow(`"Company":{"title":null}`), "title should be an array, instead was `null`"),
	refused(ruleNullArray, "null properties", "POST", "/v1/pages", `{"parent":{"database_id":"{db}"},"properties":null}`, "properties should be an object, instead was `null`"),
	refused(ruleNullArray, "null checkbox", "POST", "/v1/pages", quoteRow(`"Seen":{"checkbox":null}`), "checkbox should be a boolean, instead was `null`"),
	refused(rulePropertyNil, "null children", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"children":null}`, "body.children should be an array, instead was `null`"),
	refused(rulePropertyNil, "null multi_select", "POST", "/v1/pages", quoteRow(`"Tags":{"multi_select":null}`), "multi_select should be an array"),
	refused(rulePropertyNil, "null cells", "PATCH", "/v1/blocks/{table}/children", children(`{"table_row":{"cells":null}}`), "cells should be an array"),
	accepted(ruleEmptyText, "empty text content", "PATCH", children2, children(`{"paragraph":{"rich_text":[`+rich("")+`]}}`)),
}

var linkCases = []conformanceCase{
	refused(ruleLink, "anchor link", "PATCH", children2, children(linked("#summary")), "Invalid URL for link."),
	refused(ruleLink, "relative link", "PATCH", children2, children(linked("/about")), "Invalid URL for link."),
	refused(ruleLink, "link without a host", "PATCH", children2, children(linked("https://#section")), "Invalid URL for link."),
	refused(ruleLink, "link without a scheme", "PATCH", children2, children(linked("example.com")), "Invalid URL for link."),
	refused(ruleLink, "script link", "PATCH", children2, children(linked("javascript:alert(1)")), "Invalid URL for link."),
	refused(ruleLink, "ftp link", "PATCH", children2, children(linked("ftp://example.com/x")), "Invalid URL for link."),
	refused(ruleLink, "empty link", "PATCH", children2, children(linked("")), "Invalid URL for link."),
	refused(ruleLink, "link with a space", "PATCH", children2, children(linked("https://example.com/a b")), "Invalid URL for link."),
	refused(ruleLink, "mailto without an address", "PATCH", children2, children(linked("mailto:")), "Invalid URL for link."),
	refused(ruleLink, "anchor link in a property", "POST", "/v1/pages", reportsRow(`"Company":{"title":[{"text":{"content":"x","link":{"url":"#x"}}}]}`), "Invalid URL for link."),
	refused(ruleLink, "anchor link in a table cell", "PATCH", "/v1/blocks/{table}/children", children(`{"table_row":{"cells":[[{"text":{"content":"x","link":{"url":"#x"}}}],[]]}}`), "Invalid URL for link."),
	accepted(ruleLink, "https link", "PATCH", children2, children(linked("https://example.com/a?b=c#d"))),
	accepted(ruleLink, "http link", "PATCH", children2, children(linked("http://example.com"))),
	accepted(ruleLink, "mailto link", "PATCH", children2, children(linked("mailto:a@example.com"))),
	refused(ruleText, "relative cover", "PATCH", "/v1/pages/{page}", `{"cover":{"external":{"url":"a.png"}}}`, "body.cover.external.url: Invalid URL."),
}

var limitCases = []conformanceCase{
	refused(ruleArray, "101 blocks in an append", "PATCH", children2, children(times(101, item)), "body.children.length should be ≤ `100`, instead was `101`"),
	refused(ruleArray, "325 blocks in an append", "PATCH", children2, children(times(325, item)), "body failed validation: body.children.length should be ≤ `100`, instead was `325`."),
	refused(ruleArray, "101 blocks in a new page", "POST", "/v1/pages", below(times(101, item)), "body.children.length should be ≤ `100`"),
	accepted(ruleArray, "100 blocks in a new page", "POST", "/v1/pages", below(times(100, item))),
	refused(ruleArray, "101 blocks below a block", "PATCH", children2, children(nested(1, times(101, item))), "body.children[0].bulleted_list_item.children.length should be ≤ `100`"),
	refused(ruleArray, "101 pieces of rich text", "PATCH", children2, children(`{"paragraph":{"rich_text":[`+times(101, rich("x"))+`]}}`), "rich_text.length should be ≤ `100`"),
	accepted(ruleArray, "100 pieces of rich text", "PATCH", children2, children(`{"paragraph":{"rich_text":[`+times(100, rich("x"))+`]}}`)),
	refused(ruleArray, "101 pieces in a title", "POST", "/v1/pages", reportsRow(`"Company":{"title":[`+times(101, rich("x"))+`]}`), "title.length should be ≤ `100`"),
	refused(ruleArray, "101 pieces in a caption", "PATCH", children2, children(`{"image":{"external":{"url":"https://example.com/x.png"},"caption":[`+times(101, rich("x"))+`]}}`), "caption.length should be ≤ `100`"),
	refused(ruleArray, "101 rows", "PATCH", children2, children(table(2, 101)), "table.children.length should be ≤ `100`"),
	accepted(ruleArray, "100 rows", "PATCH", children2, children(table(2, 100))),
	refused(ruleArray, "101 cells", "PATCH", children2, children(table(101, 1)), "cells.length should be ≤ `100`"),
	refused(ruleRequest, "1,001 block elements", "PATCH", children2, children(times(11, nested(1, times(90, item)))), "should have ≤ `1000` block elements in all, instead had `1001`"),
	accepted(ruleRequest, "1,000 block elements", "PATCH", children2, children(times(10, nested(1, times(99, item))))),
	refused(ruleRequest, "1,010 block elements in rows", "PATCH", children2, children(times(10, table(1, 100))), "block elements in all, instead had `1010`"),
	refused(ruleRequest, "more than 500 KB", "PATCH", children2, children(times(100, paragraph(strings.Repeat("é", 2000)))+strings.Repeat(" ", 100_000)), "should be ≤ `500000` bytes"),
	accepted(ruleText, "2,000 units of text", "PATCH", children2, children(paragraph(strings.Repeat("x", 2000)))),
	refused(ruleText, "2,001 units of text", "PATCH", children2, children(paragraph(long2001)), "text.content.length should be ≤ `2000`, instead was `2001`"),
	refused(ruleText, "2,001 units in a title", "POST", "/v1/pages", reportsRow(`"Company":{"title":[`+rich(long2001)+`]}`), "text.content.length should be ≤ `2000`"),
	refused(ruleText, "2,001 units in a cell", "PATCH", "/v1/blocks/{table}/children", children(`{"table_row":{"cells":[[`+rich(long2001)+`],[]]}}`), "text.content.length should be ≤ `2000`"),
	refused(ruleText, "2,001 units in a code block", "PATCH", children2, children(`{"code":{"language":"go","rich_text":[`+rich(long2001)+`]}}`), "text.content.length should be ≤ `2000`"),
	refused(ruleText, "link of 2,001 units", "PATCH", children2, children(linked(url2001)), "url.length should be ≤ `2000`"),
	refused(ruleText, "image url of 2,001 units", "PATCH", children2, children(`{"image":{"external":{"url":"`+url2001+`"}}}`), "url.length should be ≤ `2000`"),
	refused(ruleText, "url property of 2,001 units", "POST", "/v1/pages", quoteRow(`"Link":{"url":"`+url2001+`"}`), "url.length should be ≤ `2000`"),
	refused(ruleText, "equation of 1,001 units", "PATCH", children2, children(`{"equation":{"expression":"`+expression+`"}}`), "expression.length should be ≤ `1000`"),
	refused(ruleText, "inline equation of 1,001 units", "PATCH", children2, children(`{"paragraph":{"rich_text":[{"equation":{"expression":"`+expression+`"}}]}}`), "expression.length should be ≤ `1000`"),
	refused(ruleUTF16, "1,001 characters of two units", "PATCH", children2, children(paragraph(emoji1001)), "text.content.length should be ≤ `2000`, instead was `2002`"),
	accepted(ruleUTF16, "1,000 characters of two units", "PATCH", children2, children(paragraph(strings.Repeat("😀", 1000)))),
	refused(ruleEmail, "e-mail of 101 characters", "POST", "/v1/pages", reportsRow(`"Contact Email":{"email":"`+email101+`"}`), "email.length should be ≤ `100`"),
	accepted(ruleEmail, "e-mail of 100 characters", "POST", "/v1/pages", reportsRow(`"Contact Email":{"email":"`+email101[1:]+`"}`)),
	accepted(ruleLanguage, "known language", "PATCH", children2, children(`{"code":{"rich_text":[],"language":"plain text"}}`)),
	refused(ruleLanguage, "unknown language", "PATCH", children2, children(`{"code":{"rich_text":[],"language":"golang"}}`), `language should be`),
	refused(ruleLanguage, "language in capitals", "PATCH", children2, children(`{"code":{"rich_text":[],"language":"Go"}}`), `language should be`),
	refused(ruleLanguage, "no language", "PATCH", children2, children(`{"code":{"rich_text":[]}}`), "language should be defined, instead was `undefined`"),
}

var nestingCases = []conformanceCase{
	accepted(ruleNesting, "two levels of children", "PATCH", children2, children(nested(2, item))),
	refused(ruleNesting, "three levels of children", "PATCH", children2, children(nested(3, item)), "children should be not present"),
	refused(ruleNesting, "three levels in a new page", "POST", "/v1/pages", below(nested(3, item)), "children should be not present"),
	accepted(ruleNesting, "table on the first level", "PATCH", children2, children(nested(1, table(1, 1)))),
	refused(ruleNesting, "table on the second level", "PATCH", children2, children(nested(2, table(1, 1))), "should have one of"),
	refused(ruleSchema, "children of a divider", "PATCH", children2, children(`{"divider":{"children":[]}}`), "children should be not present"),
	refused(ruleSchema, "children of a heading that cannot be toggled", "PATCH", children2, children(`{"heading_1":{"rich_text":[],"children":[`+item+`]}}`), "is_toggleable should be `true`"),
	accepted(ruleSchema, "children of a toggle heading", "PATCH", children2, children(`{"heading_1":{"rich_text":[],"is_toggleable":true,"children":[`+item+`]}}`)),
	accepted(ruleSchema, "append to a toggle heading", "PATCH", "/v1/blocks/{toggle}/children", children(item)),
	refused(ruleSchema, "append to a plain heading", "PATCH", "/v1/blocks/{heading}/children", children(item), "Block does not support children."),
	refused(ruleSchema, "append to a divider", "PATCH", "/v1/blocks/{divider}/children", children(item), "Block does not support children."),
	refused(ruleSchema, "append to a code block", "PATCH", "/v1/blocks/{code}/children", children(item), "Block does not support children."),
	refused(ruleSchema, "append to a database", "PATCH", "/v1/blocks/{quotes}/children", children(item), "Block does not support children."),
}

var optionCases = []conformanceCase{
	refused(ruleOption, "comma in a select name", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"name":"a,b"}}`), "commas not allowed"),
	refused(ruleOption, "comma in a multi_select name", "POST", "/v1/pages", quoteRow(`"Tags":{"multi_select":[{"name":"a,b"}]}`), "commas not allowed"),
	refused(ruleOption, "comma in an option of a new database", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"Name":{"title":{}},"S":{"select":{"options":[{"name":"a,b"}]}}}}`, "commas not allowed"),
	refused(ruleOption, "select name of 101", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"name":"`+long101+`"}}`), "name.length should be ≤ `100`"),
	accepted(ruleOption, "select name of 100", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"name":"`+long101[1:]+`"}}`)),
	refused(ruleOption, "101 options of one value", "POST", "/v1/pages", quoteRow(`"Tags":{"multi_select":[`+options(101)+`]}`), "multi_select.length should be ≤ `100`"),
	accepted(ruleOption, "100 options of one value", "POST", "/v1/pages", quoteRow(`"Tags":{"multi_select":[`+options(100)+`]}`)),
	refused(ruleOption, "101 options in a schema", "POST", "/v1/databases", newDatabase(`"S":{"select":{"options":[`+options(101)+`]}}`), "options.length should be ≤ `100`"),
	refused(ruleOption, "two options of one name", "POST", "/v1/databases", newDatabase(`"S":{"select":{"options":[{"name":"a"},{"name":"A"}]}}`), "unique names"),
	accepted(ruleNewOption, "option that the schema lacks", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"name":"new"}}`)),
	refused(ruleSchema, "option with an unknown color", "POST", "/v1/databases", newDatabase(`"S":{"select":{"options":[{"name":"a","color":"teal"}]}}`), "color should be"),
	refused(ruleSchema, "option by an unknown id", "POST", "/v1/pages", quoteRow(`"Category":{"select":{"id":"nope"}}`), "does not exist"),
}

var codeCases = []conformanceCase{
	refused(ruleCodes400, "body cut off", "POST", "/v1/pages", `{"parent":`, "invalid_json"),
	refused(ruleCodes400, "two objects", "POST", "/v1/pages", `{}{}`, "invalid_json"),
	refused(ruleCodes400, "invalid UTF-8", "POST", "/v1/databases/{db}/query", "{\"filter\":\"\xff\"}", "invalid_json"),
	refused(ruleCodes400, "body that is no object", "POST", "/v1/pages", `[]`, "body should be an object"),
	refused(ruleCodes400, "no such path", "GET", "/v1/nothing", "", "invalid_request_url"),
	refused(ruleCodes400, "no such method", "DELETE", "/v1/pages/{page}", "", "invalid_request_url"),
	refused(ruleCodes400, "id that is none", "GET", "/v1/pages/home", "", "path failed validation: path.id should be a valid uuid, instead was `\"home\"`."),
	refused(ruleCodes400, "empty body", "POST", "/v1/pages", ``, "body.parent should be defined, instead was `undefined`"),
	missing("page that never was", "GET", "/v1/pages/{nobody}", ""),
	missing("block that never was", "GET", "/v1/blocks/{nobody}", ""),
	missing("children of a block that never was", "GET", "/v1/blocks/{nobody}/children", ""),
	missing("database that never was", "GET", "/v1/databases/{nobody}", ""),
	missing("query of a database that never was", "POST", "/v1/databases/{nobody}/query", `{}`),
	refused(ruleSchema, "page as a database", "GET", "/v1/databases/{page}", "", "is a page, not a database"),
	missing("block as a database", "GET", "/v1/databases/{paragraph}", ""),
	missing("database as a page", "GET", "/v1/pages/{db}", ""),
	missing("block as a page", "GET", "/v1/pages/{paragraph}", ""),
	missing("new page in a database that never was", "POST", "/v1/pages", `{"parent":{"database_id":"{nobody}"},"properties":{}}`),
	missing("new page in a page named as a database", "POST", "/v1/pages", `{"parent":{"database_id":"{page}"},"properties":{}}`),
	missing("new page below a block", "POST", "/v1/pages", `{"parent":{"page_id":"{paragraph}"},"properties":{}}`),
	missing("new database below a page that never was", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{nobody}"},"properties":{"Name":{"title":{}}}}`),
	missing("append to a block that never was", "PATCH", "/v1/blocks/{nobody}/children", children(item)),
	missing("delete of a block that never was", "DELETE", "/v1/blocks/{nobody}", ""),
	missing("update of a page that never was", "PATCH", "/v1/pages/{nobody}", `{}`),
}

var pageCases = []conformanceCase{
	accepted(ruleSchema, "page with everything", "POST", "/v1/pages", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"title":{"title":[`+rich("x")+`]}},"icon":{"type":"emoji","emoji":"👩‍💻"},"cover":{"type":"external","external":{"url":"https://example.com/x.png"}},"children":[`+item+`]}`),
	refused(ruleSchema, "page without a parent", "POST", "/v1/pages", `{"properties":{}}`, "body.parent should be defined"),
	refused(ruleVersion, "page without properties", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"}}`, "body.properties should be defined"),
	refused(ruleSchema, "page with two parents", "POST", "/v1/pages", `{"parent":{"page_id":"{page}","database_id":"{db}"},"properties":{}}`, "should be not present"),
	refused(ruleSchema, "parent of the wrong type", "POST", "/v1/pages", `{"parent":{"type":"database_id","page_id":"{page}"},"properties":{}}`, "body.parent.database_id should be defined"),
	refused(ruleVersion, "page in a data source", "POST", "/v1/pages", `{"parent":{"data_source_id":"{db}"},"properties":{}}`, "body.parent should have one of"),
	refused(ruleVersion, "page from markdown", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"markdown":"x"}`, "body.markdown should be not present"),
	refused(ruleSchema, "unknown field", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"colour":"red"}`, "body.colour should be not present, instead was `\"red\"`"),
	refused(ruleSchema, "unknown property", "POST", "/v1/pages", reportsRow(`"Firm":{"title":[]}`), "Firm is not a property that exists."),
	refused(ruleSchema, "property of another type", "POST", "/v1/pages", reportsRow(`"Company":{"rich_text":[]}`), "Company is expected to be title."),
	refused(ruleSchema, "property with two types", "POST", "/v1/pages", reportsRow(`"Company":{"title":[],"rich_text":[]}`), "rich_text should be not present"),
	refused(ruleSchema, "database property below a page", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{"Company":{"title":[]}}}`, "Company is not a property that exists."),
	refused(ruleSchema, "number as a string", "POST", "/v1/pages", quoteRow(`"Score":{"number":"1"}`), "number should be a number"),
	refused(ruleSchema, "date that is none", "POST", "/v1/pages", quoteRow(`"Added":{"date":{"start":"tomorrow"}}`), "should be a valid ISO 8601 date"),
	accepted(ruleSchema, "date with a time", "POST", "/v1/pages", quoteRow(`"Added":{"date":{"start":"2026-01-02T03:04:05Z","end":null}}`)),
	refused(ruleSchema, "icon that is no emoji", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"icon":{"emoji":"AB"}}`, "emoji should be an emoji"),
	refused(ruleSchema, "icon of two emoji", "POST", "/v1/pages", `{"parent":{"page_id":"{page}"},"properties":{},"icon":{"emoji":"😀😀"}}`, "emoji should be an emoji"),
	accepted(ruleSchema, "icon by url", "PATCH", "/v1/pages/{page}", `{"icon":{"external":{"url":"https://example.com/x.png"}}}`),
	refused(ruleSchema, "new page below the trash", "POST", "/v1/pages", `{"parent":{"page_id":"{trash}"},"properties":{}}`, "archived"),
	accepted(ruleArchived, "page into the trash", "PATCH", "/v1/pages/{page}", `{"archived":true}`),
	accepted(ruleArchived, "page out of the trash", "PATCH", "/v1/pages/{trash}", `{"archived":false}`),
	refused(ruleArchived, "archived as a string", "PATCH", "/v1/pages/{page}", `{"archived":"true"}`, "archived should be a boolean"),
	refused(ruleArchived, "update of a page in the trash", "PATCH", "/v1/pages/{trash}", `{"icon":null}`, "You must unarchive the block before editing."),
}

var blockCases = []conformanceCase{
	refused(ruleSchema, "block of an unknown type", "PATCH", children2, children(`{"type":"heading_9","heading_9":{"rich_text":[]}}`), "body.children[0].type should be"),
	refused(ruleSchema, "block whose type differs", "PATCH", children2, children(`{"type":"quote","paragraph":{"rich_text":[]}}`), "body.children[0].quote should be defined"),
	refused(ruleSchema, "block without content", "PATCH", children2, children(`{"type":"paragraph"}`), "body.children[0].paragraph should be defined"),
	refused(ruleSchema, "block of two types", "PATCH", children2, children(`{"paragraph":{"rich_text":[]},"quote":{"rich_text":[]}}`), "should be not present"),
	refused(ruleSchema, "block without rich text", "PATCH", children2, children(`{"paragraph":{}}`), "rich_text should be defined"),
	refused(ruleSchema, "block with an unknown color", "PATCH", children2, children(`{"paragraph":{"rich_text":[],"color":"teal"}}`), "color should be"),
	refused(ruleSchema, "block that is a string", "PATCH", children2, children(`"x"`), "body.children[0] should be an object"),
	refused(ruleSchema, "rich text of an unknown kind", "PATCH", children2, children(`{"paragraph":{"rich_text":[{"type":"html","html":"x"}]}}`), "rich_text[0].type should be"),
	refused(ruleSchema, "annotation that is no boolean", "PATCH", children2, children(`{"paragraph":{"rich_text":[{"text":{"content":"x"},"annotations":{"bold":"yes"}}]}}`), "bold should be a boolean"),
	refused(ruleSchema, "rich text that is a string", "PATCH", children2, children(`{"paragraph":{"rich_text":"x"}}`), "rich_text should be an array"),
	refused(ruleSchema, "text content that is a number", "PATCH", children2, children(`{"paragraph":{"rich_text":[{"text":{"content":1}}]}}`), "content should be a string"),
	refused(ruleSchema, "no children", "PATCH", children2, `{}`, "body.children should be defined"),
	refused(ruleSchema, "append of nothing", "PATCH", children2, children(``), "body.children.length should be ≥ `1`"),
	refused(ruleSchema, "row that is too short", "PATCH", "/v1/blocks/{table}/children", children(`{"table_row":{"cells":[[]]}}`), "Number of cells in table row must match the table width of the parent table"),
	refused(ruleSchema, "row that is too long in a new table", "PATCH", children2, children(`{"table":{"table_width":1,"children":[{"table_row":{"cells":[[],[]]}}]}}`), "Number of cells in table row must match"),
	accepted(ruleSchema, "row that fits", "PATCH", "/v1/blocks/{table}/children", children(`{"table_row":{"cells":[[],[]]}}`)),
	refused(ruleSchema, "table without rows", "PATCH", children2, children(`{"table":{"table_width":1,"children":[]}}`), "table.children.length should be ≥ `1`"),
	refused(ruleSchema, "table without a width", "PATCH", children2, children(`{"table":{"children":[{"table_row":{"cells":[]}}]}}`), "table_width should be defined"),
	refused(ruleSchema, "row outside of a table", "PATCH", children2, children(`{"table_row":{"cells":[[]]}}`), "children of a table"),
	refused(ruleSchema, "row below a list item", "PATCH", children2, children(nested(1, `{"table_row":{"cells":[[]]}}`)), "children of a table"),
	refused(ruleSchema, "paragraph in a table", "PATCH", "/v1/blocks/{table}/children", children(paragraph("x")), "children of a table"),
	accepted(ruleAfter, "append after a sibling", "PATCH", children2, `{"after":"{paragraph}","children":[`+item+`]}`),
	refused(ruleAfter, "append after a stranger", "PATCH", children2, `{"after":"{row}","children":[`+item+`]}`, "not parented by"),
	refused(ruleAfter, "append after what is in the trash", "PATCH", children2, `{"after":"{trash}","children":[`+item+`]}`, "not parented by"),
	refused(ruleAfter, "append after what is no id", "PATCH", children2, `{"after":"end","children":[`+item+`]}`, "after should be a valid uuid"),
	refused(ruleVersion, "append at a position", "PATCH", children2, `{"position":{"type":"start"},"children":[`+item+`]}`, "position should be not present"),
	refused(ruleArchived, "append to the trash", "PATCH", "/v1/blocks/{trash}/children", children(item), "You must unarchive the block before editing."),
	refused(ruleArchived, "append below the trash", "PATCH", "/v1/blocks/{below trash}/children", children(item), "You must unarchive the block before editing."),
	refused(ruleArchived, "delete of what is in the trash", "DELETE", "/v1/blocks/{trash}", "", "You must unarchive the block before editing."),
	refused(ruleSchema, "101 blocks per listing", "GET", "/v1/blocks/{page}/children?page_size=101", "", "query.page_size should be ≤ `100`, instead was `101`"),
	refused(ruleSchema, "listing from a cursor that is none", "GET", "/v1/blocks/{page}/children?start_cursor=x", "", "start_cursor should be a valid uuid"),
	refused(ruleSchema, "listing from a stranger", "GET", "/v1/blocks/{page}/children?start_cursor={row}", "", "The start_cursor provided is invalid"),
}

var databaseCases = []conformanceCase{
	accepted(ruleProperties, "database", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"title":[`+rich("x")+`],"icon":{"emoji":"💬"},"properties":`+quotesSchema+`}`),
	refused(ruleProperties, "database without properties", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"}}`, "body.properties should be defined"),
	refused(ruleProperties, "database without a title property", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"A":{"rich_text":{}}}}`, "Title is not provided"),
	refused(ruleProperties, "database with two title properties", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"A":{"title":{}},"B":{"title":{}}}}`, "exactly one title property"),
	refused(ruleProperties, "property of an unknown type", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"A":{"title":{}},"B":{"blob":{}}}}`, "body.properties.B should have one of"),
	refused(ruleProperties, "property without a name", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"{page}"},"properties":{"A":{"title":{}},"":{"url":{}}}}`, "names that are not empty"),
	refused(ruleSchema, "database without a parent type", "POST", "/v1/databases", `{"parent":{"page_id":"{page}"},"properties":{"A":{"title":{}}}}`, "body.parent.type should be defined"),
	refused(ruleSchema, "database in a database", "POST", "/v1/databases", `{"parent":{"type":"database_id","database_id":"{db}"},"properties":{"A":{"title":{}}}}`, "body.parent.type should be"),
	refused(ruleSchema, "number of an unknown format", "POST", "/v1/databases", newDatabase(`"N":{"number":{"format":"bitcoin"}}`), "format should be"),
	refused(ruleNullArray, "null title of a database", "POST", "/v1/databases", `{"title":null,"parent":{"type":"page_id","page_id":"{page}"},"properties":{"Name":{"title":{}}}}`, "title should be an array"),
}

var queryCases = []conformanceCase{
	accepted(ruleQuery, "everything", "POST", "/v1/databases/{db}/query", ``),
	accepted(ruleQuery, "title equals", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Company","title":{"equals":"Acme"}}}`),
	accepted(ruleQuery, "rich text contains", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Report Type","rich_text":{"contains":"x"}}}`),
	accepted(ruleQuery, "created on or after", "POST", "/v1/databases/{db}/query", `{"filter":{"timestamp":"created_time","created_time":{"on_or_after":"2026-01-01T00:00:00Z"}}}`),
	accepted(ruleQuery, "and of or", "POST", "/v1/databases/{db}/query", `{"filter":{"and":[{"or":[{"property":"Company","title":{"is_not_empty":true}}]}]}}`),
	refused(ruleQuery, "and of or of and", "POST", "/v1/databases/{db}/query", `{"filter":{"and":[{"or":[{"and":[]}]}]}}`, "and should be not present"),
	refused(ruleQuery, "filter on an unknown property", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Firm","title":{"equals":"x"}}}`, "Could not find property with name or id: Firm"),
	refused(ruleQuery, "filter of another type", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Company","rich_text":{"equals":"x"}}}`, "database property title does not match filter rich_text"),
	refused(ruleQuery, "filter with an unknown operator", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Company","title":{"like":"x"}}}`, "title should have one of"),
	refused(ruleQuery, "filter for a number in text", "POST", "/v1/databases/{db}/query", `{"filter":{"property":"Company","title":{"equals":1}}}`, "equals should be a string"),
	refused(ruleQuery, "filter on an unknown timestamp", "POST", "/v1/databases/{db}/query", `{"filter":{"timestamp":"read_time","read_time":{"after":"2026-01-01"}}}`, "timestamp should be"),
	refused(ruleQuery, "filter by a time that is none", "POST", "/v1/databases/{db}/query", `{"filter":{"timestamp":"created_time","created_time":{"after":"noon"}}}`, "should be a valid ISO 8601 date"),
	refused(ruleQuery, "filter on a number", "POST", "/v1/databases/{quotes}/query", `{"filter":{"property":"Score","number":{"equals":1}}}`, "not supported by this simulator"),
	refused(ruleQuery, "null filter", "POST", "/v1/databases/{db}/query", `{"filter":null}`, "body.filter should be an object"),
	accepted(ruleQuery, "sort by time", "POST", "/v1/databases/{db}/query", `{"sorts":[{"timestamp":"created_time","direction":"descending"}]}`),
	refused(ruleQuery, "sort by no time", "POST", "/v1/databases/{db}/query", `{"sorts":[{"direction":"ascending"}]}`, "timestamp should be defined"),
	refused(ruleQuery, "sort in no direction", "POST", "/v1/databases/{db}/query", `{"sorts":[{"timestamp":"created_time"}]}`, "direction should be defined"),
	refused(ruleQuery, "101 rows per page", "POST", "/v1/databases/{db}/query", `{"page_size":101}`, "body.page_size should be ≤ `100`"),
	refused(ruleQuery, "no rows per page", "POST", "/v1/databases/{db}/query", `{"page_size":0}`, "body.page_size should be an integer ≥ `1`"),
	refused(ruleQuery, "rows from a stranger", "POST", "/v1/databases/{db}/query", `{"start_cursor":"{page}"}`, "The start_cursor provided is invalid"),
	refused(ruleVersion, "rows by result type", "POST", "/v1/databases/{db}/query", `{"result_type":"page"}`, "result_type should be not present"),
}

func TestHeadersAreRequired(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, name, header, value string
		status                    int
		code                      string
	}{
		{ruleCode401, "no token", "Authorization", "", 401, "unauthorized"},
		{ruleCode401, "no bearer", "Authorization", "Basic eDp5", 401, "unauthorized"},
		{ruleCode401, "another token", "Authorization", "Bearer other", 401, "unauthorized"},
		{ruleCodes400, "no version", "Notion-Version", "", 400, "missing_version"},
		{ruleVersion, "another version", "Notion-Version", "2025-09-03", 400, "missing_version"},
		{ruleCodes400, "no content type", "Content-Type", "", 400, "invalid_request"},
		{ruleCodes400, "another content type", "Content-Type", "text/plain", 400, "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, notionsim.Options{Token: "secret"})
			r := c.request("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", `{}`)
			r.Header.Set(tt.header, tt.value)
			status, o := c.send(r)
			if status != tt.status {
				t.Fatalf("%s: got %d %v, want %d", tt.rule, status, o, tt.status)
			}
			checkError(t, o, tt.status, tt.code)
		})
	}
}
