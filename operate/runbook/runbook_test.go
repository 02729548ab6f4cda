package runbook_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/operate/runbook"
	"notionrelay/test/golden"
)

func TestTheDocumentIsRenderedFromTheTable(t *testing.T) {
	t.Parallel()
	var document bytes.Buffer
	if err := runbook.Render(&document); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "../../docs/runbook.md", document.String())
}

var kinds = []runbook.Kind{runbook.Alarm, runbook.Halt, runbook.Failure, runbook.Notion}

func TestEveryTroubleSaysEverything(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		var codes []string
		for _, trouble := range runbook.Troubles(kind) {
			name := strings.Join(trouble.Codes, ", ")
			for what, text := range map[string]string{"means": trouble.Means, "client": trouble.Client, "do": trouble.Do} {
				if !strings.HasSuffix(text, ".") {
					t.Errorf("%s %s: %s is no sentence: %q", kind, name, what, text)
				}
			}
			if len(trouble.Codes) == 0 || len(trouble.Commands) == 0 {
				t.Errorf("%s %q has no code or no command", kind, name)
			}
			for _, command := range trouble.Commands {
				if !strings.HasPrefix(command, "relayctl ") {
					t.Errorf("%s %s: %q is no command of relayctl", kind, name, command)
				}
			}
			codes = append(codes, trouble.Codes...)
		}
		if slices.Sort(codes); len(slices.Compact(slices.Clone(codes))) != len(codes) || len(codes) == 0 {
			t.Errorf("of the codes of %s one is there twice, or none: %v", kind, codes)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][]runbook.Kind{
		"publisherhaltedalarm": {runbook.Alarm},
		"cannot_insert":        {runbook.Halt},
		"row_limit_exceeded":   {runbook.Halt, runbook.Notion},
		"in_trash":             {runbook.Failure},
		"rep_1":                nil,
	} {
		var got []runbook.Kind
		for _, trouble := range runbook.Find(code) {
			got = append(got, trouble.Kind)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +found):\n%s", code, diff)
		}
	}
}

func TestACodeIsLookedUpWhereItCanComeFrom(t *testing.T) {
	t.Parallel()
	if got := runbook.OfFailure("row_limit_exceeded").Kind; got != runbook.Notion {
		t.Errorf("a failure's row_limit_exceeded is of %s", got)
	}
	if got := runbook.OfHalt("row_limit_exceeded").Kind; got != runbook.Halt {
		t.Errorf("a halt's row_limit_exceeded is of %s", got)
	}
	if got := runbook.OfFailure("no_such_code"); !strings.Contains(got.Means, "defect") {
		t.Errorf("a code of Notion that nobody knows: %q", got.Means)
	}
	if got := runbook.OfHalt("no_such_code"); len(got.Codes) != 1 || got.Means == "" {
		t.Errorf("a halt of another version: %+v", got)
	}
}

func TestCommandsAreTypedForAReportAndARelay(t *testing.T) {
	t.Parallel()
	got := runbook.OfFailure("validation_error").For("relayctl --stack notion-relay", "rep_1")
	want := []string{"relayctl --stack notion-relay explain rep_1", "relayctl --stack notion-relay dead-letters redrive rep_1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
