package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/metrics"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

const (
	oldSecret     = "an old secret of the tests"
	signingSecret = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl" // "sixteen bytes or more"
)

// sign is a signature's headers.
func sign(t testing.TB, secret, id string, at time.Time, body string) []string {
	t.Helper()
	w, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if strings.HasPrefix(secret, "whsec_") {
		w, err = standardwebhooks.NewWebhook(secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	signature, err := w.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Webhook-Id", id, "Webhook-Timestamp", fmt.Sprint(at.Unix()), "Webhook-Signature", signature}
}

func TestAuth(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name   string
		header []string
		want   int
	}{
		{"nothing", nil, 401},
		{"a wrong bearer", []string{"Authorization", "Bearer wrong"}, 401},
		{"another scheme", []string{"Authorization", "Basic " + oldSecret}, 401},
		{"an empty bearer", []string{"Authorization", "Bearer "}, 401},
		{"a bearer", []string{"Authorization", "Bearer " + oldSecret}, 202},
		{"a bearer in other letters", []string{"Authorization", "bearer " + oldSecret}, 202},
		{"the second secret as it stands", []string{"Authorization", "Bearer " + signingSecret}, 202},
		{"a key", []string{"X-Api-Key", oldSecret}, 202},
		{"a wrong key", []string{"X-Api-Key", oldSecret + "x"}, 401},
		{"a wrong bearer and a key", []string{"Authorization", "Bearer wrong", "X-Api-Key", oldSecret}, 202},
		{"a signature", sign(t, signingSecret, "id-1", now, good), 202},
		{"a signature with raw bytes", sign(t, oldSecret, "id-1", now, good), 202},
		{"a signature of another secret", sign(t, "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3Rz", "id-1", now, good), 401},
		{"a signature of another body", sign(t, signingSecret, "id-1", now, good+" "), 401},
		{"an old signature", sign(t, signingSecret, "id-1", now.Add(-6*time.Minute), good), 401},
		{"a signature from the future", sign(t, signingSecret, "id-1", now.Add(6*time.Minute), good), 401},
		{"a signature without an id", sign(t, signingSecret, "", now, good), 401},
		{"a signature for another id", append(sign(t, signingSecret, "id-1", now, good), "Webhook-Id", "id-2"), 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, oldSecret, signingSecret)
			var figures bytes.Buffer
			b.Metrics = metrics.Recorder{Log: planted.Heard(t, slog.NewJSONHandler(&figures, nil))}
			response, _ := b.do(t, post("/reports", good, tt.header...))
			if response.StatusCode != tt.want {
				t.Errorf("got %d, want %d", response.StatusCode, tt.want)
			}
			if tt.want == 401 && b.runs.created != 0 {
				t.Error("a stranger's report was recorded")
			}
			wrong := tt.want == 401 && tt.header != nil
			if counted := strings.Contains(figures.String(), `"WrongSecrets":[1]`); counted != wrong {
				t.Errorf("a wrong secret is counted: %t, want %t", counted, wrong)
			}
		})
	}
}

func TestWhoReplaysASignedRequestMakesNoSecondReport(t *testing.T) {
	t.Parallel()
	b := setup(t, signingSecret)
	now := time.Now()
	ids := map[string]bool{}
	for _, key := range []string{"", "1", "2", "3", "id-1"} {
		response, body := b.do(t, post("/reports", good, append(sign(t, signingSecret, "id-1", now, good), "Idempotency-Key", key)...))
		if response.StatusCode != 202 {
			t.Fatalf("got %d %+v", response.StatusCode, body)
		}
		ids[body.Data.ReportID] = true
	}
	if len(ids) != 1 {
		t.Errorf("one request that was signed gave %d reports", len(ids))
	}
	waiting, err := b.queue.Peek(t.Context())
	if err != nil || len(waiting) != 1 {
		t.Errorf("%d messages are in the queue, %v, want 1", len(waiting), err)
	}

	_, body := b.do(t, post("/reports", good, sign(t, signingSecret, "id-2", now, good)...))
	if ids[body.Data.ReportID] {
		t.Error("two requests that were signed are one report")
	}
	other := strings.Replace(good, "Plan", "Plot", 1)
	if response, body := b.do(t, post("/reports", other, sign(t, signingSecret, "id-1", now, other)...)); response.StatusCode != 422 || body.Code != "idempotency_mismatch" || body.Field != "Webhook-Id" {
		t.Errorf("an id that was used got %d %+v", response.StatusCode, body)
	}
	// A secret's Idempotency-Key and an id that was signed are different names.
	_, body = b.do(t, post("/reports", good, "X-Api-Key", signingSecret, "Idempotency-Key", "id-1"))
	if ids[body.Data.ReportID] {
		t.Error("a key of the same letters is the same report")
	}
}

// A signature says nothing about method and path.
func TestASignatureOverNothingOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, signingSecret)
	_, accepted := b.do(t, post("/reports", good, "X-Api-Key", signingSecret))
	empty := sign(t, signingSecret, "id-1", time.Now(), "")
	for _, path := range []string{"/reports/" + accepted.Data.ReportID, "/reports/" + accepted.Data.ReportID + "/open", "/api/add-to-notion/status?runId=run-1"} {
		if response, _ := b.do(t, event("GET", path, empty...)); response.StatusCode != 401 {
			t.Errorf("%s got %d, want 401", path, response.StatusCode)
		}
	}
	if response, _ := b.do(t, post("/reports", "", empty...)); response.StatusCode != 401 {
		t.Errorf("an empty body got %d, want 401", response.StatusCode)
	}
}

func TestAStatusLinkCarriesItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, secret)
	_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
	_, other := b.do(t, post("/reports", strings.Replace(good, "Plan", "Plot", 1), "X-Api-Key", secret))
	link := strings.TrimPrefix(accepted.Data.StatusURL, "https://relay.example")
	if response, body := b.do(t, event("GET", link)); response.StatusCode != 200 || body.Status != "queued" {
		t.Errorf("the link got %d %+v", response.StatusCode, body)
	}
	path, query, _ := strings.Cut(link, "?")
	parts := strings.Split(link, ".")
	for name, wrong := range map[string]string{
		"no token": path, "an empty token": path + "?token=", "a cut token": link[:len(link)-1], "a longer token": link + "0",
		"another report's token":  "/reports/" + other.Data.ReportID + "?" + query,
		"another key's id":        strings.Replace(link, "token=", "token=0", 1),
		"a later end":             strings.Join([]string{parts[0], "9" + parts[1], parts[2]}, "."),
		"no end":                  strings.Join([]string{parts[0], "", parts[2]}, "."),
		"the same end once again": strings.Join([]string{parts[0], "0" + parts[1], parts[2]}, "."),
	} {
		if response, _ := b.do(t, event("GET", wrong)); response.StatusCode != 401 {
			t.Errorf("%s got %d, want 401", name, response.StatusCode)
		}
	}
}

func TestAStatusLinkEndsWithItsRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, secret)
		_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
		link := strings.TrimPrefix(accepted.Data.StatusURL, "https://relay.example")
		time.Sleep(runs.Retention - 2*time.Second)
		if response, body := b.do(t, event("GET", link)); response.StatusCode != 200 || body.Data.StatusURL != accepted.Data.StatusURL {
			t.Errorf("in its last seconds it got %d, and the link %q", response.StatusCode, body.Data.StatusURL)
		}
		time.Sleep(2 * time.Second)
		if response, body := b.do(t, event("GET", link)); response.StatusCode != 401 || body.Error != "The link is not valid, or no longer." {
			t.Errorf("after that it got %d %q", response.StatusCode, body.Error)
		}
	})
}

func TestKeysOfStatusLinksCanBeChangedWhileLinksAreAbout(t *testing.T) {
	t.Parallel()
	const first, second, third = "the first status key", "the second status key", "the third status key"
	b := setup(t, secret)
	links := map[string]string{}
	send := func(keys string) {
		b.Auth = newAuth(t, []string{secret}, keys)
		_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
		links[keys] = strings.TrimPrefix(accepted.Data.StatusURL, "https://relay.example")
	}
	send(first)
	send(" " + second + " , " + first)
	send("")
	for _, tt := range []struct {
		keys string
		link string
		want int
	}{
		{first, links[first], 200},
		{second + "," + first, links[first], 200},
		{first, links[" "+second+" , "+first], 401}, // what signs is the first
		{second, links[" "+second+" , "+first], 200},
		{second, links[first], 401},
		{third, links[first], 401},
		{"", links[""], 200}, // without keys the secret signs
		{first, links[""], 401},
	} {
		b.Auth = newAuth(t, []string{secret}, tt.keys)
		if response, _ := b.do(t, event("GET", tt.link)); response.StatusCode != tt.want {
			t.Errorf("a link of %q with the keys %q got %d, want %d", tt.link, tt.keys, response.StatusCode, tt.want)
		}
	}
}

func TestEverySecretIsGoodWhileTheyAreChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, secrets := range [][]string{{oldSecret}, {secret, oldSecret}, {secret}} {
		b.Auth = newAuth(t, secrets, "key of the status links")
		for _, s := range secrets {
			if response, _ := b.do(t, post("/reports", good, "X-Api-Key", s)); response.StatusCode != 202 {
				t.Errorf("with %d secrets one of them got %d", len(secrets), response.StatusCode)
			}
		}
	}
}

func TestNewAuthNamesEveryWrongSecretByItsNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		secrets    []string
		statusKeys string
		want       string
	}{
		{"good", []string{"sixteen letters.", "whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "sixteen lettersé"}, "sixteen letters., and one more key", ""},
		{"blank ones are none", []string{"", "  ", secret}, " , ", ""},
		{"none", nil, "", ""},
		{"one that is blank", []string{""}, "", ""},
		{"several that are blank", []string{"", " "}, "", "all 2 secrets in WEBHOOK_SECRETS are blank"},
		{"fifteen letters", []string{"fifteen letters"}, "", "webhook secret 1 of 1 is shorter than 16 characters"},
		{"one letter", []string{secret, "a"}, "", "webhook secret 2 of 2 is shorter than 16 characters"},
		{"an empty key", []string{"whsec_"}, "", "webhook secret 1 of 1 stands for fewer than 16 bytes"},
		{"fifteen bytes", []string{"whsec_MDEyMzQ1Njc4OWFiY2Rl"}, "", "webhook secret 1 of 1 stands for fewer than 16 bytes"},
		{"no base64", []string{secret, "whsec_???????????????????????"}, "", "webhook secret 2 of 2 is no base64 behind whsec_"},
		{"a short status key", []string{secret}, "key of the status links,k", "status token key 2 of 2 is shorter than 16 characters"},
		{"all of them", []string{"b", secret, "c"}, "d", "webhook secret 1 of 3 is shorter than 16 characters\nwebhook secret 3 of 3 is shorter than 16 characters\nstatus token key 1 of 1 is shorter than 16 characters"},
	} {
		_, err := intake.NewAuth(tt.secrets, tt.statusKeys)
		if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, http.ErrBodyReadAfterClose
}

// Who is still sending when the process ends is not to blame. Who takes too long is,
// which net/http takes for one who has gone.
func TestABodyThatIsCutByTheEndIsToSendAgain(t *testing.T) {
	t.Parallel()
	for cut, want := range map[bool]int{true: 503, false: 400} {
		b := setup(t)
		stop := make(chan struct{})
		b.Stop = stop
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/reports", iotest.ErrReader(os.ErrDeadlineExceeded))
		r.Header.Set("Content-Type", "application/json")
		if cut {
			close(stop)
		}
		w := httptest.NewRecorder()
		b.Routes().ServeHTTP(w, r)
		if w.Code != want || cut && w.Header().Get("Retry-After") == "" {
			t.Errorf("cut by the end %t: got %d %v", cut, w.Code, w.Header())
		}
	}
}

func TestHeadersAreJudgedBeforeTheBody(t *testing.T) {
	t.Parallel()
	signature := sign(t, signingSecret, "id-1", time.Now().Add(-6*time.Minute), good)
	for _, tt := range []struct {
		name   string
		header []string
		length int64
		want   int
	}{
		{"no secret", nil, -1, 401},
		{"a wrong secret", []string{"X-Api-Key", "wrong"}, -1, 401},
		{"a signature that is too old", signature, -1, 401},
		{"half a signature", signature[2:], -1, 401},
		{"another type", []string{"X-Api-Key", secret, "Content-Type", "text/html"}, -1, 415},
		{"an encoding", []string{"X-Api-Key", secret, "Content-Encoding", "br"}, -1, 415},
		{"a long key", []string{"X-Api-Key", secret, "Idempotency-Key", strings.Repeat("k", 256)}, -1, 400},
		{"a byte over 4 MiB", []string{"X-Api-Key", secret}, 4<<20 + 1, 413},
		{"a length beyond belief", []string{"X-Api-Key", secret}, 1 << 62, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/reports", unread{t})
			r.ContentLength = tt.length
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			setup(t, secret, signingSecret).Routes().ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tt.want)
			}
		})
	}
}
