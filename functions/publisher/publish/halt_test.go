package publish

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

func TestHaltAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token := sign{problem: &notion.Problem{Code: notion.TokenRefused, Message: "Refused.", Remedy: "Copy it."}}
	trouble := sign{trouble: &notion.Error{Status: 500, Code: "internal_server_error"}}
	fine := sign{fine: true}
	halted := func(code string, probes int, wait time.Duration, suspect string) runs.Halt {
		h := runs.Halt{Code: code, Reason: "Refused.", Remedy: "Copy it.", Since: now, Next: now.Add(wait), Probes: probes, Suspect: suspect}
		if code == NotionFailing {
			h.Reason, h.Remedy = "Writing fails for one report after the other: Notion answered 500 internal_server_error.", waitForNotion
		}
		return h
	}
	certain, suspected := halted(notion.TokenRefused, 0, 15*time.Second, ""), halted(NotionFailing, 0, 15*time.Second, "b")
	tests := []struct {
		name string
		was  runs.Halt
		sign sign
		by   string
		want runs.Halt
	}{
		{"all goes well", runs.Halt{}, fine, "a", runs.Halt{}},
		{"nothing was learned", runs.Halt{}, sign{}, "a", runs.Halt{}},
		{"a problem halts at once", runs.Halt{}, token, "a", certain},
		{"one run in trouble is suspected", runs.Halt{}, trouble, "a", runs.Halt{Suspect: "a"}},
		{"the same run again", runs.Halt{Suspect: "a"}, trouble, "a", runs.Halt{Suspect: "a"}},
		{"another run", runs.Halt{Suspect: "a"}, trouble, "b", suspected},
		{"another run that goes well", runs.Halt{Suspect: "a"}, fine, "b", runs.Halt{}},
		{"a delivery that tells nothing", runs.Halt{Suspect: "a"}, sign{}, "b", runs.Halt{Suspect: "a"}},
		{"a probe fails", certain, token, "b", halted(notion.TokenRefused, 1, 30*time.Second, "")},
		{"the tenth probe fails", halted(notion.TokenRefused, 9, 0, ""), token, "b", halted(notion.TokenRefused, 10, 5*time.Minute, "")},
		{"the same run fails in a halt", suspected, trouble, "b", halted(NotionFailing, 1, 30*time.Second, "b")},
		{"a probe succeeds", suspected, fine, "c", runs.Halt{}},
		{"the token is mended, and Notion fails", certain, trouble, "b", halted(NotionFailing, 1, 30*time.Second, "b")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, haltAfter(tt.was, tt.by, tt.sign, now)); diff != "" {
				t.Errorf("halt (-want +got):\n%s", diff)
			}
		})
	}
}
