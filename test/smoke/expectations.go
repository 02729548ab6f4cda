package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// expectation is something that the program or the simulator takes for granted
// about Notion. Names in braces stand for ids that were learned before: {db},
// {row}, and what an expectation learns.
type expectation struct {
	name, method, path, body string

	status int
	says   string // in the code or the message of a refusal
	learns string // the name for the id in a good answer; {name.child} is the first child's
	header func(http.Header)
}

const onPage = "/v1/blocks/{page}/children"

func text(content string) string { return `{"type":"text","text":{"content":"` + content + `"}}` }

func paragraph(content string) string { return `{"paragraph":{"rich_text":[` + text(content) + `]}}` }

func children(blocks ...string) string { return `{"children":[` + strings.Join(blocks, ",") + `]}` }

func image(url string) string {
	return `{"image":{"type":"external","external":{"url":"` + url + `"}}}`
}

func linked(url string) string {
	return `{"paragraph":{"rich_text":[{"text":{"content":"x","link":{"url":"` + url + `"}}}]}}`
}

func code(language string) string {
	return `{"code":{"rich_text":[` + text("x") + `],"language":"` + language + `"}}`
}

// nested is a list with so many levels of children below it.
func nested(levels int) string {
	if levels == 0 {
		return `{"bulleted_list_item":{"rich_text":[]}}`
	}
	return `{"bulleted_list_item":{"rich_text":[],"children":[` + nested(levels-1) + `]}}`
}

func row(properties string) string {
	return `{"parent":{"database_id":"{db}"},"properties":{` + properties + `}}`
}

func chosen(option string) string {
	return `{"parent":{"database_id":"{quotes}"},"properties":{"Category":{"select":{"name":"` + option + `"}}}}`
}

// withHeader changes a header.
func withHeader(name, value string) func(http.Header) {
	return func(h http.Header) { h.Set(name, value) }
}

// expectations are asked in this order, on a page below the report's row.
var expectations = []expectation{
	{name: "a page below a row", method: "POST", path: "/v1/pages", body: `{"parent":{"page_id":"{row}"},"properties":{"title":{"title":[` + text("Expectations") + `]}}}`, status: 200, learns: "page"},

	{name: "who am I", method: "GET", path: "/v1/users/me", status: 200},
	{name: "an unknown token", method: "GET", path: "/v1/users/me", header: withHeader("Authorization", "Bearer nobody"), status: 401, says: "unauthorized"},
	{name: "no version", method: "GET", path: "/v1/users/me", header: func(h http.Header) { h.Del("Notion-Version") }, status: 400, says: "missing_version"},
	{name: "an unknown address", method: "GET", path: "/v1/nowhere", status: 400, says: "invalid_request_url"},
	{name: "a body that is no JSON", method: "POST", path: "/v1/pages", body: `{`, status: 400, says: "invalid_json"},

	{name: "the reports database", method: "GET", path: "/v1/databases/{db}", status: 200},
	{name: "a page as a database", method: "GET", path: "/v1/databases/{page}", status: 400, says: "is a page, not a database"},
	{name: "a database that is not there", method: "GET", path: "/v1/databases/00000000-0000-4000-8000-000000000000", status: 404, says: "object_not_found"},
	{name: "rows by title and time", method: "POST", path: "/v1/databases/{db}/query", body: `{"filter":{"and":[{"timestamp":"created_time","created_time":{"on_or_after":"2026-01-01T00:00:00Z"}},{"property":"title","title":{"starts_with":"Smoke"}}]},"sorts":[{"timestamp":"created_time","direction":"ascending"}],"page_size":100}`, status: 200},
	{name: "a row with its title by id, and without an address", method: "POST", path: "/v1/pages", body: row(`"title":{"title":[` + text("Smoke expectation") + `]},"Contact Email":{"email":null},"Report Type":{"rich_text":[]}`), status: 200},
	{name: "an empty address", method: "POST", path: "/v1/pages", body: row(`"Contact Email":{"email":""}`), status: 400, says: "validation_error"},
	{name: "an address of 101 characters", method: "POST", path: "/v1/pages", body: row(`"Contact Email":{"email":"` + strings.Repeat("a", 89) + `@example.com"}`), status: 400, says: "validation_error"},
	{name: "no list of texts", method: "POST", path: "/v1/pages", body: row(`"Report Type":{"rich_text":null}`), status: 400, says: "validation_error"},
	{name: "a property that is not there", method: "POST", path: "/v1/pages", body: row(`"Nothing of the kind":{"rich_text":[]}`), status: 400, says: "is not a property that exists"},

	{name: "a cover without an extension", method: "PATCH", path: "/v1/pages/{page}", body: `{"cover":{"type":"external","external":{"url":"https://example.com/x"}}}`, status: 200},
	{name: "an empty text", method: "PATCH", path: onPage, body: children(paragraph("")), status: 200},
	{name: "a text of 2,000", method: "PATCH", path: onPage, body: children(paragraph(strings.Repeat("x", 2000))), status: 200},
	{name: "a text of 2,001", method: "PATCH", path: onPage, body: children(paragraph(strings.Repeat("x", 2001))), status: 400, says: "validation_error"},
	{name: "a text of 1,001 characters outside of the first plane", method: "PATCH", path: onPage, body: children(paragraph(strings.Repeat("🙂", 1001))), status: 400, says: "validation_error"},
	{name: "101 blocks", method: "PATCH", path: onPage, body: children(slices.Repeat([]string{paragraph("x")}, 101)...), status: 400, says: "validation_error"},
	{name: "two levels of children", method: "PATCH", path: onPage, body: children(nested(2)), status: 200},
	{name: "three levels of children", method: "PATCH", path: onPage, body: children(nested(3)), status: 400, says: "validation_error"},
	{name: "an equation of 1,001", method: "PATCH", path: onPage, body: children(`{"equation":{"expression":"` + strings.Repeat("x", 1001) + `"}}`), status: 400, says: "validation_error"},
	{name: "children of a heading that cannot be toggled", method: "PATCH", path: onPage, body: children(`{"heading_1":{"rich_text":[],"children":[` + paragraph("x") + `]}}`), status: 400, says: "validation_error"},
	{name: "code in Go", method: "PATCH", path: onPage, body: children(code("go")), status: 200},
	{name: "code in an unknown language", method: "PATCH", path: onPage, body: children(code("klingon")), status: 400, says: "validation_error"},

	{name: "a mail link", method: "PATCH", path: onPage, body: children(linked("mailto:dana@example.com")), status: 200},
	{name: "a relative link", method: "PATCH", path: onPage, body: children(linked("/other")), status: 400, says: "Invalid URL for link."},
	{name: "a link within the page", method: "PATCH", path: onPage, body: children(linked("#x")), status: 400, says: "Invalid URL for link."},
	{name: "a png image", method: "PATCH", path: onPage, body: children(image("https://www.example.com/a.png")), status: 200},
	{name: "an image without an extension", method: "PATCH", path: onPage, body: children(image("https://quickchart.io/chart?c={}")), status: 400, says: "Invalid image url."},
	{name: "a webp image", method: "PATCH", path: onPage, body: children(image("https://www.example.com/a.webp")), status: 400, says: "Invalid image url."},
	{name: "an image in its address", method: "PATCH", path: onPage, body: children(image("data:image/png;base64,AAAA")), status: 400, says: "Invalid image url."},

	{name: "a table", method: "PATCH", path: onPage, body: children(`{"table":{"table_width":1,"children":[{"table_row":{"cells":[[` + text("x") + `]]}}]}}`), status: 200, learns: "table"},
	{name: "a later row of a table", method: "PATCH", path: "/v1/blocks/{table.child}/children", body: children(`{"table_row":{"cells":[[` + text("y") + `]]}}`), status: 200},
	{name: "a row that is too wide", method: "PATCH", path: "/v1/blocks/{table.child}/children", body: children(`{"table_row":{"cells":[[],[]]}}`), status: 400, says: "validation_error"},
	{name: "a block", method: "PATCH", path: onPage, body: children(paragraph("first")), status: 200, learns: "first"},
	{name: "a block behind another", method: "PATCH", path: onPage, body: `{"children":[` + paragraph("second") + `],"after":"{first.child}"}`, status: 200},
	{name: "the children of a page", method: "GET", path: onPage + "?page_size=100", status: 200},
	{name: "a block to the trash", method: "DELETE", path: "/v1/blocks/{first.child}", status: 200},
	{name: "a block in the trash, once more", method: "DELETE", path: "/v1/blocks/{first.child}", status: 400, says: "archived"},
	{name: "a block in the trash, read", method: "GET", path: "/v1/blocks/{first.child}", status: 200},
	{name: "a block behind one in the trash", method: "PATCH", path: onPage, body: `{"children":[` + paragraph("third") + `],"after":"{first.child}"}`, status: 400, says: "validation_error"},

	{name: "a database", method: "POST", path: "/v1/databases", body: `{"parent":{"type":"page_id","page_id":"{page}"},"icon":{"type":"emoji","emoji":"💬"},"title":[` + text("Quotes") + `],"properties":{"Quote":{"title":{}},"Category":{"select":{"options":[{"name":"general","color":"gray"}]}}}}`, status: 200, learns: "quotes"},
	{name: "a known option", method: "POST", path: "/v1/pages", body: chosen("general"), status: 200},
	{name: "an unknown option", method: "POST", path: "/v1/pages", body: chosen("new"), status: 200},
	{name: "an option with a comma", method: "POST", path: "/v1/pages", body: chosen("a, b"), status: 400, says: "commas not allowed"},
	{name: "an empty option", method: "POST", path: "/v1/pages", body: chosen(""), status: 400, says: "validation_error"},

	{name: "a page to the trash", method: "PATCH", path: "/v1/pages/{page}", body: `{"archived":true}`, status: 200},
	{name: "a block on a page in the trash", method: "PATCH", path: onPage, body: children(paragraph("x")), status: 400, says: "archived"},
}

// compareAnswers asks a Notion and the simulator everything, and prints what is
// answered otherwise than expected, or lacks what the simulator's answer has.
func compareAnswers(ctx context.Context, out io.Writer, all []expectation, simulator *target, simulatedRow string, t *target, rowID string) (differences int, err error) {
	asked := map[*target]map[string]string{
		simulator: {"db": simulator.databaseID, "row": simulatedRow},
		t:         {"db": t.databaseID, "row": rowID},
	}
	for _, e := range all {
		simulated, err := e.ask(ctx, simulator, asked[simulator])
		if err != nil {
			return differences, err
		}
		got, err := e.ask(ctx, t, asked[t])
		if err != nil {
			return differences, err
		}
		for _, d := range append(e.differences(got), e.missing(simulated, got)...) {
			sayf(out, "differs", "%s: %s", e.name, d)
			differences++
		}
	}
	sayf(out, "expectations", "%d, of which %d things differ", len(all), differences)
	return differences, nil
}

// ask makes the request with the ids that are known, and learns from its answer.
func (e expectation) ask(ctx context.Context, t *target, known map[string]string) (answered, error) {
	var names []string
	for name, id := range known {
		names = append(names, "{"+name+"}", id)
	}
	ids := strings.NewReplacer(names...)
	a, err := t.ask(ctx, e.method, ids.Replace(e.path), ids.Replace(e.body), e.header)
	if err != nil || e.learns == "" {
		return a, err
	}
	known[e.learns] = a.text("id")
	if results, _ := a.object["results"].([]any); len(results) > 0 {
		first, _ := results[0].(map[string]any)
		known[e.learns+".child"], _ = first["id"].(string)
	}
	return a, nil
}

func (e expectation) differences(got answered) []string {
	switch {
	case got.status != e.status:
		return []string{fmt.Sprintf("expected %d %s, got %d %s %s", e.status, e.says, got.status, got.text("code"), got.text("message"))}
	case e.says != "" && e.says != got.text("code") && !strings.Contains(got.text("message"), e.says):
		return []string{fmt.Sprintf("expected %q, got %s %s", e.says, got.text("code"), got.text("message"))}
	}
	return nil
}

// missing are the fields of the simulator's good answer that the other lacks.
func (e expectation) missing(simulated, got answered) (all []string) {
	if simulated.status != http.StatusOK || got.status != http.StatusOK {
		return nil
	}
	theirs := shapeOf(got.object)
	for _, field := range slices.Sorted(maps.Keys(shapeOf(simulated.object))) {
		if !theirs[field] {
			all = append(all, "the answer has no "+field)
		}
	}
	return all
}

// shapeOf names the fields of an answer: all that have a value, but for those
// that are named by people.
func shapeOf(object any) map[string]bool {
	fields := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				if !strings.HasSuffix(path, ".properties") && value != nil {
					walk(path+"."+name, value)
				}
			}
		case []any:
			if len(v) > 0 {
				walk(path+"[]", v[0])
			}
		default:
			fields[strings.TrimPrefix(path, ".")] = true
		}
	}
	walk("", object)
	return fields
}
