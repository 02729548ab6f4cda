package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkAcknowledge posts reports to the command in a process of its own, while
// its publisher is at work. Each of its parts is one measurement of some seconds.
func BenchmarkAcknowledge(b *testing.B) {
	for _, size := range []struct {
		name      string
		bytes     int
		senders   int // at once
		perSecond int // of the measured times: what takes two MB a second
	}{{"10KB", 10_000, 32, 200}, {"100KB", 100_000, 8, 20}, {"1MB", 1_000_000, 2, 2}} {
		b.Run(size.name+"/all_at_once", func(b *testing.B) {
			s := newSender(b, size.bytes)
			const patience = 5 * time.Second
			began := time.Now()
			var wait sync.WaitGroup
			var sent atomic.Int64
			for range size.senders {
				wait.Go(func() {
					for time.Since(began) < patience && s.post(b) {
						sent.Add(1)
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(sent.Load())/time.Since(began).Seconds(), "posts/s")
			b.ReportMetric(0, "ns/op")
			s.end(b)
		})
		b.Run(fmt.Sprintf("%s/%d_per_second", size.name, size.perSecond), func(b *testing.B) {
			s := newSender(b, size.bytes)
			took := s.steadily(b, size.perSecond, 10*time.Second)
			slices.Sort(took)
			for _, p := range []struct {
				name string
				of   float64
			}{{"p50-ms", .5}, {"p90-ms", .9}, {"p99-ms", .99}, {"p99.9-ms", .999}} {
				b.ReportMetric(float64(took[int(p.of*float64(len(took)-1))].Microseconds())/1000, p.name)
			}
			b.ReportMetric(0, "ns/op")
			s.end(b)
		})
	}
}

// BenchmarkSync is what a report of 10 KB asks of the disk: what its commit adds to
// the journal, and that it stays.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "journal"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	added := make([]byte, 50_000)
	for b.Loop() {
		took := make([]time.Duration, 400) // from one emptying of the journal to the next
		err = errors.Join(err, f.Truncate(0))
		for i := range took { // it is written over after each fifty
			began := time.Now()
			_, writing := f.WriteAt(added, int64(i%50*len(added)))
			err = errors.Join(err, writing, f.Sync())
			took[i] = time.Since(began)
		}
		if err != nil {
			b.Fatal(err)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// sender posts reports of one size, no two the same.
type sender struct {
	process *exec.Cmd
	url     string
	client  *http.Client
	text    string
	posts   atomic.Int64

	refused atomic.Int64
}

func newSender(b *testing.B, size int) *sender {
	b.Helper()
	// No pause between writes, so that the publisher never waits.
	process, url := command(b, b.TempDir(), "NOTION_MIN_GAP=100ms", "NOTION_BUDGET=100000")
	const part = `## What was found\n\nPeople who **use** it say, in *their* words, that it does [what they need](https://example.com/a-page).\n\n` +
		`- It is quick to set up\n- It costs less than the others\n  - though not for all\n\n| who | how many |\n| --- | --- |\n| customers | 12 |\n\n`
	s := &sender{process: process, url: url, text: strings.Repeat(part, size/len(part)), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	b.Cleanup(s.client.CloseIdleConnections)
	return s
}

// post sends a report and returns whether it was answered.
func (s *sender) post(b *testing.B) bool { return s.send(b, s.next(b)) }

// next is another report, ready to be sent.
func (s *sender) next(b *testing.B) *http.Request {
	body := fmt.Sprintf(`{"strategyReport":"# Plan %d\n\n%s"}`, s.posts.Add(1), s.text)
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.url+"/reports", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (s *sender) send(b *testing.B, r *http.Request) bool {
	response, err := s.client.Do(r)
	if err != nil {
		b.Error(err)
		return false
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusAccepted {
		s.refused.Add(1)
	}
	return true
}

// end ends the command and reports the processor time that a post took it, which
// is the same however busy the machine is.
func (s *sender) end(b *testing.B) {
	b.Helper()
	if n := s.refused.Load(); n > 0 {
		b.Errorf("%d of %d posts were refused", n, s.posts.Load())
	}
	s.process.Process.Kill()
	s.process.Wait()
	used := s.process.ProcessState.UserTime() + s.process.ProcessState.SystemTime()
	b.ReportMetric(used.Seconds()*1000/float64(s.posts.Load()), "cpu-ms/post")
}

// steadily posts at a rate, whether or not earlier posts are answered, and returns
// how long each took from the moment that it was due.
func (s *sender) steadily(b *testing.B, perSecond int, d time.Duration) []time.Duration {
	b.Helper()
	took := make([]time.Duration, int(d.Seconds())*perSecond)
	began := time.Now()
	var wait sync.WaitGroup
	for i := range took {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		r := s.next(b)
		awaitExactly(due)
		wait.Go(func() {
			s.send(b, r)
			took[i] = time.Since(due)
		})
	}
	wait.Wait()
	return took
}

// awaitExactly does not trust timers at the end, which wake up to a millisecond late
// where nothing else goes on: epoll_wait(2) counts in whole ones.
func awaitExactly(t time.Time) {
	time.Sleep(time.Until(t) - 1200*time.Microsecond)
	for time.Now().Before(t) {
		runtime.Gosched()
	}
}
