package queue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notionrelay/shared/queue"
	"notionrelay/shared/report"
)

func TestMessageSurvivesItsEnvelope(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":                       "# Plan\n\n<b>5 & 6</b>",
		"characters that SQS forbids": "a\ufffeb\uffffc\x01",
		"large enough to be packed":   strings.Repeat("more text ", 300_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Reports: map[string]string{"strategyReport": text}}}
			body, err := queue.Encode(want)
			if err != nil {
				t.Fatal(err)
			}
			if len(body) > queue.MaxBody {
				t.Errorf("got a body of %d bytes", len(body))
			}
			if strings.ContainsAny(body, "\ufffe\uffff\x01") {
				t.Error("got a body with characters that SQS refuses")
			}
			got, err := queue.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeRefusesWhatCannotBePacked(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 2<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte('!' + random.IntN(90))
	}
	_, err := queue.Encode(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Reports: map[string]string{"strategyReport": string(noise)}}})
	if !errors.Is(err, queue.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":        ``,
		"no JSON":        `hello`,
		"another shape":  `{"version":1,"reportId":7}`,
		"no report id":   `{"version":1,"kind":"publish"}`,
		"a later format": `{"version":2,"kind":"publish","reportId":"r"}`,
		"broken packing": `{"version":1,"kind":"publish","reportId":"r","packed":"AAAA"}`,
	} {
		if _, err := queue.Decode(body); !errors.Is(err, queue.ErrUnreadable) {
			t.Errorf("%s: got %v, want ErrUnreadable", name, err)
		}
	}
}

// FuzzDecode looks for a body that takes the process down, or that is read as a
// message which another function would read differently.
func FuzzDecode(f *testing.F) {
	for _, m := range []queue.Message{
		{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Email: "a@b.com", Reports: map[string]string{"strategyReport": "# Plan \ufffe"}}},
		{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Reports: map[string]string{"strategyReport": strings.Repeat("more text ", 110_000)}}}, // packed
		{Kind: queue.Texts, ReportID: "rep_1", Answer: "a", Texts: &queue.HomepageTexts{Title: "Title", Warnings: []string{"w"}}},
		{Kind: queue.Quotes, ReportID: "rep_1", Subject: &report.Subject{Company: "Acme"}, Quotes: &queue.QuotesPart{Total: 1, Quotes: []report.Quote{{Text: "q", RelevanceScore: new(0.1)}}}},
	} {
		body, err := queue.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add(`{"version":1,"reportId":"r","packed":"H4sIAAAAAAAA"}`)
	f.Add(`{"version":1,"reportId":"r","payload":null,"quotes":{"quotes":[null]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, err := queue.Decode(body)
		if err != nil {
			if !errors.Is(err, queue.ErrUnreadable) {
				t.Errorf("got %v, want ErrUnreadable", err)
			}
			return
		}
		again, err := queue.Encode(m)
		if errors.Is(err, queue.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := queue.Decode(again)
		if diff := cmp.Diff(m, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v; message (-read +read again):\n%s", err, diff)
		}
	})
}

func ExampleEncode() {
	body, _ := queue.Encode(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Reports: map[string]string{"strategyReport": "# Plan"}}})
	fmt.Println(body)
	// Output: {"version":1,"kind":"publish","reportId":"rep_1","payload":{"reports":{"strategyReport":"# Plan"}}}
}
