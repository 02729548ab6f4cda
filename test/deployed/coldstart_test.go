//go:build integration

package deployed_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/lambdatest"
)

var coldStartLimit = flag.Duration("coldstart.limit", 0, "the median above which BenchmarkColdStart fails; 0 for none")

// BenchmarkColdStart measures each function from the start of its process to
// the first answer, with all that the answer needs of SQS and DynamoDB, and
// reports the median.
func BenchmarkColdStart(b *testing.B) {
	c := startCloud(b)
	d := c.deploy(b, publish.Timeout, untouched)
	small := report.Payload{Reports: map[string]string{"strategyReport": "# Plan"}}
	b.Run("publisher", func(b *testing.B) {
		// Nothing is left to do for the report, so that Notion's time does not count.
		run := runs.Run{ReportID: "rep_1", Fingerprint: small.Fingerprint(), Status: runs.Complete, AcceptedAt: time.Now(), PublishedAt: time.Now()}
		if _, _, err := d.runs.Create(b.Context(), run); err != nil {
			b.Fatal(err)
		}
		event := sent(b, d.publish, queue.Message{Kind: queue.Publish, ReportID: run.ReportID, Payload: &small})
		coldStart(b, d.publisher, func(int) { wantDone(b, d.publisher, event) })
	})
	b.Run("enricher", func(b *testing.B) {
		subject := small.Subject()
		event := sent(b, d.enrich, queue.Message{Kind: queue.Enrich, ReportID: "rep_1", Payload: &small, Subject: &subject})
		coldStart(b, d.enricher, func(int) { wantDone(b, d.enricher, event) })
	})
	b.Run("webhook", func(b *testing.B) {
		coldStart(b, d.webhook, func(i int) {
			var a accepted
			if status := d.request(b, http.MethodPost, "/reports", fmt.Sprintf(`{"strategyReport":"# Plan %d"}`, i), &a); status != http.StatusAccepted {
				b.Fatalf("the report was answered with %d", status)
			}
		})
	})
}

func coldStart(b *testing.B, f *lambdatest.Function, answer func(i int)) {
	b.Helper()
	answer(-1) // the servers warm up as well
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		f.Kill()
		started := time.Now()
		answer(i)
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
	if *coldStartLimit > 0 && median > *coldStartLimit {
		b.Errorf("the median is %s, want at most %s", median, *coldStartLimit)
	}
}

// BenchmarkResident reports how much memory webhook and publisher have had at most
// when each has worked on a report of 1 MB.
func BenchmarkResident(b *testing.B) {
	d := startCloud(b).deploy(b, publish.Timeout, untouched)
	const part = "## What was found\n\nPeople who **use** it say, in *their* words, that it does [what they need](https://example.com/a-page).\n\n" +
		"- It is quick to set up\n- It costs less than the others\n  - though not for all\n\n| who | how many |\n| --- | --- |\n| customers | 12 |\n\n"
	text := strings.Repeat(part, 1_000_000/len(part))
	for i := 0; b.Loop(); i++ {
		var a accepted
		if status := d.request(b, http.MethodPost, "/reports", encodedReport(b, fmt.Sprintf("# Plan %d\n\n%s", i, text)), &a); status != http.StatusAccepted {
			b.Fatalf("the report was answered with %d", status)
		}
		wantDone(b, d.publisher, received(b, d.publish))
	}
	for name, f := range map[string]*lambdatest.Function{"webhook-MB": d.webhook, "publisher-MB": d.publisher} {
		peak, err := f.PeakMemory()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(peak)/(1<<20), name)
	}
}

func encodedReport(b *testing.B, text string) string {
	b.Helper()
	body, err := json.Marshal(map[string]string{"strategyReport": text})
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

// sent is the event of a message that waits to be handled in an empty queue.
func sent(b *testing.B, q *sqsqueue.Queue, m queue.Message) events.SQSEvent {
	b.Helper()
	body, err := queue.Encode(m)
	if err != nil {
		b.Fatal(err)
	}
	out := queue.Outgoing{Body: body}
	if m.Kind == queue.Publish {
		out.Group, out.DeduplicationID = queue.PublishGroup, m.DeduplicationID()
	}
	if err := q.Send(b.Context(), out); err != nil {
		b.Fatal(err)
	}
	return received(b, q)
}

// received is the event of the message that a queue delivers next.
func received(b *testing.B, q *sqsqueue.Queue) events.SQSEvent {
	b.Helper()
	messages, err := q.Receive(b.Context(), 1, time.Second)
	if err != nil || len(messages) != 1 {
		b.Fatalf("received %v, %v, want the message", messages, err)
	}
	in := messages[0]
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: in.ID, ReceiptHandle: in.Receipt, Body: in.Body}}}
}

// wantDone has a function handle messages and expects none back.
func wantDone(b *testing.B, f *lambdatest.Function, event events.SQSEvent) {
	b.Helper()
	response, err := invoke(f)(context.WithoutCancel(b.Context()), event)
	if err != nil {
		b.Fatal(err)
	}
	if len(response.BatchItemFailures) != 0 {
		b.Fatalf("got the message back:\n%s", f.Logs())
	}
}
