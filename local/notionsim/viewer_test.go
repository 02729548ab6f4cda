package notionsim_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"notionrelay/local/notionsim"
)

// product is a workspace as the publisher leaves it after one run.
type product struct {
	row, homepage, report, quotes string
}

// newProduct writes a run's pages; banner is the URL of the homepage's cover.
func newProduct(c *client, banner string) product {
	c.tb.Helper()
	var p product
	for _, name := range []string{"Northwind Coffee", "Brightside Dental"} {
		c.must("POST", "/v1/pages", strings.ReplaceAll(reportsRow(`"Company":{"title":[`+rich(name+" Market Research Report - 11/19/2026")+`]},"Report Type":{"rich_text":[`+rich("Market Research")+`]},"Contact Email":{"email":null}`), "{db}", c.sim.DatabaseID()))
	}
	p.row = c.must("POST", "/v1/pages", strings.ReplaceAll(reportsRow(`"Company":{"title":[`+rich("L'Oréal Multi Community Report - 11/20/2026")+`]},"Report Type":{"rich_text":[`+rich("Multi Community")+`]},"Contact Email":{"email":"marie@loreal.example"}`), "{db}", c.sim.DatabaseID()))["id"].(string)
	p.homepage = c.must("POST", "/v1/pages", `{"parent":{"page_id":"`+p.row+`"},"icon":{"emoji":"📊"},"cover":{"external":{"url":"`+banner+`"}},"properties":{"title":{"title":[`+rich("Skincare Routines of Reddit Communities")+`]}}}`)["id"].(string)
	c.must("PATCH", "/v1/blocks/"+p.row+"/children", children(viewLink("Click here to view your report", p.homepage)))
	p.report = c.must("POST", "/v1/pages", `{"parent":{"page_id":"`+p.homepage+`"},"icon":{"emoji":"🎯"},"properties":{"title":{"title":[`+rich("L'Oréal - Strategy Report")+`]}},"children":[`+reportBlocks+`]}`)["id"].(string)
	p.quotes = c.must("POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"`+p.homepage+`"},"icon":{"emoji":"💬"},"title":[`+rich("L'Oréal - Quotes Database")+`],"properties":`+productQuotes+`}`)["id"].(string)
	for i, q := range productQuotesRows {
		c.must("POST", "/v1/pages", `{"parent":{"database_id":"`+p.quotes+`"},"properties":{`+fmt.Sprintf(q, 95-7*i)+`}}`)
	}
	c.must("PATCH", "/v1/blocks/"+p.homepage+"/children", children(strings.Join([]string{
		paragraph("Hey Marie and the rest of the L'Oréal team!"), `{"divider":{}}`,
		`{"callout":{"icon":{"emoji":"📈"},"rich_text":[` + rich("Analysis Summary: We reviewed 214 posts and extracted 864 valuable quotes for this research.") + `]}}`,
		paragraph("This research looks at how people in skincare communities build, defend and abandon a routine, and which words they use when nobody is selling to them."),
		paragraph("Here is how marketing can put it to work:"),
		bullet("Strategy Report", ": the three positions that are free today, with the evidence for each."),
		bullet("Comprehensive Analysis", ": every theme with its quotes, for landing pages, content ideas and sales scripts."),
		paragraph("P.S. Upload the full report to your assistant of choice and ask it for headlines in your customers' own words."),
		viewLink("View Strategy Report", p.report),
		`{"divider":{}}`, `{"heading_2":{"rich_text":[` + rich("📊 Extracted Quotes & Insights") + `]}}`,
		`{"paragraph":{"rich_text":[` + rich("We analyzed 214 posts and extracted 864 valuable quotes from this research. ") + `,{"text":{"content":"View the complete quotes database","link":{"url":"https://notion.so/` + strings.ReplaceAll(p.quotes, "-", "") + `"}}},` + rich(" to explore all insights, filter by category or sentiment, and analyze patterns.") + `]}}`,
		`{"callout":{"icon":{"emoji":"💡"},"rich_text":[` + rich("Group the database by Category or Sentiment to see what moves people most.") + `]}}`,
	}, ",")))
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

// view fetches a page of the viewer.
func (c *client) view(path string) (*http.Response, string) {
	c.tb.Helper()
	resp, err := c.sim.Transport().RoundTrip(c.request("GET", path, ""))
	if err != nil {
		c.tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.tb.Fatal(err)
	}
	return resp, string(b)
}

func TestViewerShowsTheProduct(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	p := newProduct(c, "https://example.com/banner.png")
	for _, tt := range []struct {
		name, path string
		want       []string
	}{
		{"top", "/notion/", []string{"<h1>Reports</h1>", "Northwind Coffee", "marie@loreal.example", `href="/notion/` + strings.ReplaceAll(p.row, "-", "") + `"`}},
		{"database by its id with dashes", "/notion/" + c.sim.DatabaseID(), []string{"<h1>Reports</h1>"}},
		{"row", "/notion/" + p.row, []string{"Click here to view your report", `href="/notion/` + strings.ReplaceAll(p.homepage, "-", "") + `"`, "Multi Community", "mailto:marie@loreal.example"}},
		{"homepage", "/notion/" + p.homepage, []string{`src="https://example.com/banner.png"`, "Hey Marie", "<hr>", "View the complete quotes database", "L&#39;Oréal - Quotes Database"}},
		{"report", "/notion/" + p.report, []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "<details", "<table", "<ol>", "<blockquote", "checked", "sql", "frac"}},
		{"quotes", "/notion/" + p.quotes, []string{`class="option orange"`, "95%", "November 20, 2026", "https://www.reddit.com/r/SkincareAddiction/comments/1abcd2/routine/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, body := c.view(tt.path)
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("got %d, want 200", resp.StatusCode)
			}
			if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'") {
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
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	page := c.page(row, "Home", "")
	c.must("DELETE", "/v1/blocks/"+row, "")
	for _, path := range []string{"/notion/" + row, "/notion/" + page, "/notion/00000000-0000-4000-8000-000000000000", "/notion/x", "/elsewhere"} {
		if resp, body := c.view(path); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "Page not found") {
			t.Errorf("%s: got %d, want a page that says 404", path, resp.StatusCode)
		}
	}
	if _, body := c.view("/notion/"); strings.Contains(body, "Acme") {
		t.Error("the database shows a row that is in the trash")
	}
}

func TestViewerOnlyReads(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	resp, err := c.sim.Transport().RoundTrip(c.request("POST", "/notion/", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}
