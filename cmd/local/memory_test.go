//go:build memory

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"notionrelay/shared/report"
)

// TestMemoryOfTheListener has the real process meet more than anybody ought to
// send, and shows the most memory that it ever had.
func TestMemoryOfTheListener(t *testing.T) {
	worst, err := json.Marshal(map[string]string{"strategyReport": strings.Repeat(strings.Repeat("word ", 400)+"\n\n", report.MaxBody/2010)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		env      []string
		callers  func(i int, body []byte) http.Header
		path     string
		body     []byte
		statuses map[int]bool
		limit    int // MB
	}{
		{"10 MiB each without a secret", []string{"WEBHOOK_SECRETS=" + secret}, anybody, "/reports", make([]byte, 10<<20), map[int]bool{401: true}, 100},
		{"10 MiB each to the simulator", []string{"WEBHOOK_SECRETS=" + secret}, anybody, "/v1/pages", make([]byte, 10<<20), map[int]bool{401: true}, 100},
		{"4 MiB each that are no JSON", nil, anybody, "/reports", make([]byte, report.MaxBody), map[int]bool{400: true, 503: true}, 200},
		{"4 MiB each that are reports, half of them signed", []string{"WEBHOOK_SECRETS=" + secret}, known, "/reports", worst, map[int]bool{202: true, 200: true, 413: true, 503: true}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			process, url := command(t, t.TempDir(), tt.env...)
			answers := map[int]int{}
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range 200 {
				all.Go(func() {
					body := tt.body
					if body[0] == '{' { // each a report of its own
						body = append(fmt.Appendf(nil, `{"runId":"%d",`, i), body[1:]...)
					}
					status := postUnasked(t, url+tt.path, body, tt.callers(i, body))
					mu.Lock()
					defer mu.Unlock()
					answers[status]++
				})
			}
			all.Wait()
			peak := peakMemory(t, process.Process.Pid)
			t.Logf("%d MB at most, answers %v", peak, answers)
			for status := range answers {
				if !tt.statuses[status] {
					t.Errorf("%d answers are %d", answers[status], status)
				}
			}
			if peak > tt.limit {
				t.Errorf("that is more than %d MB", tt.limit)
			}
		})
	}
}

func anybody(int, []byte) http.Header { return http.Header{} }

// known are callers with a secret, and others with a signature.
func known(i int, body []byte) http.Header {
	if i%2 == 0 {
		return http.Header{"X-Api-Key": {secret}}
	}
	signer, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if err != nil {
		panic(err)
	}
	id, now := fmt.Sprint(i), time.Now()
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		panic(err)
	}
	return http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {fmt.Sprint(now.Unix())}, "Webhook-Signature": {signature}}
}

// postUnasked sends a body without looking whether it is wanted.
func postUnasked(t *testing.T, url string, body []byte, header http.Header) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
