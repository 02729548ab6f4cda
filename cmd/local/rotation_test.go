//go:build integration

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	newSecret = "another secret of the tests"
	oldKey    = "the old key of the links"
	newKey    = "the new key of the links"
)

// TestSecretsRotateWithoutARefusal changes the secret of callers and the key of
// links as SECURITY.md says, a start for each step, while callers send and people
// look. A start refuses connections, for a moment; nobody is told that he has no
// right to come in, and links of the old key open until it is taken away.
func TestSecretsRotateWithoutARefusal(t *testing.T) {
	t.Parallel()
	r := &rotation{t: t, data: t.TempDir(), client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	r.start(secret, oldKey)
	r.caller.Store(secret)
	oldLink := r.send()
	var people sync.WaitGroup
	done := make(chan struct{})
	people.Go(func() { r.meanwhile(done, func() { r.send() }) })
	people.Go(func() { r.meanwhile(done, func() { r.look(oldLink) }) })

	r.start(newSecret+","+secret, newKey+","+oldKey)
	r.waitForMore()
	r.caller.Store(newSecret) // the callers move over
	r.waitForMore()
	r.start(newSecret, newKey+","+oldKey)
	newLink := r.send()
	r.look(newLink)
	r.waitForMore()
	close(done)
	people.Wait()
	t.Logf("%d were answered, %d found nobody there", r.answered.Load(), r.unheard.Load())

	r.start(newSecret, newKey) // 90 days later
	r.look(newLink)
	if got := r.status(oldLink); got != http.StatusUnauthorized {
		t.Errorf("a link of the key that was taken away: got %d", got)
	}
	r.caller.Store(secret)
	if got, _ := r.post(); got != http.StatusUnauthorized {
		t.Errorf("the secret that was taken away: got %d", got)
	}
}

type rotation struct {
	t                 *testing.T
	data              string
	client            *http.Client
	base              atomic.Value // the address of the process that runs
	stop              func()
	caller            atomic.Value // the secret that callers have
	sent              atomic.Int64
	answered, unheard atomic.Int64
}

// start replaces the process by one with these secrets and keys.
func (r *rotation) start(secrets, keys string) {
	r.t.Helper()
	if r.stop != nil {
		r.stop()
	}
	process, url := command(r.t, r.data, "NOTION_MIN_GAP=0s", "WEBHOOK_SECRETS="+secrets, "STATUS_TOKEN_KEY="+keys)
	r.stop = func() { stop(r.t, process) }
	r.base.Store(url)
}

// meanwhile does something again and again.
func (r *rotation) meanwhile(done <-chan struct{}, something func()) {
	for {
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
			something()
		}
	}
}

// waitForMore returns when as many as twenty more were answered.
func (r *rotation) waitForMore() {
	for goal := r.answered.Load() + 20; r.answered.Load() < goal; {
		time.Sleep(time.Millisecond)
	}
}

// send sends another report until somebody is there, and returns the path of its
// link.
func (r *rotation) send() (link string) {
	for {
		status, link := r.post()
		if status != 0 {
			if status != http.StatusAccepted {
				r.t.Errorf("a caller got %d", status)
			}
			return link
		}
		time.Sleep(time.Millisecond)
	}
}

// post returns the status 0 where nobody listens.
func (r *rotation) post() (status int, link string) {
	body := fmt.Sprintf(`{"strategyReport":"# Plan %d"}`, r.sent.Add(1))
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.base.Load().(string)+"/reports", strings.NewReader(body))
	if err != nil {
		r.t.Error(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+r.caller.Load().(string))
	response := r.do(request)
	if response == nil {
		return 0, ""
	}
	u, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		r.t.Error(err)
	}
	return response.StatusCode, u.RequestURI()
}

func (r *rotation) look(link string) {
	if status := r.status(link); status != 0 && status != http.StatusOK {
		r.t.Errorf("a person with a link got %d", status)
	}
}

func (r *rotation) status(link string) int {
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base.Load().(string)+link, nil)
	if err != nil {
		r.t.Error(err)
	}
	response := r.do(request)
	if response == nil {
		return 0
	}
	return response.StatusCode
}

func (r *rotation) do(request *http.Request) *http.Response {
	response, err := r.client.Do(request)
	if err != nil {
		r.unheard.Add(1)
		return nil
	}
	response.Body.Close()
	r.answered.Add(1)
	return response
}
