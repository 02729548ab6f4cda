package publish_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// Notion refuses an address that looks right: the report is there all the same,
// with the text of the link or image and its address in plain text.
func TestARefusedAddressDoesNotCostTheReport(t *testing.T) {
	t.Parallel()
	const (
		link  = "See [the source](https://bad.example/a) and [another](https://good.example/b)."
		image = "![A chart](https://bad.example/chart.png)\n\n![A photo](https://good.example/photo.png)"
		other = "[Third](https://good.example/c)"
	)
	atLink := "body failed validation: body.children[1].paragraph.rich_text[1].text.link.url: Invalid URL for link."
	for name, tt := range map[string]struct {
		source, message  string
		stays, goesPlain []string
	}{
		"a link that is named":        {link, atLink, []string{"link https://good.example/c"}, []string{"the source", "https://bad.example/a"}},
		"a link that is not named":    {link, "Invalid URL for link.", nil, []string{"the source", "https://bad.example/a", "https://good.example/c"}},
		"an image that is named":      {image, "body failed validation: body.children[1].image.external.url: Invalid image url.", []string{`"https://good.example/photo.png"`, "link https://good.example/c"}, []string{"A chart", "https://bad.example/chart.png"}},
		"an image that is not named":  {image, "Invalid image url.", []string{"link https://good.example/c"}, []string{"A chart", "https://bad.example/chart.png", "https://good.example/photo.png"}},
		"one in an append, not named": {paragraphs("Do", 120) + image, "Invalid image url.", nil, []string{"A chart", "https://bad.example/chart.png"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.sim.Inject(notionsim.Fault{Times: -1, Status: 400, Message: tt.message, Match: func(r *http.Request) bool {
					body := bodyOf(t, r)
					return strings.Contains(body, `"url":"https://bad.example/`)
				}})
				w.accept("rep_1", report.Payload{Reports: map[string]string{"strategyReport": "# Plan\n\n" + tt.source + "\n\n" + other}})
				w.drain(w.publisher("a", nil), time.Minute)
				tree, run := w.sim.Tree(), w.run("rep_1")
				if run.Status != runs.Complete || len(w.peek(w.dead)) > 0 {
					t.Fatalf("the run is %s: %+v", run.Status, run.Failures)
				}
				for _, words := range append(tt.stays, tt.goesPlain...) {
					if !strings.Contains(tree, words) {
						t.Errorf("the page does not have %q:\n%s", words, tree)
					}
				}
				if strings.Contains(tree, "link https://bad.example") {
					t.Errorf("the refused address is still a link:\n%s", tree)
				}
				if len(run.Warnings) == 0 || !strings.Contains(strings.Join(run.Warnings, " "), "https://bad.example/") {
					t.Errorf("the warnings are %q", run.Warnings)
				}
			})
		})
	}
}

// A refusal that stays when there is no address left is the report's.
func TestARefusalThatIsNotOfAnAddressIsPutAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.sim.Inject(notionsim.Fault{Times: -1, Status: 400, Message: "Invalid URL for link.", Match: func(r *http.Request) bool {
			return strings.Contains(bodyOf(t, r), "Plan")
		}})
		w.accept("rep_1", report.Payload{Reports: map[string]string{"strategyReport": "# Plan\n\n[a](https://a.example) [b](https://b.example)"}})
		w.drain(w.publisher("a", nil), time.Minute)
		if run := w.run("rep_1"); run.Status != runs.Failed || len(w.peek(w.dead)) != 1 || run.LastFailure().Remedy == "" {
			t.Errorf("the run is %s: %+v", run.Status, run.Failures)
		}
	})
}
