package notion

import (
	"context"
	"net/http"
	"net/url"
	"testing"
)

type refusing struct{ sent *http.Request }

func (r *refusing) RoundTrip(sent *http.Request) (*http.Response, error) {
	r.sent = sent
	return nil, context.Canceled
}

// A transport may not change the request that it is given: net/http reads it still.
func TestTheRequestStaysAsItWas(t *testing.T) {
	t.Parallel()
	ctx, _ := withExchange(t.Context())
	given, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.notion.com/v1/users/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	base := new(refusing)
	if _, err := (&transport{base: base, host: &url.URL{Scheme: "http", Host: "127.0.0.1"}}).RoundTrip(given); err == nil {
		t.Error("got no error")
	}
	if given.URL.String() != "https://api.notion.com/v1/users/me" || given.Host != "api.notion.com" || given.UserAgent() != "" {
		t.Errorf("it is for %s, %s, by %q now", given.URL, given.Host, given.UserAgent())
	}
	if base.sent.URL.String() != "http://127.0.0.1/v1/users/me" || base.sent.Host != "127.0.0.1" {
		t.Errorf("sent to %s, %s", base.sent.URL, base.sent.Host)
	}
}
