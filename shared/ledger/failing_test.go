package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// TestAFailedRequestIsTheLast lets each request of each write fail for good, those
// included that look for what has happened. The error comes back, and nothing is
// asked or written behind it: what could not be read is not absent.
func TestAFailedRequestIsTheLast(t *testing.T) {
	t.Parallel()
	dividers := func(n int) []block.Block {
		all := make([]block.Block, n)
		for i := range all {
			all[i].Kind = block.Divider
		}
		return all
	}
	nested := block.Plan{Create: []block.Block{{Kind: block.Toggle}}, Appends: []block.Append{{Parent: block.Path{0}, Children: dividers(1)}}}
	fingerprint, err := fingerprintOf(nested)
	if err != nil {
		t.Fatal(err)
	}
	deep := block.Plan{
		Create:  []block.Block{{Kind: block.Toggle, Children: nested.Create}},
		Appends: []block.Append{{Parent: block.Path{0, 0}, Children: dividers(1)}},
	}
	fingerprintOfDeep, err := fingerprintOf(deep)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		step     runs.Step
		open     bool   // a process has died behind its intent
		children string // of every page and block
		write    func(context.Context, *Ledger) error
		want     string // the requests
	}{
		"page": {
			runs.Step{Total: 1}, true, "",
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Page(ctx, "step", "parent", "x", notion.NewPage{})
				return err
			},
			"GET me, GET children, POST pages",
		},
		"database": {
			runs.Step{Total: 1}, true, "",
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Database(ctx, "step", "parent", notion.NewDatabase{Title: "x"})
				return err
			},
			"GET me, GET children, POST databases",
		},
		"row": {
			runs.Step{Total: 1}, true, `{"id":"a","type":"paragraph","paragraph":{"rich_text":[]}}`,
			func(ctx context.Context, l *Ledger) error {
				return l.Row(ctx, Row{
					Step: "step", DatabaseID: "d", Title: "x", Values: property.Values{}, Content: dividers(101), Commit: func(string) {},
					Mine: func(context.Context, string) (bool, error) { return true, nil },
				})
			},
			"GET me, POST query, GET children, POST pages, PATCH children",
		},
		"append": {
			runs.Step{Total: 1}, true, `{"id":"p","type":"quote","quote":{"rich_text":[]}}`, // of whose origin nothing is said
			func(ctx context.Context, l *Ledger) error {
				return l.Append(ctx, "step", "parent", nil, dividers(1), nil)
			},
			"GET children, GET me, PATCH children",
		},
		"replacement": {
			runs.Step{Total: 2}, true, `{"id":"a","type":"divider","divider":{},"created_by":{"id":"me"}}`,
			func(ctx context.Context, l *Ledger) error {
				l.Run.Homepage, l.Run.Places = []string{""}, map[string]int{"step": 0}
				return l.Replace(ctx, "step", "parent", dividers(1), []block.Block{{Kind: block.Quote}})
			},
			"GET children, GET me, PATCH children, DELETE a",
		},
		"deletion of what a person has deleted": {
			runs.Step{Total: 2, Done: 1}, false, "",
			func(ctx context.Context, l *Ledger) error {
				l.Run.Homepage, l.Run.Places = []string{"missing"}, map[string]int{"step": 0}
				return l.Replace(ctx, "step", "parent", nil, nil)
			},
			"DELETE missing, GET missing, GET children",
		},
		"title": {
			runs.Step{Total: 1}, true, "",
			func(ctx context.Context, l *Ledger) error { return l.Rename(ctx, "step", "parent", "x") },
			"GET parent, PATCH parent",
		},
		"report": {
			runs.Step{ID: "page", Done: 1, Total: 2, Plan: fingerprint}, false, `{"id":"a","type":"toggle","toggle":{"rich_text":[]},"created_by":{"id":"me"}}`,
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, nested)
				return err
			},
			"GET me, GET children, PATCH children",
		},
		"report, two levels down": {
			runs.Step{ID: "page", Done: 1, Total: 2, Plan: fingerprintOfDeep}, false, `{"id":"a","type":"toggle","toggle":{"rich_text":[]},"created_by":{"id":"me"}}`,
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, deep)
				return err
			},
			"GET me, GET children, GET children, PATCH children",
		},
		"report that another version has begun": {
			runs.Step{ID: "old", Done: 1, Total: 2, Plan: "other"}, false, "",
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, block.Plan{})
				return err
			},
			"DELETE old, POST pages",
		},
		"report that another version was appending to": {
			runs.Step{ID: "old", Done: 1, Total: 2, Plan: "other"}, true, "",
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, block.Plan{})
				return err
			},
			"DELETE old, POST pages",
		},
		"report that a version without plans has begun": {
			runs.Step{ID: "old", Done: 1, Total: 2}, false, "",
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, block.Plan{})
				return err
			},
			"DELETE old, POST pages",
		},
		"report of another version": {
			runs.Step{Total: 2, Plan: "other"}, true, `{"id":"old","type":"child_page","child_page":{"title":"x"},"created_by":{"id":"me"}}`,
			func(ctx context.Context, l *Ledger) error {
				_, err := l.Document(ctx, "step", "parent", "x", notion.NewPage{}, block.Plan{})
				return err
			},
			"GET me, GET children, DELETE old, POST pages",
		},
	} {
		n := strings.Count(tt.want, ",") + 1
		for k := 1; k <= n+1; k++ { // the last time nothing fails
			t.Run(fmt.Sprintf("%s, request %d", name, k), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, _ := newLedger(t, runs.Step{})
					l.Run.Steps = []runs.Step{{Name: "parent", ID: "parent", Done: 1, Total: 1, At: time.Now()}, tt.step}
					l.Run.Steps[1].Name = "step"
					if tt.open {
						l.Run.Steps[1].IntendedAt = time.Now().Add(-time.Hour)
					}
					made := answering(t, l, k, tt.children)
					err := tt.write(t.Context(), l)
					want := strings.Join(strings.Split(tt.want, ", ")[:min(k, n)], ", ")
					if got := strings.Join(*made, ", "); got != want {
						t.Errorf("made %s, want %s", got, want)
					}
					if k > n {
						if s := l.Run.Step("step"); err != nil || !s.Finished() {
							t.Errorf("got %v, step %+v", err, s)
						}
						return
					}
					if e, ok := errors.AsType[*notion.Error](err); !ok || e.Status != http.StatusForbidden {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// answering lets a ledger's requests be answered well but for the k-th, and returns
// what they were, each by its method and the end of its path.
func answering(t *testing.T, l *Ledger, k int, children string) (made *[]string) {
	t.Helper()
	made = new([]string)
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		*made = append(*made, r.Method+" "+name)
		status, body := http.StatusOK, `{"id":"new"}`
		switch {
		case len(*made) == k:
			status, body = http.StatusForbidden, `{"object":"error","status":403,"code":"restricted_resource","message":""}`
		case strings.Contains(r.URL.Path, "/missing"):
			status, body = http.StatusNotFound, `{"object":"error","status":404,"code":"object_not_found","message":""}`
		case name == "me":
			body = `{"id":"me"}`
		case name == "query":
			body = `{"results":[{"id":"r","created_by":{"id":"me"},"properties":{"x":{"title":[{"plain_text":"x"}]}}}]}`
		case r.Method == http.MethodGet && name == "children":
			body = `{"results":[` + children + `]}`
		case name == "children":
			var sent struct{ Children []json.RawMessage }
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				t.Error(err)
			}
			body = `{"results":[` + strings.TrimSuffix(strings.Repeat(`{"id":"new"},`, len(sent.Children)), ",") + `]}`
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	l.Notion = client
	return made
}

// What is not there is a refusal, unless it was made a moment ago.
func TestAMissingDatabaseIsWaitedForOnlyWhenItIsNew(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]int{time.Second: notion.MaxAttempts, time.Hour: 1} {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s old, open %t", age, open), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, _ := newLedger(t, runs.Step{})
					l.Run.Steps = append(l.Run.Steps, runs.Step{Name: "database", ID: "missing", Done: 1, Total: 1, At: time.Now().Add(-age)})
					made := answering(t, l, -1, "")
					row := Row{Step: "step", DatabaseID: "missing", Database: "database", Title: "x", Commit: func(string) {}}
					if open {
						l.Run.Steps[0].IntendedAt = time.Now().Add(-time.Hour)
						id, err := l.findRow(t.Context(), row, nil)
						if fresh := age < time.Minute; id != "" || !isMissing(err) || notion.IsPostponed(err) != fresh {
							t.Errorf("found %q, %v", id, err)
						}
						return
					}
					l.Run.Steps[0].ID = "missing"
					err := l.append(t.Context(), request{step: "step"}, &place{parentID: "missing", fresh: l.isFresh("database")}, []block.Block{{Kind: block.Divider}}, nil)
					if !isMissing(err) || len(*made) != want {
						t.Errorf("got %v after %d requests, want %d", err, len(*made), want)
					}
				})
			})
		}
	}
}

// A list that is still there is written to, whatever Notion has said of it.
func TestAListIsGoneOnlyWhenNotionSaysSo(t *testing.T) {
	t.Parallel()
	l, _ := newLedger(t, runs.Step{ID: "page", Open: map[string]string{"0": "there"}})
	answering(t, l, -1, "")
	d := &document{ledger: l, step: "step", pageID: "page"}
	for err, want := range map[error]bool{errMissing: false, errInvalid: false} {
		if got := d.parentGone(t.Context(), block.Path{0}, err); got != want {
			t.Errorf("%v: got %t", err, got)
		}
	}
	l.Run.Step("step").Open["0"] = "missing"
	for err, want := range map[error]bool{errMissing: true, errInvalid: false} {
		if got := d.parentGone(t.Context(), block.Path{0, 1}, err); got != want {
			t.Errorf("missing, %v: got %t", err, got)
		}
	}
}

// What is known to be gone is not asked for again.
func TestAListThatIsGoneIsLeftOut(t *testing.T) {
	t.Parallel()
	child := func(offset int) block.Append {
		return block.Append{Parent: block.Path{0}, Offset: offset, Children: []block.Block{{Kind: block.Divider}}}
	}
	for _, appends := range [][]block.Append{{child(0)}, {child(0), child(1)}} {
		plan := block.Plan{Create: []block.Block{{Kind: block.Toggle}}, Appends: appends}
		fingerprint, err := fingerprintOf(plan)
		if err != nil {
			t.Fatal(err)
		}
		l, _ := newLedger(t, runs.Step{})
		l.Run.Steps[0] = runs.Step{Name: "step", ID: "page", Done: 1, Total: 1 + len(appends), Plan: fingerprint, Open: map[string]string{"0": "missing"}}
		made := answering(t, l, -1, "")
		if _, err := l.Document(t.Context(), "step", "parent", "x", notion.NewPage{}, plan); err != nil || !l.Run.Step("step").Finished() {
			t.Errorf("got %v, step %+v", err, l.Run.Step("step"))
		}
		if got, want := strings.Join(*made, ", "), "PATCH children, GET missing, GET children"; got != want {
			t.Errorf("made %s, want %s", got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	refusal := func(method string, status int, code, message string) error {
		return &notion.Error{Method: method, Status: status, Code: code, Message: message}
	}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                 {nil, false},
		"another error":           {io.EOF, false},
		"of a write":              {refusal("POST", 400, "validation_error", "no"), true},
		"of a read":               {refusal("GET", 400, "validation_error", "no"), false},
		"by the edge":             {refusal("POST", 400, "", ""), false},
		"of what is in the trash": {refusal("PATCH", 400, "validation_error", "Can't edit block that is archived."), false},
		"for a conflict":          {refusal("POST", 409, "conflict_error", ""), false},
		"for want of access":      {refusal("POST", 403, "restricted_resource", ""), false},
	} {
		if got := Refused(tt.err); got != tt.want {
			t.Errorf("a refusal %s: got %t", name, got)
		}
	}
}

// A block that cannot be read is gone when its page does not have it, and not before.
func TestABlockIsGoneWhenItsPageDoesNotHaveIt(t *testing.T) {
	t.Parallel()
	const other, it = `{"id":"a","type":"divider","divider":{}}`, `{"id":"missing","type":"divider","divider":{}}`
	for children, want := range map[string]bool{"": true, other: true, it: false, other + "," + it: false} {
		l, _ := newLedger(t, runs.Step{})
		answering(t, l, -1, children)
		if got, err := l.gone(t.Context(), "missing", "page"); got != want || err != nil {
			t.Errorf("below %q: got %t, %v", children, got, err)
		}
	}
}

// A look that would have to wait longer than there is time says so, and nothing is
// written in its place.
func TestALookThatThereIsNoTimeForIsPutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLedger(t, runs.Step{IntendedAt: time.Now(), EndedAt: time.Now()})
		time.Sleep(indexLag - 500*time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), notion.LateEffect)
		defer cancel()
		there, err := l.look(ctx, request{step: "step", lag: indexLag, find: func(context.Context) (presence, error) { return absent, nil }}, errInternal)
		if !notion.IsPostponed(err) || !errors.Is(err, errInternal) || there != absent {
			t.Errorf("got %d, %v", there, err)
		}
	})
}
