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

// documented finds command lines of relayctl in a document.
var documented = regexp.MustCompile(`(?m)^    (relayctl .*?)(?:  +#.*)?$`)

// documentedScripts are scripts that run every command line of a document as it
// stands, by a shell, where one report has failed and may be put back. What is meant
// for a stack on AWS is run on a data folder, and what stands for an id is replaced.
func documentedScripts(t *testing.T) (files []string) {
	t.Helper()
	folder := t.TempDir()
	for name, command := range commandsOfDocuments(t) {
		file := filepath.Join(folder, "documented-"+name+".txtar")
		script := strings.ReplaceAll(prelude, "COMMAND", strings.ReplaceAll(command, "'", "''"))
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
exec sh -c 'COMMAND'

-- one.json --
{"strategyReport": "wobbly", "email": "a@one.example", "runId": "run-1"}
`

// placeholder is what stands for an id.
var placeholder = strings.NewReplacer("rep_…", `"$REPORT"`, `--stack "$stack" `, "", "--stack notion-relay ", "")

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
			all = append(all, placeholder.Replace(line[1]))
		}
	}
	slices.Sort(all)
	named := map[string]string{}
	for i, command := range slices.Compact(all) {
		named[fmt.Sprintf("%02d-%s", i, strings.Trim(notInNames.ReplaceAllString(command, "-"), "-"))] = command
	}
	return named
}

var notInNames = regexp.MustCompile(`[^a-z-]+`)
