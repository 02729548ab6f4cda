package ledger

import (
	"testing"

	"notionrelay/shared/block"
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
