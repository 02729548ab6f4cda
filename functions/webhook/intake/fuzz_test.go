package intake_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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

// FuzzSignature signs a report, or only says so: what is let in has the signature
// of its id, its time and its body among those that it gives, and is fresh.
func FuzzSignature(f *testing.F) {
	b := setup(f, secret, signingSecret)
	f.Add("id-1", good, "v1,", 0)
	f.Add("id-1", good+" ", "v0,x v1,x", 299)
	f.Add("", good, "", 0)
	f.Add("id.1", "", "v1", -299)
	f.Add("id-1", "{", "v1,a,b", 400)
	key := []byte(strings.TrimPrefix(signingSecret, "whsec_"))
	key, err := base64.StdEncoding.AppendDecode(nil, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, body, signature string, age int) {
		at := time.Now().Unix() - int64(age%1000)
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.%s", id, at, body)
		right := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for given, signed := range map[string]bool{right: true, signature: false, signature + " " + right: true, right[:len(right)-1]: false} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/reports", strings.NewReader(body))
			r.Header = http.Header{"Content-Type": {"application/json"}, "Webhook-Id": {id}, "Webhook-Timestamp": {fmt.Sprint(at)}, "Webhook-Signature": {given}}
			messages := len(b.queue.sent)
			w := httptest.NewRecorder()
			b.Routes().ServeHTTP(w, r)
			late := max(age%1000, -(age % 1000))
			switch in := signed && late < 299 && id != "" && body != ""; { // the clock may go on meanwhile
			case in && w.Code == 401:
				t.Errorf("%q of %d s with %q is not let in", id, late, given)
			case !in && (late > 301 || late < 299) && w.Code != 401 && len(id) <= 255:
				t.Errorf("%q of %d s with %q got %d", id, late, given, w.Code)
			case w.Code != 202 && len(b.queue.sent) != messages:
				t.Errorf("%d left a message", w.Code)
			}
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
