package quotes_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/shared/queue"
	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
)

func TestPrepareOrdersMergesAndSkips(t *testing.T) {
	t.Parallel()
	raw := []report.Quote{
		{Text: "no score"},
		{Text: "low", RelevanceScore: new(0.1)},
		{Text: "first of two", RelevanceScore: new(0.9), PostID: "1"},
		{Text: "second of two", RelevanceScore: new(0.9)},
		{Text: " </x> "},
		{Text: "<b>first of two</b>", RelevanceScore: new(0.9), PostID: "2"},
		{Text: "first of two", RelevanceScore: new(1.0), URL: "https://example.com"},
		{Text: "not a number", RelevanceScore: new(math.NaN())},
	}
	got := quotes.Prepare(raw)
	filed := func(q report.Quote) report.Quote {
		q.Category, q.Sentiment, q.Theme = "general", "neutral", "general"
		return q
	}
	want := quotes.Prepared{
		Quotes: []report.Quote{
			filed(report.Quote{Text: "first of two", RelevanceScore: new(1.0), URL: "https://example.com"}),
			filed(report.Quote{Text: "first of two", RelevanceScore: new(0.9), PostID: "1"}),
			filed(report.Quote{Text: "second of two", RelevanceScore: new(0.9)}),
			filed(report.Quote{Text: "low", RelevanceScore: new(0.1)}),
			filed(report.Quote{Text: "no score"}),
			filed(report.Quote{Text: "not a number"}),
		},
		Categories: []string{"general"}, Sentiments: []string{"neutral"}, Themes: []string{"general"},
		Skipped: 1, Merged: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prepared (-want +got):\n%s", diff)
	}
}

func TestPrepareFields(t *testing.T) {
	t.Parallel()
	long := "https://example.com/" + strings.Repeat("a", 2000)
	for _, tt := range []struct {
		name      string
		raw, want report.Quote
	}{
		{"URL", report.Quote{URL: " HTTPS://example.com/a?b=c#d "}, report.Quote{URL: "HTTPS://example.com/a?b=c#d"}},
		{"URL before subreddit", report.Quote{URL: "http://example.com", Subreddit: "golang"}, report.Quote{URL: "http://example.com"}},
		{"URL of 2,000", report.Quote{URL: long[:2000]}, report.Quote{URL: long[:2000]}},
		{"URL of 2,001", report.Quote{URL: long[:2001]}, report.Quote{}},
		{"relative URL", report.Quote{URL: "/r/golang/1"}, report.Quote{}},
		{"URL without a host", report.Quote{URL: "https:///a"}, report.Quote{}},
		{"URL of another scheme", report.Quote{URL: "javascript:alert(1)"}, report.Quote{}},
		{"URL with a space", report.Quote{URL: "https://example.com/a b"}, report.Quote{}},
		{"subreddit", report.Quote{Subreddit: "golang"}, report.Quote{URL: "https://reddit.com/r/golang"}},
		{"subreddit with its prefix", report.Quote{Subreddit: "/r/golang"}, report.Quote{URL: "https://reddit.com/r/golang"}},
		{"subreddit that cannot be", report.Quote{Subreddit: "go/../lang"}, report.Quote{}},
		{"subreddit of 22", report.Quote{Subreddit: strings.Repeat("a", 22)}, report.Quote{}},
		{"date", report.Quote{Date: "2025-06-27"}, report.Quote{Date: "2025-06-27"}},
		{"time", report.Quote{Date: "2025-06-27T00:36:19.038294+02:00"}, report.Quote{Date: "2025-06-26T22:36:19.038Z"}},
		{"no date", report.Quote{Date: "yesterday"}, report.Quote{}},
		{"day that does not exist", report.Quote{Date: "2025-02-30"}, report.Quote{}},
		{"year beyond four digits", report.Quote{Date: "9999-12-31T23:59:59-01:00"}, report.Quote{}},
		{"justification", report.Quote{Justification: ">fits</why>"}, report.Quote{Justification: "fits"}},
		{"options", report.Quote{Category: " user_needs ", Sentiment: "a,b\n c", Theme: "1,000 users"}, report.Quote{Category: "user_needs", Sentiment: "a b c", Theme: "1 000 users"}},
		{"standard spelling", report.Quote{Category: "User_Needs", Sentiment: "POSITIVE", Theme: "Pricing"}, report.Quote{Category: "user_needs", Sentiment: "positive", Theme: "pricing"}},
		{"option of only commas", report.Quote{Theme: " , ,"}, report.Quote{Theme: "general"}},
		{"option of 101", report.Quote{Theme: strings.Repeat("a", 99) + " b"}, report.Quote{Theme: strings.Repeat("a", 99)}},
		{"option cut between emoji", report.Quote{Theme: strings.Repeat("a", 95) + "👩‍👩‍👧"}, report.Quote{Theme: strings.Repeat("a", 95)}},
		{"option of one endless letter", report.Quote{Theme: "a" + strings.Repeat("\u0301", 100)}, report.Quote{Theme: "general"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.raw.Text = "text"
			want := tt.want
			want.Text, want.Subreddit = "text", tt.raw.Subreddit
			for field, standard := range map[*string]string{&want.Category: "general", &want.Sentiment: "neutral", &want.Theme: "general"} {
				if *field == "" {
					*field = standard
				}
			}
			if diff := cmp.Diff([]report.Quote{want}, quotes.Prepare([]report.Quote{tt.raw}).Quotes); diff != "" {
				t.Errorf("quotes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOptionsThatAReaderCannotTellApartAreOne(t *testing.T) {
	t.Parallel()
	got := quotes.Prepare([]report.Quote{
		{Text: "a", Theme: "Caf\u00e9"}, {Text: "b", Theme: "CAFE\u0301"}, {Text: "c", Theme: "Straße"}, {Text: "d", Theme: "STRASSE"}, {Text: "e", Theme: "General"},
	})
	if diff := cmp.Diff([]string{"Café", "Straße", "general"}, got.Themes); diff != "" {
		t.Errorf("themes (-want +got):\n%s", diff)
	}
}

func TestOptionsBeyondNotionsLimitBecomeTheGeneralOne(t *testing.T) {
	t.Parallel()
	var raw []report.Quote
	for i := range 95 { // three more than there is room for beside the standard themes
		raw = append(raw, report.Quote{Text: fmt.Sprint("one of ", i), Theme: fmt.Sprint("theme ", i)})
		if i > 0 {
			raw = append(raw, report.Quote{Text: fmt.Sprint("two of ", i), Theme: fmt.Sprint("theme ", i)})
		}
	}
	got := quotes.Prepare(raw)
	if got.Folded != 1+2+2 {
		t.Errorf("got %d quotes that lost their theme, want the one of the rarest theme and those of the last two", got.Folded)
	}
	options := map[string]bool{}
	for _, o := range quotes.Themes.With(got.Themes) {
		options[o.Name] = true
	}
	if len(options) != quotes.MaxOptions {
		t.Errorf("got %d options, want %d", len(options), quotes.MaxOptions)
	}
	if len(got.Warnings()) != 1 {
		t.Errorf("got warnings %q, want one", got.Warnings())
	}
}

func TestPrepareKeepsItsPromises(t *testing.T) {
	t.Parallel()
	name := rapid.OneOf(rapid.StringN(0, 8, -1), rapid.SampledFrom([]string{"a", "A", "a,b", "general", "Pricing", strings.Repeat("é😀", 60)}))
	quote := rapid.Custom(func(t *rapid.T) report.Quote {
		return report.Quote{
			Text: markup().Draw(t, "text"), Category: name.Draw(t, "category"), Sentiment: name.Draw(t, "sentiment"), Theme: name.Draw(t, "theme"),
			RelevanceScore: rapid.Ptr(rapid.Float64Range(0, 1), true).Draw(t, "score"), URL: rapid.SampledFrom([]string{"", "https://a.b"}).Draw(t, "url"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(quote, 0, 150).Draw(t, "quotes")
		p := quotes.Prepare(raw)
		if got := len(p.Quotes) + p.Skipped + p.Merged; got != len(raw) {
			t.Errorf("got %d quotes accounted for, want %d", got, len(raw))
		}
		declared := map[string]bool{}
		for kind, options := range map[string][]string{"category ": p.Categories, "sentiment ": p.Sentiments, "theme ": p.Themes} {
			for _, o := range options {
				declared[kind+o] = true
				if o == "" || strings.Contains(o, ",") || o != strings.TrimSpace(o) {
					t.Errorf("got option %q", o)
				}
			}
		}
		for _, q := range p.Quotes {
			if !declared["category "+q.Category] || !declared["sentiment "+q.Sentiment] || !declared["theme "+q.Theme] {
				t.Errorf("got %+v, whose options are not all listed", q)
			}
		}
		again := quotes.Prepare(p.Quotes)
		if diff := cmp.Diff(p.Quotes, again.Quotes); diff != "" || again.Skipped+again.Merged+again.Folded > 0 {
			t.Errorf("prepared again: %d skipped, %d merged, %d folded (-once +twice):\n%s", again.Skipped, again.Merged, again.Folded, diff)
		}
	})
}

func TestPartsFitTheQueueAndMakeTheWhole(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var raw []report.Quote
	for i := range 1500 {
		text := make([]byte, 2500)
		for j := range text {
			text[j] = byte('a' + random.IntN(26))
		}
		raw = append(raw, report.Quote{Text: string(text), Theme: fmt.Sprint("theme ", i%40)})
	}
	p := quotes.Prepare(raw)
	m := queue.Message{Kind: queue.Quotes, ReportID: "rep_1", Subject: &report.Subject{Company: "Acme"}}
	parts, err := p.Parts(m, 12, []string{"careful"})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) < 2 {
		t.Fatalf("got %d parts, want several", len(parts))
	}
	var all []report.Quote
	for i, part := range parts {
		if _, err := queue.Encode(part); err != nil {
			t.Errorf("part %d: %v", i, err)
		}
		q := part.Quotes
		if q.Offset != len(all) || q.Total != len(p.Quotes) || q.Posts != 12 || len(q.Themes) != 40 || part.Cursor != int64(i) || part.Subject.Company != "Acme" {
			t.Errorf("part %d: got offset %d of %d, %d posts, %d themes, cursor %d", i, q.Offset, q.Total, q.Posts, len(q.Themes), part.Cursor)
		}
		if got, want := len(q.Warnings), max(0, 1-i); got != want {
			t.Errorf("part %d: got %d warnings, want %d", i, got, want)
		}
		all = append(all, q.Quotes...)
	}
	if diff := cmp.Diff(p.Quotes, all); diff != "" {
		t.Errorf("all parts (-want +got):\n%s", diff)
	}
}

func ExamplePrepare() {
	p := quotes.Prepare([]report.Quote{
		{Text: ">I would pay for that</indicator>\n  <indicator is_question_relevant=", Theme: "Pricing", Subreddit: "golang"},
		{Text: "a < b and c > d", RelevanceScore: new(0.8), Theme: "Odds, ends"},
		{Text: "<br>"},
	})
	for _, q := range p.Quotes {
		fmt.Printf("%s (%s) %q\n", q.Text, q.Theme, q.URL)
	}
	fmt.Println(p.Themes, "skipped", p.Skipped)
	// Output:
	// a < b and c > d (Odds ends) ""
	// I would pay for that (pricing) "https://reddit.com/r/golang"
	// [Odds ends pricing] skipped 1
}

func ExampleClean() {
	fmt.Println(quotes.Clean("<quote>5 < 6, I love it</quote>"))
	// Output: 5 < 6, I love it
}

func ExamplePrepared_Parts() {
	none := quotes.Prepare(nil)
	parts, err := none.Parts(queue.Message{Kind: queue.Quotes, ReportID: "rep_1"}, 0, nil)
	fmt.Println(len(parts), parts[0].Quotes.Total, err)
	// Output: 1 0 <nil>
}
