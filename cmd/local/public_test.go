package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"notionrelay/test/planted"
)

func TestAPublicAddressIsASchemeAndAHost(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                                  "",
		"https://relay.example.org":         "https://relay.example.org",
		"https://relay.example.org/":        "https://relay.example.org",
		"HTTPS://Relay.Example.org:443":     "https://relay.example.org",
		"http://relay.example.org:80":       "http://relay.example.org",
		"https://relay.example.org:80":      "https://relay.example.org:80",
		"http://relay.localhost:8080":       "http://relay.localhost:8080",
		"https://192.0.2.7:8443":            "https://192.0.2.7:8443",
		"https://[2001:db8::1]":             "https://[2001:db8::1]",
		"relay.example.org":                 "no address",
		"relay.example.org:443":             "no address",
		"//relay.example.org":               "no address",
		"ftp://relay.example.org":           "no address",
		"javascript:alert(1)":               "no address",
		"https:relay.example.org":           "no address",
		"https://":                          "no address",
		"https://relay.example.org:123456":  "no address",
		"https://relay example.org":         "no address",
		"https://relay.example.org\"":       "no address",
		"https://'-alert(1)-'":              "no address",
		"https://relay.example.org/reports": "more than a scheme and a host",
		"https://relay.example.org?":        "more than a scheme and a host",
		"https://relay.example.org?a=b":     "more than a scheme and a host",
		"https://relay.example.org#a":       "more than a scheme and a host",
		"https://me:pass@relay.example.org": "more than a scheme and a host",
		"https://relay.example.org/../../x": "more than a scheme and a host",
	} {
		got, err := publicURL(given)
		if strings.Contains(want, " ") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %q, %v; want %q", given, got, err, want)
			}
		} else if got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", given, got, err, want)
		}
	}
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-data", t.TempDir(), "-url", "relay"}, planted.Output(t), planted.Output(t))
	if err == nil || !strings.Contains(err.Error(), "-url") {
		t.Errorf("the command has started: %v", err)
	}
}

// behindAProxy is a system that others reach at an address of a proxy's, which
// ends TLS and calls it by the listener's.
func behindAProxy(t *testing.T) *running {
	t.Helper()
	return startAt(t, guarded(), place{addr: "127.0.0.1:0", data: t.TempDir(), url: publicOfTests})
}

const publicOfTests = "https://relay.example.org"

func TestLinksBeginWithThePublicAddress(t *testing.T) {
	t.Parallel()
	r := behindAProxy(t)
	response, said := r.exchange(t, "POST", "/reports", `{"strategyReport":"# Plan","email":"x@acme.com"}`,
		"Content-Type", "application/json", "Prefer", "wait=25", "X-Api-Key", secret)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", response.StatusCode, said)
	}
	_, runs := r.exchange(t, "GET", "/runs", "", "X-Api-Key", secret)
	_, home := r.exchange(t, "GET", "/", "")
	for name, text := range map[string]string{"the answer": said, "the list": runs, "the top": home, "the header": response.Header.Get("Location")} {
		if !strings.Contains(text, publicOfTests+"/reports") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s does not have the public address, or not it alone:\n%s", name, text)
		}
	}
	if !strings.Contains(said, `"shareableUrl":"`+publicOfTests+`/notion/`) {
		t.Errorf("the pages are elsewhere: %s", said)
	}
	status := strings.TrimPrefix(response.Header.Get("Location"), publicOfTests)
	if response, said := r.exchange(t, "GET", status, "", "Accept", "text/html"); response.StatusCode != http.StatusOK || strings.Contains(said, "127.0.0.1") {
		t.Errorf("the status page: got %d %s", response.StatusCode, said)
	}
}

// The proxy's Host may be any; what the browser says of the form's origin counts.
func TestAPersonLogsInAtThePublicAddress(t *testing.T) {
	t.Parallel()
	r := behindAProxy(t)
	for origin, want := range map[string]int{
		publicOfTests: http.StatusSeeOther, "": http.StatusSeeOther,
		"http://relay.example.org": http.StatusForbidden, "https://relay.example.org.elsewhere.example": http.StatusForbidden, "https://elsewhere.example": http.StatusForbidden,
	} {
		header := []string{"Content-Type", "application/x-www-form-urlencoded"}
		if origin != "" {
			header = append(header, "Origin", origin)
		}
		response, _ := r.exchange(t, "POST", loginPath, url.Values{"secret": {secret}}.Encode(), header...)
		if response.StatusCode != want {
			t.Errorf("a form of %q: got %d, want %d", origin, response.StatusCode, want)
		}
		for _, cookie := range response.Cookies() {
			if !cookie.Secure {
				t.Errorf("a form of %q: the cookie is not secure", origin)
			}
		}
	}
}

// Where others come in by a proxy, its listener is no sign of being on this machine.
func TestBehindAProxyTheSimulatorIsNotAnswered(t *testing.T) {
	t.Parallel()
	r := behindAProxy(t)
	if response, _ := r.exchange(t, "GET", "/v1/users/me", "", "X-Api-Key", secret); response.StatusCode != http.StatusNotFound {
		t.Errorf("got %d, want that there is nothing", response.StatusCode)
	}
}

func TestWithoutASecretNobodyElseIsInvited(t *testing.T) {
	t.Parallel()
	for _, public := range []string{publicOfTests, "http://192.0.2.7", "https://localhost.example"} {
		_, err := open(t.Context(), quick, place{addr: "127.0.0.1:0", data: t.TempDir(), url: public}, planted.Log(t))
		if err == nil || !strings.Contains(err.Error(), "WEBHOOK_SECRETS") {
			t.Errorf("%s: got %v, want a refusal", public, err)
		}
	}
	r := startAt(t, quick, place{addr: "127.0.0.1:0", data: t.TempDir(), url: "https://relay.localhost:8443"})
	for want, headers := range map[int][][]string{
		http.StatusOK: {
			{"Host", "relay.localhost:8443"}, {"Host", "RELAY.localhost:8443", "Origin", "https://relay.localhost:8443"},
			{"Host", "127.0.0.1:1", "Origin", "https://relay.localhost:8443"}, {"Host", "localhost"},
		},
		http.StatusForbidden: {
			{"Host", "relay.localhost"}, {"Host", "other.localhost:8443"}, {"Host", "relay.localhost:8443.rebound.example"},
			{"Host", "relay.localhost:8443", "Origin", "https://elsewhere.example"}, {"Host", "rebound.example", "Origin", "https://relay.localhost:8443"},
		},
	} {
		for _, header := range headers {
			if response, said := r.exchange(t, "GET", "/runs", "", header...); response.StatusCode != want {
				t.Errorf("%q: got %d, want %d: %.200s", header, response.StatusCode, want, said)
			}
		}
	}
}
