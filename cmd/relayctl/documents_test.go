package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented finds command lines of relayctl and curl in a document.
var documented = regexp.MustCompile(`(?m)^    ((?:relayctl|curl) (?:.*\\\n)*.*?)(?: +# .*)?$`)

// notRun are the command lines that the scripts do not run, with the reason.
var notRun = map[string]string{
	"relayctl watch": "it ends when it is told to; TestWatchPrintsFramesUntilItIsToldToEnd does so, and watch --once is run",
	"relayctl preview events/sample-report.json": "it ends when it is told to; TestAPreviewIsServedUntilItIsToldToEnd does so",
}

// documentedScripts are scripts that run every command line of a document as it
// stands, by a shell, where one report has failed and may be put back. What is meant
// for a stack on AWS is run on a data folder, and what stands for an id is replaced.
func documentedScripts(t *testing.T) (files []string) {
	t.Helper()
	folder := t.TempDir()
	for name, command := range commandsOfDocuments(t) {
		file := filepath.Join(folder, "documented-"+name+".txtar")
		script := strings.Replace(prelude, "COMMAND", command, 1)
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

const prelude = `local start
notion refuse wobbly
! exec relayctl send one.json
id REPORT run-1
notion mend
exec sh -c 'sh command.sh || test $? = 3' # which says that something needs a person

-- one.json --
{"strategyReport": "wobbly", "email": "a@one.example", "runId": "run-1"}
-- events/sample-report.json --
{"strategyReport": "# Plan", "email": "b@two.example", "runId": "run-2"}
-- command.sh --
COMMAND
`

// placeholder is what stands for an id.
var placeholder = strings.NewReplacer("rep_…", `"$REPORT"`, `--stack "$stack" `, "", "--stack notion-relay ", "",
	"http://127.0.0.1:8080", "$URL", "curl -sS", "curl -sS --fail")

// commandsOfDocuments are the different command lines, by a name for each.
func commandsOfDocuments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, error %v", len(files), err)
	}
	var all []string
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := documented.FindAllStringSubmatch(string(text), -1)
		if strings.HasSuffix(file, "runbook.md") && len(lines) < 20 {
			t.Errorf("%s has %d command lines", file, len(lines))
		}
		for _, line := range lines {
			if notRun[line[1]] == "" {
				all = append(all, placeholder.Replace(line[1]))
			}
		}
	}
	slices.Sort(all)
	named := map[string]string{}
	for i, command := range slices.Compact(all) {
		name := notInNames.ReplaceAllString(command, "-")
		named[fmt.Sprintf("%02d-%s", i, strings.Trim(name[:min(40, len(name))], "-"))] = command
	}
	return named
}

var notInNames = regexp.MustCompile(`[^a-z-]+`)
