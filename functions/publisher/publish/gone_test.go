package publish_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/runs"
)

// A placeholder of which nothing is left, not even in the trash, is gone: its
// page can be read and does not have it.
func TestAPlaceholderOfWhichNothingIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.accept("rep_1", payload(2, 1))
		p := w.publisher("a", nil)
		w.deliver(t.Context(), p, visibility)
		gone := 0
		p = w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete {
				gone++
				w.sim.People().Unshare(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		w.drain(p, visibility)
		if run := w.run("rep_1"); gone == 0 || run.Status != runs.Complete {
			t.Errorf("%d placeholders are gone, and the run is %s: %+v", gone, run.Status, run.Failures)
		}
	})
}

// Whether a placeholder is gone cannot be told while Notion does not answer: the
// run waits, and its placeholder is taken away afterwards.
func TestAPlaceholderIsNotGoneWhileNotionIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.accept("rep_1", payload(2, 1))
		p := w.publisher("a", nil)
		w.deliver(t.Context(), p, visibility)
		var silent time.Time
		p = w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete && silent.IsZero() {
				silent = time.Now().Add(time.Minute)
				body := `{"object":"error","status":404,"code":"object_not_found","message":"Could not find block."}`
				return answer(r, http.StatusNotFound, body), nil
			}
			if time.Now().Before(silent) {
				return answer(r, http.StatusServiceUnavailable, `{"object":"error","status":503,"code":"service_unavailable","message":"no"}`), nil
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		w.drain(p, 2*visibility)
		if run := w.run("rep_1"); silent.IsZero() || run.Status != runs.Complete || strings.Contains(w.sim.Tree(), "⏳") {
			t.Errorf("the run is %s: %+v\n%s", run.Status, run.Failures, w.sim.Tree())
		}
	})
}
