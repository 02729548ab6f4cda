// Package deploycheck_test deploys template.yaml with the SAM CLI to a stand-in for
// AWS, as docs/deploy.md says, and runs there the commands of that document.
package deploycheck_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const root = "../.."

// notRun are the command lines of the document that are not run here, each with the
// reason. All others are, by TestTheDocumentsCommands.
var notRun = map[string]string{
	`fields timestamp, message, step, error | filter reportId = "rep_…" | sort timestamp`: "a query of CloudWatch Logs Insights, which has no stand-in",
	`relayctl --stack "$stack" dead-letters redrive --all`:                                "it waits until all are published, which nothing does on the stand-in; the tests of cmd/relayctl run it",
	`move Publish`: "moto cannot move the messages of a queue",
}

func TestLinesThatAreNotRunAreInTheDocument(t *testing.T) {
	t.Parallel()
	commands := map[string]bool{}
	for _, line := range commandLines(t) {
		commands[line] = true
	}
	for line, reason := range notRun {
		if !commands[line] || reason == "" {
			t.Errorf("%q is no line of the document, or there is no reason not to run it", line)
		}
	}
	if len(commands) <= 2*len(notRun) {
		t.Errorf("of %d lines %d are not run", len(commands), len(notRun))
	}
}

func TestCommandsAreBash(t *testing.T) {
	t.Parallel()
	for _, line := range commandLines(t) {
		if strings.HasPrefix(line, "fields ") {
			continue
		}
		if said, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, said)
		}
	}
}

// commandLines are the lines of the document's blocks, indented or fenced. A block
// begins after an empty line; what is indented in a list or a paragraph is none.
func commandLines(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	fenced, indented, previous := false, false, ""
	for line := range strings.SplitSeq(string(text), "\n") {
		isFence := strings.HasPrefix(line, "```")
		if isFence {
			fenced = !fenced
		}
		isIndented := strings.HasPrefix(line, "    ")
		indented = isIndented && (indented || previous == "") || line == "" && indented
		if command := strings.TrimSpace(line); command != "" && !isFence && (fenced || indented) {
			lines = append(lines, command)
		}
		previous = line
	}
	return lines
}
