package ledger

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// roundTrip answers a request in a test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// talkingTo lets a ledger's requests be answered by their path, and returns what
// was asked, each with its body.
func talkingTo(t *testing.T, l *Ledger, answers map[string]string) (asked *[]string) {
	t.Helper()
	asked = new([]string)
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Jitter: func() float64 { return 0 }, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		line := r.Method + " " + r.URL.Path
		answer, ok := answers[line]
		if !ok {
			t.Errorf("asked for %s", line)
		}
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			line += " " + string(body)
		}
		*asked = append(*asked, line)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	l.Notion = client
	return asked
}

const me, none = `{"object":"user","id":"me"}`, `{"object":"list","results":[]}`

// Notion cuts the time of a row's creation to the minute, and its clock may be two
// minutes behind ours.
func TestARowIsLookedForSinceBeforeItsIntent(t *testing.T) {
	t.Parallel()
	l, _ := newLedger(t, runs.Step{IntendedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	asked := talkingTo(t, l, map[string]string{"GET /v1/users/me": me, "POST /v1/databases/d/query": none})
	if id, err := l.findRow(t.Context(), Row{Step: "step", DatabaseID: "d", Title: "x"}, nil); id != "" || err != nil {
		t.Errorf("found %q, %v", id, err)
	}
	if got := (*asked)[len(*asked)-1]; !strings.Contains(got, `"on_or_after":"2026-01-02T03:02:00Z"`) {
		t.Errorf("asked for %s", got)
	}
}

// TestARowIsRecognised goes through what may stand in the database besides the row.
func TestARowIsRecognised(t *testing.T) {
	t.Parallel()
	const row = `{"id":"1","created_by":{"id":"me"},"properties":{"Name":{"title":[{"plain_text":"x"}]},"Link":{"url":"u"}}}`
	begins := []block.Block{{Kind: block.Divider}}
	for name, tt := range map[string]struct {
		rows    string
		page    string // what is on the row's page
		content []block.Block
		mine    bool
		want    string
	}{
		"it":                                    {row, "", nil, true, "1"},
		"one of another run, with this content": {row, `{"id":"b","type":"divider","divider":{}}`, begins, false, ""},
		"one of another run":                    {row, "", nil, false, ""},
		"one of another integration":            {strings.Replace(row, `"me"`, `"other"`, 1), "", nil, true, ""},
		"one of another title":                  {strings.Replace(row, `"x"`, `"x and more"`, 1), "", nil, true, ""},
		"one of another link":                   {strings.Replace(row, `"u"`, `"v"`, 1), "", nil, true, ""},
		"it, behind another":                    {strings.Replace(row, `"u"`, `"v"`, 1) + "," + strings.Replace(row, `"1"`, `"2"`, 1), "", nil, true, "2"},
		"it, with its content":                  {row, `{"id":"b","type":"divider","divider":{}}`, begins, true, "1"},
		"it, whose content was deleted":         {row, "", begins, true, "1"},
		"one that begins with something":        {row, `{"id":"b","type":"paragraph","paragraph":{"rich_text":[]}}`, begins, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := newLedger(t, runs.Step{IntendedAt: time.Now()})
			talkingTo(t, l, map[string]string{
				"GET /v1/users/me":           me,
				"POST /v1/databases/d/query": `{"results":[` + tt.rows + `]}`,
				"GET /v1/blocks/1/children":  `{"results":[` + tt.page + `]}`,
			})
			got, err := l.findRow(t.Context(), Row{
				Step: "step", DatabaseID: "d", Title: "x", Match: map[string]string{"Link": "u"},
				Mine: func(context.Context, string) (bool, error) { return tt.mine, nil },
			}, tt.content)
			if got != tt.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestAPageIsRecognised goes through what may stand below its parent besides it.
func TestAPageIsRecognised(t *testing.T) {
	t.Parallel()
	const page = `{"id":"1","type":"child_page","child_page":{"title":"x"},"created_by":{"id":"me"}}`
	for name, tt := range map[string]struct {
		children string
		other    runs.Step
		want     string
	}{
		"it":                                  {page, runs.Step{}, "1"},
		"it, of whose origin nothing is said": {strings.Replace(page, `"me"`, `""`, 1), runs.Step{}, "1"},
		"a person's":                          {strings.Replace(page, `"me"`, `"a person"`, 1), runs.Step{}, ""},
		"one of another title":                {strings.Replace(page, `"x"`, `"y"`, 1), runs.Step{}, ""},
		"a database of that title":            {strings.ReplaceAll(page, "child_page", "child_database"), runs.Step{}, ""},
		"that of another step":                {page, runs.Step{Name: "other", ID: "1"}, ""},
		"one that is to be deleted":           {page, runs.Step{Name: "other", Discard: "1"}, ""},
		"it, behind another step's":           {page + "," + strings.Replace(page, `"1"`, `"2"`, 1), runs.Step{Name: "other", ID: "1"}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := newLedger(t, runs.Step{})
			l.Run.Steps = append(l.Run.Steps, runs.Step{Name: "parent", ID: "p"}, tt.other)
			talkingTo(t, l, map[string]string{"GET /v1/users/me": me, "GET /v1/blocks/p/children": `{"results":[` + tt.children + `]}`})
			if got, err := l.child(t.Context(), "parent", block.ChildPage, "x"); got != tt.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// Another version of the program may put into one request what was to be written
// in several.
func TestARowThatNeedsNoMoreRequestsIsDone(t *testing.T) {
	t.Parallel()
	l, _ := newLedger(t, runs.Step{ID: "1", Part: 2, Done: 3})
	if err := l.Row(t.Context(), Row{Step: "step", Index: 3, Content: []block.Block{{Kind: block.Divider}}}); err != nil {
		t.Fatal(err)
	}
	if s := l.Run.Step("step"); s.Done != 4 || s.Part != 0 {
		t.Errorf("the step is %+v", s)
	}
}

// TestARowIsWrittenInAsManyRequestsAsItTakes shows the record behind each request.
func TestARowIsWrittenInAsManyRequestsAsItTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, store := newLedger(t, runs.Step{})
		asked := talkingTo(t, l, map[string]string{
			"POST /v1/pages":              `{"id":"1"}`,
			"PATCH /v1/blocks/1/children": `{"results":[` + strings.TrimSuffix(strings.Repeat(`{"id":"b"},`, 50), ",") + `]}`,
		})
		var committed string
		r := Row{Step: "step", DatabaseID: "d", Content: make([]block.Block, 150), Commit: func(id string) { committed = id }}
		for i := range r.Content {
			r.Content[i].Kind = block.Divider
		}
		if err := l.Row(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if s := l.Run.Step("step"); len(*asked) != 2 || s.Done != 1 || s.Part != 0 || s.Last[""] != "b" || committed != "1" {
			t.Errorf("after %d requests the step is %+v", len(*asked), s)
		}
		if s := store.saved.Step("step"); s.Done != 0 || s.Part != 1 || s.ID != "1" || s.IntendedAt.IsZero() {
			t.Errorf("with the intent of the second request there is %+v", s)
		}
	})
}

// A row's properties and its content share a request as long as both fit.
func TestRequestsOf(t *testing.T) {
	t.Parallel()
	// values that take so many bytes
	values := func(bytes int) property.Values {
		return property.Values{"x": property.Email(strings.Repeat("x", bytes-len(`{"x":{"email":""}}`)))}
	}
	content := []block.Block{{Kind: block.Divider}}
	for name, tt := range map[string]struct {
		bytes   int
		content []block.Block
		first   int // blocks of the first request
		all     int // requests
	}{
		"a short row":                       {100, content, 1, 1},
		"a long row without content":        {headroom, nil, 0, 1},
		"a row that just leaves room":       {headroom - 1, content, 1, 1},
		"a row that leaves none":            {headroom, content, 0, 2},
		"a row of more blocks than one has": {100, make([]block.Block, 101), 100, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := requestsOf(values(tt.bytes), tt.content)
			if len(got) != tt.all || len(got[0]) != tt.first {
				t.Errorf("got %d requests, %d blocks in the first", len(got), len(got[0]))
			}
		})
	}
}
