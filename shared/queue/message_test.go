package queue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func ExampleEncode() {
	body, _ := queue.Encode(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &report.Payload{Reports: map[string]string{"strategyReport": "# Plan"}}})
	fmt.Println(body)
	// Output: {"version":1,"kind":"publish","reportId":"rep_1","payload":{"reports":{"strategyReport":"# Plan"}}}
}
