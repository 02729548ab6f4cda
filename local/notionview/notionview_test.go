package notionview_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"notionrelay/local/notionsim"
	"notionrelay/local/notionview"
)

// notion is a simulated workspace with its viewer.
type notion struct {
	tb   testing.TB
	sim  *notionsim.Sim
	view http.Handler
}

func open(tb testing.TB) *notion {
	tb.Helper()
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return &notion{tb, sim, notionview.New(sim, notionview.Options{
		ImagesOf: []string{"https://example.com/banner.png", "nonsense;", "https://a b"},
		Links:    []notionview.Link{{Text: "Runs", Address: "/runs"}},
	})}
}

// write sends a request to the API that has to succeed, and returns the id of
// the object that is answered.
func (n *notion) write(method, path, body string) (id string) {
	n.tb.Helper()
	r, err := http.NewRequestWithContext(n.tb.Context(), method, "https://api.notion.com"+path, strings.NewReader(body))
	if err != nil {
		n.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	resp, err := n.sim.Transport().RoundTrip(r)
	if err != nil {
		n.tb.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		n.tb.Fatalf("%s %s %s: %s %s, %v", method, path, body, resp.Status, answer, err)
	}
	var o struct{ ID string }
	if err := json.Unmarshal(answer, &o); err != nil {
		n.tb.Fatal(err)
	}
	return o.ID
}

// row makes a row of a database, page a page below another.
func (n *notion) row(database, properties string) string {
	n.tb.Helper()
	return n.write("POST", "/v1/pages", `{"parent":{"database_id":"`+database+`"},"properties":{`+properties+`}}`)
}

func (n *notion) page(parent, icon, title, more string) string {
	n.tb.Helper()
	return n.write("POST", "/v1/pages", `{"parent":{"page_id":"`+parent+`"},"icon":{"emoji":"`+icon+`"},"properties":{"title":{"title":[`+rich(title)+`]}}`+more+`}`)
}

func (n *notion) appendTo(parent string, blocks ...string) {
	n.tb.Helper()
	n.write("PATCH", "/v1/blocks/"+parent+"/children", `{"children":[`+strings.Join(blocks, ",")+`]}`)
}

// get fetches a page of the viewer.
func (n *notion) get(method, path string) *httptest.ResponseRecorder {
	n.tb.Helper()
	rec := httptest.NewRecorder()
	n.view.ServeHTTP(rec, httptest.NewRequestWithContext(n.tb.Context(), method, path, nil))
	return rec
}

func rich(text string) string { return `{"text":{"content":"` + text + `"}}` }

func paragraph(text string) string { return `{"paragraph":{"rich_text":[` + rich(text) + `]}}` }

// product is a workspace as the publisher leaves it after one run.
type product struct {
	row, homepage, report, quotes string
}

// newProduct writes a run's pages; banner is the URL of the homepage's cover.
func newProduct(n *notion, banner string) product {
	n.tb.Helper()
	var p product
	reports := n.sim.DatabaseID()
	row := func(title, kind, email string) string {
		return n.row(reports, `"Company":{"title":[`+rich(title)+`]},"Report Type":{"rich_text":[`+rich(kind)+`]},"Contact Email":{"email":`+email+`}`)
	}
	row("Northwind Coffee Market Research Report - 11/19/2026", "Market Research", "null")
	row("Brightside Dental Market Research Report - 11/19/2026", "Market Research", "null")
	p.row = row("L'Oréal Multi Community Report - 11/20/2026", "Multi Community", `"marie@loreal.example"`)
	p.homepage = n.page(p.row, "📊", "Skincare Routines of Reddit Communities", `,"cover":{"external":{"url":"`+banner+`"}}`)
	n.appendTo(p.row, viewLink("Click here to view your report", p.homepage))
	p.report = n.page(p.homepage, "🎯", "L'Oréal - Strategy Report", `,"children":[`+reportBlocks+`]`)
	p.quotes = n.write("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+p.homepage+`"},"icon":{"emoji":"💬"},"title":[`+rich("L'Oréal - Quotes Database")+`],"properties":`+productQuotes+`}`)
	for i, q := range productQuotesRows {
		n.row(p.quotes, fmt.Sprintf(q, 95-7*i))
	}
	n.appendTo(p.homepage,
		paragraph("Hey Marie and the rest of the L'Oréal team!"), `{"divider":{}}`,
		`{"callout":{"icon":{"emoji":"📈"},"rich_text":[`+rich("Analysis Summary: We reviewed 214 posts and extracted 864 valuable quotes for this research.")+`]}}`,
		paragraph("This research looks at how people in skincare communities build, defend and abandon a routine, and which words they use when nobody is selling to them."),
		paragraph("Here is how marketing can put it to work:"),
		bullet("Strategy Report", ": the three positions that are free today, with the evidence for each."),
		bullet("Comprehensive Analysis", ": every theme with its quotes, for landing pages, content ideas and sales scripts."),
		paragraph("P.S. Upload the full report to your assistant of choice and ask it for headlines in your customers' own words."),
		viewLink("View Strategy Report", p.report),
		`{"divider":{}}`, `{"heading_2":{"rich_text":[`+rich("📊 Extracted Quotes & Insights")+`]}}`,
		`{"paragraph":{"rich_text":[`+rich("We analyzed 214 posts and extracted 864 valuable quotes from this research. ")+`,{"text":{"content":"View the complete quotes database","link":{"url":"https://notion.so/`+strings.ReplaceAll(p.quotes, "-", "")+`"}}},`+rich(" to explore all insights, filter by category or sentiment, and analyze patterns.")+`]}}`,
		`{"callout":{"icon":{"emoji":"💡"},"rich_text":[`+rich("Group the database by Category or Sentiment to see what moves people most.")+`]}}`)
	return p
}

func viewLink(text, id string) string {
	return `{"paragraph":{"rich_text":[{"text":{"content":"` + text + `","link":{"url":"https://notion.so/` + strings.ReplaceAll(id, "-", "") + `"}}}]}}`
}

func bullet(bold, text string) string {
	return `{"bulleted_list_item":{"rich_text":[{"text":{"content":"` + bold + `"},"annotations":{"bold":true}},` + rich(text) + `]}}`
}

// reportBlocks has one of every block that reports are made of.
const reportBlocks = `{"heading_1":{"rich_text":[{"text":{"content":"Executive Summary"}}]}},` +
	`{"paragraph":{"rich_text":[{"text":{"content":"Routines are "}},{"text":{"content":"identity"},"annotations":{"bold":true}},{"text":{"content":", not chores. Members of r/SkincareAddiction describe the evening routine as the "}},{"text":{"content":"only ten minutes that are mine"},"annotations":{"italic":true}},{"text":{"content":", and they defend it against advice, price and even evidence. "}},{"text":{"content":"One thread","link":{"url":"https://www.reddit.com/r/SkincareAddiction/"}}},{"text":{"content":" with 1,204 answers shows why."}}]}},` +
	`{"quote":{"rich_text":[{"text":{"content":"I stopped when it got complicated. Three steps I can do half asleep, seven I cannot."},"annotations":{"italic":true}}]}},` +
	`{"heading_2":{"rich_text":[{"text":{"content":"What people want"}}]}},` +
	`{"numbered_list_item":{"rich_text":[{"text":{"content":"A routine that survives a bad day"}}],"children":[{"bulleted_list_item":{"rich_text":[{"text":{"content":"fewer steps in the evening than in the morning"}}]}},{"bulleted_list_item":{"rich_text":[{"text":{"content":"nothing that stings under a mask"}}]}}]}},` +
	`{"numbered_list_item":{"rich_text":[{"text":{"content":"Proof before promise: percentages, not adjectives"}}]}},` +
	`{"numbered_list_item":{"rich_text":[{"text":{"content":"Packaging that says when to stop"}}]}},` +
	`{"table":{"table_width":3,"has_column_header":true,"children":[` +
	`{"table_row":{"cells":[[{"text":{"content":"Community"}}],[{"text":{"content":"Posts"}}],[{"text":{"content":"Strongest theme"}}]]}},` +
	`{"table_row":{"cells":[[{"text":{"content":"r/SkincareAddiction"}}],[{"text":{"content":"121"}}],[{"text":{"content":"Barrier repair before actives"}}]]}},` +
	`{"table_row":{"cells":[[{"text":{"content":"r/30PlusSkinCare"}}],[{"text":{"content":"93"}}],[{"text":{"content":"Retinoids without the drama"}}]]}}]}},` +
	`{"heading_3":{"rich_text":[{"text":{"content":"How we searched"}}]}},` +
	`{"code":{"language":"sql","rich_text":[{"text":{"content":"select text, relevance_score\nfrom quotes\nwhere run_id = $1 and relevance_score > 0.8\norder by relevance_score desc;"}}],"caption":[{"text":{"content":"The query behind the table above"}}]}},` +
	`{"callout":{"icon":{"emoji":"⚠️"},"color":"yellow_background","rich_text":[{"text":{"content":"Do not lead with "}},{"text":{"content":"anti-ageing"},"annotations":{"code":true}},{"text":{"content":": it is the most disliked word of the set."}}]}},` +
	`{"toggle":{"rich_text":[{"text":{"content":"Method and limits"}}],"children":[{"paragraph":{"rich_text":[{"text":{"content":"214 posts from two communities, read on November 18."}}]}}]}},` +
	`{"heading_2":{"is_toggleable":true,"rich_text":[{"text":{"content":"Appendix"}}],"children":[{"paragraph":{"rich_text":[{"text":{"content":"Everything else."}}]}}]}},` +
	`{"heading_2":{"rich_text":[{"text":{"content":"Next steps"}}]}},` +
	`{"to_do":{"checked":true,"rich_text":[{"text":{"content":"Agree on the three claims"}}]}},{"to_do":{"rich_text":[{"text":{"content":"Test the evening page"}}]}},` +
	`{"equation":{"expression":"lift = \\frac{conversions_{after}}{conversions_{before}} - 1"}},` +
	`{"paragraph":{"rich_text":[{"text":{"content":"Prices stay under $20 (a < b & c > d), and "}},{"text":{"content":"<script>alert(1)</script>"}},{"text":{"content":" is text."}}]}}`

const productQuotes = `{"Quote":{"title":{}},` +
	`"Category":{"select":{"options":[{"name":"user_needs","color":"blue"},{"name":"user_language","color":"green"},{"name":"current_solutions","color":"yellow"}]}},` +
	`"Sentiment":{"select":{"options":[{"name":"positive","color":"green"},{"name":"frustrated","color":"orange"},{"name":"neutral","color":"gray"}]}},` +
	`"Theme":{"select":{"options":[{"name":"workflow","color":"purple"},{"name":"pain_point","color":"red"}]}},` +
	`"Reddit Link":{"url":{}},"Relevance Score":{"number":{"format":"percent"}},"Justification":{"rich_text":{}},"Date Added":{"date":{}},"Post ID":{"rich_text":{}}}`

var productQuotesRows = []string{
	`"Quote":{"title":[{"text":{"content":"I stopped when it got complicated. Three steps I can do half asleep, seven I cannot."}}]},"Category":{"select":{"name":"user_needs"}},"Sentiment":{"select":{"name":"frustrated"}},"Theme":{"select":{"name":"workflow"}},"Reddit Link":{"url":"https://www.reddit.com/r/SkincareAddiction/comments/1abcd2/routine/"},"Relevance Score":{"number":0.%d},"Justification":{"rich_text":[{"text":{"content":"Names the limit at which a routine is given up."}}]},"Date Added":{"date":{"start":"2026-11-20"}},"Post ID":{"rich_text":[{"text":{"content":"1abcd2"}}]}`,
	`"Quote":{"title":[{"text":{"content":"The only ten minutes that are mine."}}]},"Category":{"select":{"name":"user_language"}},"Sentiment":{"select":{"name":"positive"}},"Theme":{"select":{"name":"workflow"}},"Reddit Link":{"url":null},"Relevance Score":{"number":0.%d},"Justification":{"rich_text":[]},"Date Added":{"date":{"start":"2026-11-20"}}`,
	`"Quote":{"title":[{"text":{"content":"My dermatologist said sunscreen and patience, Reddit said eleven serums. Guess which one I could afford."}}]},"Category":{"select":{"name":"current_solutions"}},"Sentiment":{"select":{"name":"neutral"}},"Theme":{"select":{"name":"pain_point"}},"Reddit Link":{"url":"https://www.reddit.com/r/30PlusSkinCare/comments/9xyz/"},"Relevance Score":{"number":0.%d},"Justification":{"rich_text":[{"text":{"content":"Contrasts the two sources of advice and brings in the price."}}]},"Date Added":{"date":{"start":"2026-11-20"}}`,
}

func TestViewerShowsTheProduct(t *testing.T) {
	t.Parallel()
	n := open(t)
	p := newProduct(n, "https://example.com/banner.png")
	for _, tt := range []struct {
		name, path string
		want       []string
	}{
		{"top", "/notion/", []string{"<h1>Reports</h1>", "Northwind Coffee", "marie@loreal.example", `href="/notion/` + strings.ReplaceAll(p.row, "-", "") + `"`}},
		{"database by its id with dashes", "/notion/" + n.sim.DatabaseID(), []string{"<h1>Reports</h1>"}},
		{"row", "/notion/" + p.row, []string{"Click here to view your report", `href="/notion/` + strings.ReplaceAll(p.homepage, "-", "") + `"`, "Multi Community", "mailto:marie@loreal.example"}},
		{"homepage", "/notion/" + p.homepage, []string{`src="https://example.com/banner.png"`, "Hey Marie", "<hr>", "View the complete quotes database", "L&#39;Oréal - Quotes Database"}},
		{"report", "/notion/" + p.report, []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "<details", "<table", "<ol>", "<blockquote", "checked", "sql", "frac"}},
		{"quotes", "/notion/" + p.quotes, []string{`class="option orange"`, "95%", "November 20, 2026", "https://www.reddit.com/r/SkincareAddiction/comments/1abcd2/routine/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := n.get("GET", tt.path)
			body := resp.Body.String()
			if resp.Code != http.StatusOK {
				t.Fatalf("got %d, want 200", resp.Code)
			}
			if policy := resp.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'") {
				t.Errorf("Content-Security-Policy: got %q", policy)
			}
			if strings.Contains(body, "<script") || strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "style=") {
				t.Error("the page has a script, a style or a value that the template filtered")
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("page lacks %q", want)
				}
			}
		})
	}
}

func TestViewerHidesTheTrash(t *testing.T) {
	t.Parallel()
	n := open(t)
	row := n.row(n.sim.DatabaseID(), `"Company":{"title":[`+rich("Acme")+`]}`)
	page := n.page(row, "📊", "Home", "")
	n.write("DELETE", "/v1/blocks/"+row, "")
	for _, path := range []string{"/notion/" + row, "/notion/" + page, "/notion/00000000-0000-4000-8000-000000000000", "/notion/x", "/notion/x/y"} {
		if resp := n.get("GET", path); resp.Code != http.StatusNotFound || !strings.Contains(resp.Body.String(), "Page not found") {
			t.Errorf("%s: got %d, want a page that says 404", path, resp.Code)
		}
	}
	if resp := n.get("GET", "/notion/"); strings.Contains(resp.Body.String(), "Acme") {
		t.Error("the database shows a row that is in the trash")
	}
}

// A link to a block, as Notion's own "copy link to block" makes them, shows the
// page that the block is on.
func TestViewerShowsABlocksPage(t *testing.T) {
	t.Parallel()
	n := open(t)
	row := n.row(n.sim.DatabaseID(), `"Company":{"title":[`+rich("Acme")+`]}`)
	n.appendTo(row, `{"toggle":{"rich_text":[],"children":[`+paragraph("within")+`]}}`)
	toggle := n.sim.Children(row)[0]["id"].(string)
	within := n.sim.Children(toggle)[0]["id"].(string)
	if resp := n.get("GET", "/notion/"+within); resp.Code != http.StatusOK || !strings.Contains(resp.Body.String(), "<h1>Acme</h1>") {
		t.Errorf("got %d, want the page Acme:\n%s", resp.Code, resp.Body)
	}
}

// The pictures of a report lie where its writer says, perhaps on a host that only
// the reader reaches.
func TestViewerLoadsImagesOfTrustedOriginsOnly(t *testing.T) {
	t.Parallel()
	n := open(t)
	row := n.row(n.sim.DatabaseID(), `"Company":{"title":[`+rich("Acme")+`]}`)
	n.appendTo(row, `{"image":{"type":"external","external":{"url":"http://router.intranet/reboot.png"}}}`,
		`{"image":{"type":"external","external":{"url":"https://example.com.elsewhere.example/a.png"}}}`,
		`{"image":{"type":"external","external":{"url":"https://example.com/b.png"}}}`,
		`{"callout":{"rich_text":[],"icon":{"type":"external","external":{"url":"http://router.intranet/icon.png"}}}}`)
	resp := n.get("GET", "/notion/"+row)
	body := resp.Body.String()
	if policy := resp.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "; img-src data: https://example.com; base-uri") {
		t.Errorf("the policy is %s", policy)
	}
	for _, want := range []string{`<a href="http://router.intranet/reboot.png" rel="noreferrer noopener">`, `<img src="https://example.com/b.png"`} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %s:\n%s", want, body)
		}
	}
	if n := strings.Count(body, "<img"); n != 1 {
		t.Errorf("%d images are loaded, want the one that is trusted", n)
	}
}

func TestViewerOnlyReads(t *testing.T) {
	t.Parallel()
	resp := open(t).get("POST", "/notion/")
	if resp.Code != http.StatusMethodNotAllowed || resp.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", resp.Code, resp.Header().Get("Allow"))
	}
}
