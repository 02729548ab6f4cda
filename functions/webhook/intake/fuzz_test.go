package intake_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"notionrelay/shared/runs"
)

// FuzzHeaders sends a report with any headers. Who has no secret leaves nothing;
// who has one gets an answer of the contract.
func FuzzHeaders(f *testing.F) {
	b := setup(f, secret, signingSecret)
	signature := sign(f, signingSecret, "id-1", time.Now(), good)
	f.Add(false, "Bearer "+secret[1:], signature[1], signature[3], signature[5], "application/json", "", "k", "relay.example", good+" ")
	f.Add(false, "", "id-2", signature[3], signature[5], "application/json", "", "", "relay.example", good)
	f.Add(true, "", "", "", "", "application/json; charset=utf-8", "", "k", "[::1]:8080", good)
	f.Add(true, "Basic x", "", "", "", "text/html", "gzip", strings.Repeat("k", 300), "a b", "{")
	f.Fuzz(func(t *testing.T, known bool, authorization, id, at, signature, media, encoding, key, host, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/reports", strings.NewReader(body))
		r.Host = host
		for name, value := range map[string]string{
			"Authorization": authorization, "Webhook-Id": id, "Webhook-Timestamp": at, "Webhook-Signature": signature,
			"Content-Type": media, "Content-Encoding": encoding, "Idempotency-Key": key,
		} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if known {
			r.Header.Set("X-Api-Key", secret)
		}
		messages := len(b.queue.sent)
		w := httptest.NewRecorder()
		b.Routes().ServeHTTP(w, r)
		want := []int{400, 401, 415} // something like a signature makes the other headers worth a look
		if known {
			want = []int{202, 400, 413, 415, 422}
		}
		if !slices.Contains(want, w.Code) {
			t.Errorf("got %d %s, want one of %v", w.Code, w.Body, want)
		}
		if sent := len(b.queue.sent) - messages; w.Code != 202 && sent != 0 {
			t.Errorf("%d left %d messages", w.Code, sent)
		}
	})
}

// FuzzToken opens a report with any token: only its own one does.
func FuzzToken(f *testing.F) {
	b := setup(f, secret)
	_, accepted := b.do(f, post("/reports", good, "X-Api-Key", secret))
	b.change(f, accepted.Data.ReportID, func(run *runs.Run) { // the same for each process of the fuzzing
		run.AcceptedAt = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	_, accepted = b.do(f, event("GET", "/reports/"+accepted.Data.ReportID, "X-Api-Key", secret))
	_, token, _ := strings.Cut(accepted.Data.StatusURL, "?token=")
	parts := strings.Split(token, ".")
	for _, seed := range []string{token, "", "..", token[1:], token + ".", parts[0], parts[0] + ".99999999999999999999." + parts[2], fmt.Sprint(parts[0], ".-1.", parts[2]), parts[0] + ".0" + parts[1] + "." + parts[2]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/reports/"+accepted.Data.ReportID, http.NoBody)
		r.URL.RawQuery = "token=" + strings.NewReplacer("&", "%26", ";", "%3B", "%", "%25", "+", "%2B", "#", "%23").Replace(given)
		w := httptest.NewRecorder()
		b.Routes().ServeHTTP(w, r)
		if opened := w.Code == 200; opened != (given == token) || !opened && w.Code != 401 {
			t.Errorf("%q got %d", given, w.Code)
		}
	})
}
