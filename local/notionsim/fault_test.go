package notionsim_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
)

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault notionsim.Fault
		want  []int // answers to four reads of a page and one of its children
	}{
		{"first by default", notionsim.Fault{Status: 500}, []int{500, 200, 200, 200, 200}},
		{"second", notionsim.Fault{Status: 500, Nth: 2}, []int{200, 500, 200, 200, 200}},
		{"second and third", notionsim.Fault{Status: 500, Nth: 2, Times: 2}, []int{200, 500, 500, 200, 200}},
		{"all from the third on", notionsim.Fault{Status: 500, Nth: 3, Times: -1}, []int{200, 200, 500, 500, 500}},
		{"by path", notionsim.Fault{Status: 500, Path: "/v1/blocks/*/children"}, []int{200, 200, 200, 200, 500}},
		{"by another method", notionsim.Fault{Status: 500, Method: "POST"}, []int{200, 200, 200, 200, 200}},
		{"by anything", notionsim.Fault{Status: 500, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "children") }}, []int{200, 200, 200, 200, 500}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, notionsim.Options{})
			row := c.row("Acme")
			c.sim.Inject(tt.fault)
			paths := []string{"/v1/pages/" + row, "/v1/pages/" + row, "/v1/pages/" + row, "/v1/pages/" + row, "/v1/blocks/" + row + "/children"}
			for i, path := range paths {
				if got, _ := c.do("GET", path, ""); got != tt.want[i] {
					t.Errorf("request %d: got %d, want %d", i+1, got, tt.want[i])
				}
			}
		})
	}
}

func TestFaultMatchReadsTheBody(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	c.sim.Inject(notionsim.Fault{Status: 503, Match: func(r *http.Request) bool {
		b, err := io.ReadAll(r.Body)
		return err == nil && strings.Contains(string(b), "Bad")
	}})
	c.row("Good")
	if status, _ := c.do("POST", "/v1/pages", strings.ReplaceAll(reportsRow(`"Company":{"title":[`+rich("Bad")+`]}`), "{db}", c.sim.DatabaseID())); status != 503 {
		t.Errorf("matching body: got %d, want 503", status)
	}
}

func TestFaultEffect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fault   notionsim.Fault
		written bool
	}{
		{"status before", notionsim.Fault{Status: 503}, false},
		{"status after", notionsim.Fault{Status: 503, After: true}, true},
		{"drop before", notionsim.Fault{Drop: true}, false},
		{"drop after", notionsim.Fault{Drop: true, After: true}, true},
		{"delay", notionsim.Fault{Delay: time.Second}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := open(t, notionsim.Options{})
				row := c.row("Acme")
				tt.fault.Method = "PATCH"
				c.sim.Inject(tt.fault)
				start := time.Now()
				resp, err := c.sim.Transport().RoundTrip(c.request("PATCH", "/v1/blocks/"+row+"/children", children(item)))
				if dropped := errors.Is(err, syscall.ECONNRESET); dropped != tt.fault.Drop {
					t.Errorf("got %v, want dropped %v", err, tt.fault.Drop)
				}
				if err == nil && tt.fault.Status != 0 && resp.StatusCode != tt.fault.Status {
					t.Errorf("got %d, want %d", resp.StatusCode, tt.fault.Status)
				}
				if got := time.Since(start); got != tt.fault.Delay {
					t.Errorf("took %v, want %v", got, tt.fault.Delay)
				}
				if got := len(ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))) == 1; got != tt.written {
					t.Errorf("written: got %v, want %v", got, tt.written)
				}
			})
		})
	}
}

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	c.sim.Inject(notionsim.Fault{Status: 502, Body: "<html>Bad Gateway</html>", Header: http.Header{"content-type": {"text/html"}, "Retry-After": {"7"}}})
	resp, err := c.sim.Transport().RoundTrip(c.request("GET", "/v1/users/me", ""))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 502 || string(body) != "<html>Bad Gateway</html>" || resp.Header.Get("Retry-After") != "7" || resp.Header.Get("Content-Type") != "text/html" {
		t.Errorf("got %d %v %q, want the HTML of the fault", resp.StatusCode, resp.Header, body)
	}

	c.sim.Inject(notionsim.Fault{Body: `{"object":"us`})
	if resp, err = c.sim.Transport().RoundTrip(c.request("GET", "/v1/users/me", "")); err != nil || resp.StatusCode != 200 || resp.ContentLength != 13 {
		t.Errorf("got %v, %v, want 200 with the 13 bytes of the fault", resp, err)
	}

	c.sim.Inject(notionsim.Fault{Drop: true, Err: syscall.ECONNREFUSED})
	if _, err := c.sim.Transport().RoundTrip(c.request("GET", "/v1/users/me", "")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want connection refused", err)
	}
	for status, code := range map[int]string{
		400: "validation_error", 401: "unauthorized", 403: "restricted_resource", 404: "object_not_found", 409: "conflict_error",
		429: "rate_limited", 500: "internal_server_error", 502: "bad_gateway", 503: "service_unavailable", 504: "gateway_timeout", 529: "service_overload",
	} {
		c.sim.Inject(notionsim.Fault{Status: status})
		got, o := c.do("GET", "/v1/users/me", "")
		if got != status {
			t.Errorf("got %d, want %d", got, status)
		}
		checkError(t, o, status, code)
	}
}

func TestFaultNamesWhatWasCommitted(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	c.sim.Inject(notionsim.Fault{Method: "POST", Status: 503, After: true, Committed: true})
	_, o := c.do("POST", "/v1/pages", `{"parent":{"page_id":"`+row+`"},"properties":{},"children":[`+item+`,`+item+`]}`)
	data := o["additional_data"].(map[string]any)
	page := data["committed_resource_id"].(string)
	if got := c.must("GET", "/v1/pages/"+page, "")["id"]; got != page {
		t.Errorf("committed page: got %v, want %v", got, page)
	}
	if got := len(data["committed_child_ids"].([]any)); got != 2 {
		t.Errorf("committed children: got %d, want 2", got)
	}
}

// A dropped connection must look like one to a real client too.
func TestFaultDropsAServersConnection(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	server := httptest.NewServer(c.sim)
	t.Cleanup(server.Close)
	c.sim.Inject(notionsim.Fault{Drop: true})
	get := func() (*http.Response, error) {
		r := c.request("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "{}") // net/http itself repeats a GET
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(server.URL, "http://")
		r.Host = ""
		return server.Client().Do(r)
	}
	resp, err := get()
	if err == nil {
		resp.Body.Close()
		t.Errorf("dropped request: got %s, want an error", resp.Status)
	}
	resp, err = get()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("next request: got %s, %v", resp.Status, resp.Header)
	}
}
