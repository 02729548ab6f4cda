package docs_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/operate/runbook"
)

func TestRunbookHasEveryAlarmOfTheTemplate(t *testing.T) {
	t.Parallel()
	inRunbook(t, runbook.Alarm, alarms(t))
}

func TestRunbookHasEveryCodeOfThePublisher(t *testing.T) {
	t.Parallel()
	inRunbook(t, runbook.Failure, publish.FailureCodes())
	inRunbook(t, runbook.Halt, publish.HaltCodes())
}

func TestRunbookHasEveryCodeOfNotion(t *testing.T) {
	t.Parallel()
	codes := []string{publish.RowLimit} // of a quotes database; it is of no status of its own
	for _, code := range notionsim.Codes() {
		codes = append(codes, code)
	}
	inRunbook(t, runbook.Notion, codes)
}

// inRunbook expects the runbook to have exactly what exists.
func inRunbook(t *testing.T, kind runbook.Kind, exist []string) {
	t.Helper()
	var has []string
	for _, trouble := range runbook.Troubles(kind) {
		has = append(has, trouble.Codes...)
	}
	exist = slices.Clone(exist)
	slices.Sort(has)
	slices.Sort(exist)
	if diff := cmp.Diff(exist, has); diff != "" {
		t.Errorf("the runbook has another %s than there is (-exists +runbook):\n%s", kind, diff)
	}
}

// The contract says in a word what the runbook says at length.
func TestContractMeansWhatTheRunbookMeans(t *testing.T) {
	t.Parallel()
	for heading, place := range map[string]struct {
		kind   runbook.Kind
		column int
	}{
		"failure code":  {runbook.Failure, 1},
		"Notion's code": {runbook.Notion, 2},
		"halt code":     {runbook.Halt, 1},
	} {
		for _, row := range rows(t, heading) {
			for _, name := range code.FindAllStringSubmatch(row[0], -1) {
				troubles := slices.DeleteFunc(runbook.Find(name[1]), func(r runbook.Trouble) bool { return r.Kind != place.kind })
				if len(troubles) != 1 {
					t.Errorf("%s %s is %d times in the runbook", heading, name[1], len(troubles))
				} else if troubles[0].Means != row[place.column] {
					t.Errorf("%s means %q, and %q in the runbook", name[1], row[place.column], troubles[0].Means)
				}
			}
		}
	}
}
