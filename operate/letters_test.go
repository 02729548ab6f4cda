package operate_test

import (
	"fmt"
	"testing"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// Notion quotes what it refuses. Whoever lists runs or dead letters does not see that,
// not even of a letter that has no reason with it, or is known from its record alone.
func TestAListTellsNothingOfAReport(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	for i, letter := range []bool{true, false} {
		run := r.has(t, fmt.Sprintf("rep_%026d", i), accepted.Add(time.Duration(i)*time.Second), func(run *runs.Run) {
			run.Fail(runs.Failure{Kind: string(queue.Publish), Code: "validation_error", Message: "title should be shorter, instead was `" + planted.Text + "`."})
		})
		if !letter {
			continue
		}
		body, err := queue.Encode(queue.Message{Kind: queue.Publish, ReportID: run.ReportID})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Publish.Dead.Send(t.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: body}); err != nil {
			t.Fatal(err)
		}
	}
	letters, err := r.Letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.List(t.Context(), nil, time.Time{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	const want = "validation_error: title should be shorter."
	if len(letters) != 2 || letters[0].Recorded || !letters[1].Recorded || letters[0].Reason != want || letters[1].Reason != want {
		t.Errorf("the letters are %+v", letters)
	}
	if len(list) != 2 || list[0].Note != want || list[1].Note != want {
		t.Errorf("the runs are %+v", list)
	}
	for _, leak := range planted.Find(fmt.Sprintf("%+v\n%+v", letters, list)) {
		t.Errorf("a list tells %s", leak)
	}
}
