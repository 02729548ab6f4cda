package webpage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notionrelay/shared/webpage"
)

var inline = regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`)

// A browser runs nothing that the policy does not name by its hash.
func TestThePolicyNamesWhatAPageHasInIt(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{"own.html": {Data: []byte(`{{template "head"}}<p>{{.}}</p><script>{{times}}</script><script>{{script}}</script>`)}}
	for _, options := range []webpage.Options{{Script: "let a = 1;"}, {Script: "let b = 2;", Forms: true}} {
		page, headers := webpage.New(folder, options).Page("own.html", "<b>")
		if !strings.Contains(page, "&lt;b&gt;") {
			t.Errorf("the content is not escaped: %s", page)
		}
		found := inline.FindAllStringSubmatch(page, -1)
		if len(found) != 3 || found[2][2] != options.Script {
			t.Fatalf("got %d inline parts in %s", len(found), page)
		}
		policy := headers["Content-Security-Policy"]
		for _, part := range found {
			hash := sha256.Sum256([]byte(part[2]))
			if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'") {
				t.Errorf("the policy does not name the %s: %s", part[1], policy)
			}
		}
		if strings.Contains(policy, "form-action 'self'") != options.Forms || (headers["Referrer-Policy"] == "no-referrer") == options.Forms {
			t.Errorf("with forms %v the policies are %q and %q", options.Forms, policy, headers["Referrer-Policy"])
		}
	}
}

func TestTimesAreReadableWithoutScript(t *testing.T) {
	t.Parallel()
	set := webpage.New(fstest.MapFS{"own.html": {Data: []byte(`{{template "time" time .}} {{template "time" "nonsense"}}`)}}, webpage.Options{})
	page, _ := set.Page("own.html", time.Date(2026, 11, 25, 15, 0, 0, 0, time.FixedZone("IST", 19800)))
	if want := `<time datetime="2026-11-25T09:30:00Z">25 Nov 2026, 09:30:00 UTC</time> <time datetime="nonsense">nonsense</time>`; page != want {
		t.Errorf("got %s, want %s", page, want)
	}
}

func TestARefusalSaysWhatToDoWhereThereIsSomething(t *testing.T) {
	t.Parallel()
	set := webpage.New(fstest.MapFS{"own.html": {}}, webpage.Options{})
	full, _ := set.Page("refusal.html", webpage.Refusal{Sentence: "There is no such report.", Code: "not_found", RequestID: "r-1", Remedy: "Look at the address.", Home: "/"})
	for _, want := range []string{"<h1>There is no such report.</h1>", "<p>Look at the address.</p>", `<a href="/">`, "not_found · request r-1"} {
		if !strings.Contains(full, want) {
			t.Errorf("%s is not in %s", want, full)
		}
	}
	if bare, _ := set.Page("refusal.html", webpage.Refusal{Sentence: "No."}); strings.Contains(bare, "<a") || strings.Contains(bare, "<p></p>") {
		t.Errorf("a bare one is %s", bare)
	}
}
