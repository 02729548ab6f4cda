package ledger

import (
	"testing"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// Records keep the fingerprint of the version that began a page. Where it is made
// otherwise, every half-written page goes to the trash and is begun anew.
func TestAFingerprintIsTheSameInEveryVersion(t *testing.T) {
	t.Parallel()
	divider := []block.Block{{Kind: block.Divider}}
	for want, plan := range map[string]block.Plan{
		"OOC53oF_ZFxL7DfA": {},
		"HJcSzRpBBGqFxqgl": {Create: divider},
		"p_DkFURoj3HQ7dXk": {Create: divider, Appends: []block.Append{{Parent: block.Path{0}, Children: divider}}},
		"WhXZXKSzXGN3_A4V": {Create: divider, Appends: []block.Append{{Parent: block.Path{1}, Children: divider}}},
	} {
		if got, err := fingerprintOf(plan); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

// Another version may plan a page that is finished with more requests. What those
// would write is on the page already.
func TestAFinishedPageStays(t *testing.T) {
	t.Parallel()
	divider := []block.Block{{Kind: block.Divider}}
	plan := block.Plan{Create: divider, Appends: []block.Append{{Children: divider}, {Children: divider}}}
	for _, requests := range []int{1, 3, 5} {
		l, _ := newLedger(t, runs.Step{ID: "1", Plan: "another", Done: requests})
		l.Run.Steps[0].Total = requests
		talkingTo(t, l, nil)
		id, err := l.Document(t.Context(), "step", "parent", "x", notion.NewPage{}, plan)
		if s := l.Run.Step("step"); id != "1" || err != nil || s.Done != requests || s.Total != requests {
			t.Errorf("of %d requests: got %q, %v, and the step is %+v", requests, id, err, s)
		}
	}
}
