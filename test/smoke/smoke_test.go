package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"notionrelay/local/notionsim"
	"notionrelay/shared/block"
)

// A Notion that is not as the simulator is told apart from it, thing by thing.
func TestWhatANotionAnswersOtherwiseIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		deviate func(r *http.Request, body string, answer *httptest.ResponseRecorder)
		want    []string // parts of the lines; none where nothing differs
	}{
		{"nothing", func(*http.Request, string, *httptest.ResponseRecorder) {}, nil},
		{"an image that is accepted", func(_ *http.Request, body string, answer *httptest.ResponseRecorder) {
			if strings.Contains(body, "quickchart") {
				replace(answer, http.StatusOK, `{"object":"list","results":[]}`)
			}
		}, []string{"an image without an extension: expected 400 Invalid image url., got 200"}},
		{"another sentence", func(_ *http.Request, _ string, answer *httptest.ResponseRecorder) {
			replace(answer, answer.Code, strings.ReplaceAll(answer.Body.String(), "Invalid URL for link.", "Bad link."))
		}, []string{`a relative link: expected "Invalid URL for link.", got validation_error`, `a link within the page: expected`}},
		{"a field that is not there", func(r *http.Request, _ string, answer *httptest.ResponseRecorder) {
			if r.URL.Path == "/v1/users/me" {
				replace(answer, answer.Code, strings.ReplaceAll(answer.Body.String(), "workspace_name", "space"))
			}
		}, []string{"who am I: the answer has no bot.workspace_name"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reference, err := startSimulator(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(reference.close)
			other := deviating(t, tt.deviate)
			var out bytes.Buffer
			differences, err := compareAnswers(t.Context(), &out, expectations, reference, newRow(t, reference), other, newRow(t, other))
			if err != nil {
				t.Fatal(err)
			}
			if differences != len(tt.want) {
				t.Errorf("got %d differences, want %d:\n%s", differences, len(tt.want), out.String())
			}
			for _, part := range tt.want {
				if !strings.Contains(out.String(), part) {
					t.Errorf("got\n%swithout %q", out.String(), part)
				}
			}
			if trashed, err := other.trash(t.Context()); err != nil || trashed != 2 {
				t.Errorf("got %d rows in the trash, %v, want both", trashed, err)
			}
		})
	}
}

func deviating(t *testing.T, deviate func(*http.Request, string, *httptest.ResponseRecorder)) *target {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Token: simulatorToken, Budget: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	other, err := serve(t.Context(), "a Notion", sim.DatabaseID(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		sim.ServeHTTP(answer, r)
		deviate(r, string(body), answer)
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.close)
	return other
}

func replace(answer *httptest.ResponseRecorder, status int, body string) {
	answer.Code, answer.Body = status, bytes.NewBufferString(body)
}

func newRow(t *testing.T, in *target) string {
	t.Helper()
	a, err := in.ask(t.Context(), http.MethodPost, "/v1/pages", strings.ReplaceAll(row(""), "{db}", in.databaseID), nil)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("got %+v, %v", a, err)
	}
	return a.text("id")
}

func TestPagesThatDifferAreShown(t *testing.T) {
	t.Parallel()
	all := map[block.Kind]bool{}
	for _, kind := range everyKind {
		all[kind] = true
	}
	some := map[block.Kind]bool{block.Paragraph: true}
	for _, tt := range []struct {
		name string
		got  pages
		want int
	}{
		{"nothing", pages{lines: []string{"a", "b"}, kinds: all}, 0},
		{"a line", pages{lines: []string{"a"}, kinds: all}, 1},
		{"kinds that are missing", pages{lines: []string{"a", "b"}, kinds: some}, 1},
	} {
		var out bytes.Buffer
		if got := comparePages(&out, pages{lines: []string{"a", "b"}}, tt.got); got != tt.want {
			t.Errorf("%s: got %d differences, want %d:\n%s", tt.name, got, tt.want, out.String())
		}
	}
}
