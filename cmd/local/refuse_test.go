package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"notionrelay/test/hostile"
)

// BenchmarkRefuse sends the table of hostile requests to the command in a process of
// its own, and says how long the slowest waits for its answer.
func BenchmarkRefuse(b *testing.B) {
	process, base := command(b, b.TempDir(), "WEBHOOK_SECRETS="+hostile.Secret+","+hostile.SigningSecret)
	addr := strings.TrimPrefix(base, "http://")
	_, said := hostile.Request{Line: "POST /reports", Body: hostile.Good}.Send(b, addr)
	var accepted answer
	if err := json.Unmarshal(said, &accepted); err != nil {
		b.Fatal(err)
	}
	link, err := url.Parse(accepted.Data.StatusURL)
	if err != nil {
		b.Fatal(err)
	}
	requests := hostile.Requests(b, accepted.Data.ReportID, link.Query().Get("token"))
	var slowest time.Duration
	var name string
	for b.Loop() {
		for _, h := range requests {
			if status, _ := answerOf(h); status == 431 { // net/http waits half a second before it closes
				continue
			}
			began := time.Now()
			h.Send(b, addr)
			if took := time.Since(began); took > slowest {
				slowest, name = took, h.Name
			}
		}
	}
	b.Logf("the slowest is %q", name)
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
	b.ReportMetric(float64(peakMemory(b, process.Process.Pid)), "peak-MB")
	b.ReportMetric(0, "ns/op")
}

// answerOf is what the listener makes of a request: it takes fewer headers than
// net/http, which would take a megabyte.
func answerOf(h hostile.Request) (status int, code string) {
	if len(h.Line)+len(h.Header) > maxHeader+4096 { // net/http's reserve
		return 431, ""
	}
	return h.Status, h.Code
}
