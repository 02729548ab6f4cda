package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notHere are the commands for newcomers and contributors that neither .ci/run nor
// the scripts of cmd/relayctl run as they stand, and what is done instead.
var notHere = map[string]string{
	"make run":                  "it serves until it is ended; the tests of cmd/local and the scripts of cmd/relayctl start the same program",
	"make help":                 "it lists what there is to make",
	"make check":                "it is make test and make lint, which are run",
	"make bench":                "figures, not a verdict",
	"make mutants":              "it judges the tests, not the program; its own tests are among make test",
	"make load":                 "an hour on two processors; make integration runs its test for a shorter time",
	"make pictures":             "its pictures are in the repository; the tests of the browser look at the same pages",
	"make schemathesis":         "it needs what PyPI has; the tests of the webhook hold docs/openapi.yaml against the handlers",
	"make sam-local":            "it serves until it is ended; make e2e-sam begins with the same",
	"go install ./cmd/relayctl": "it puts a program into the person's folder; the scripts of cmd/relayctl are the same program",
	".ci/run":                   "this is it",
	"WEBHOOK_SECRETS=… go run ./cmd/local -addr :8080":                                 "the tests of cmd/local start it with secrets",
	"WEBHOOK_SECRETS=… go run ./cmd/local -url https://relay.example.org":              "likewise, with a public address",
	"NOTION_API_KEY=… NOTION_DATABASE_ID=… go run ./cmd/local -data .notionrelay/real": "the scripts of cmd/relayctl start it so, with NOTION_BASE_URL for another Notion",
	"sam build && sam deploy --guided":                                                 "make deploy-check answers its questions before a stand-in for AWS",
}

// indented is a command line in a document: code, and a tool's name at its beginning.
var indented = regexp.MustCompile(`(?m)^    ((?:[A-Z_]+=\S+ )*(?:make|sam|go|\./|\.ci/|python3|npm|docker|aws)\S* ?.*?)(?: +#.*)?$`)

// Commands of relayctl and curl are run by the scripts of cmd/relayctl, all of them.
func TestCommandsForNewcomersAreRunOrListedWithTheReason(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, target := range regexp.MustCompile(`\bshown ([\w-]+)`).FindAllStringSubmatch(read(t, ".ci/run"), -1) {
		shown["make "+target[1]] = true
	}
	if len(shown) == 0 {
		t.Error(".ci/run runs nothing")
	}
	var found []string
	for _, file := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, line := range indented.FindAllStringSubmatch(read(t, file), -1) {
			command := strings.TrimSpace(line[1])
			found = append(found, command)
			if _, listed := notHere[command]; listed == shown[command] {
				t.Errorf("%s: %q is run by .ci/run: %t; it is listed as not run: %t", file, command, shown[command], listed)
			}
		}
	}
	for command := range notHere {
		if !slices.Contains(found, command) {
			t.Errorf("%q is listed, and in no document", command)
		}
	}
}
