//go:build integration

package main

import (
	"encoding/json"
	"flag"
	"html"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/browsertest"
)

var picturesTo = flag.String("pictures", "", "the folder for the README's pictures")

// maxPicture is how many bytes a picture of the README may have.
const maxPicture = 150_000

// stage is a system that a day's work has gone through: a report of each kind.
type stage struct {
	*running

	data              string // its folder
	complete, writing answer
}

// noon is when the stage's first report came.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func setStage(t *testing.T) *stage {
	t.Helper()
	banner := httptest.NewServer(http.HandlerFunc(serveBanner))
	t.Cleanup(banner.Close)
	env := guarded()
	env.Publisher.HomepageCoverURL = banner.URL + "/banner.png"
	data := filepath.Join(t.TempDir(), ".notionrelay")
	s := &stage{running: start(t, env, data), data: data}
	example, err := os.ReadFile("../../events/sample-report.json")
	if err != nil {
		t.Fatal(err)
	}
	_, s.complete = s.post(t, "/reports", example, "Prefer", "wait=25", "X-Api-Key", secret)
	s.await(t, s.complete, runs.Complete)
	s.hold(t)
	s.older(t)
	s.setTimes(t)
	return s
}

// hold sends a long report and stops the simulator in the middle of it.
func (s *stage) hold(t *testing.T) {
	t.Helper()
	const blocks = 100 // of a request
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	// The first one links the row to the homepage.
	appends := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/children") }
	s.simulator.Inject(notionsim.Fault{Method: http.MethodPatch, Match: appends, Nth: 4, Hold: held})
	body, err := json.Marshal(map[string]string{
		"strategyReport": "# Plan\n\nBegin.", "comprehensiveReport": strings.Repeat("Word for word.\n\n", 7*blocks), "email": "marie@brightside.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, s.writing = s.post(t, "/reports", body, "X-Api-Key", secret)
	for {
		run, err := s.db.Runs().Get(t.Context(), s.writing.Data.ReportID)
		if err != nil {
			t.Fatal(err)
		}
		if step := run.Step("comprehensive-report"); step != nil && step.Done == 3 && !step.IntendedAt.IsZero() {
			return
		}
	}
}

// older are runs of which nothing is left but their records.
func (s *stage) older(t *testing.T) {
	t.Helper()
	about := func(company, kind string) *report.Subject { return &report.Subject{Company: company, Type: kind} }
	s.record(t, 10, func(run *runs.Run) {
		run.Status, run.Subject = runs.Publishing, about("Northwind Coffee", "Market Research")
		run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion does not answer: its gateway gave up.", Attempts: 3, Since: noon, Next: noon.Add(2 * time.Minute)}}
	})
	s.record(t, 11, func(run *runs.Run) {
		run.Subject = about("Contoso", "Multi Community")
		run.Fail(runs.Failure{Kind: "publish", Code: "in_trash", Message: "A page of the report is in Notion's trash.", Remedy: "Restore it, then redrive the report."})
	})
	s.record(t, 12, func(run *runs.Run) {
		run.Status, run.Subject, run.PublishedAt = runs.Complete, about("Fabrikam", "Market Research"), noon
	})
}

// setTimes gives every run the same times at each play.
func (s *stage) setTimes(t *testing.T) {
	t.Helper()
	list, err := s.db.Runs().List(t.Context(), runs.Query{Limit: maxListed})
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range list {
		at := noon.Add(-time.Duration(7*i) * time.Minute)
		run.AcceptedAt = at
		for j := range run.Steps {
			if step := &run.Steps[j]; !step.At.IsZero() {
				step.At = at.Add(time.Duration(j+1) * time.Second)
			}
		}
		if err := s.db.Runs().Save(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
	}
}

// await returns when a report has a status.
func (s *stage) await(t *testing.T, a answer, status runs.Status) {
	t.Helper()
	for {
		run, err := s.db.Runs().Get(t.Context(), a.Data.ReportID)
		if err != nil || run.Status == runs.Failed {
			t.Fatal(err, run.Failures)
		}
		if run.Status == status {
			return
		}
	}
}

// serveBanner paints a cover: hills, one behind the other.
func serveBanner(w http.ResponseWriter, _ *http.Request) {
	img := image.NewRGBA(image.Rect(0, 0, 1280, 280))
	hills := []color.RGBA{{233, 196, 106, 255}, {244, 162, 97, 255}, {231, 111, 81, 255}, {42, 157, 143, 255}, {38, 70, 83, 255}}
	for x := range 1280 {
		for y := range 280 {
			img.Set(x, y, hills[0])
			for i, c := range hills[1:] {
				if top := 55*float64(i+1) + 26*math.Sin(float64(x)/(170+40*float64(i))+2.1*float64(i)); float64(y) > top {
					img.Set(x, y, c)
				}
			}
		}
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, img)
}

// session is the cookie of somebody who has logged in.
func (s *stage) session() string {
	return sessionCookie + "=" + s.members.session(strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
}

func TestEverybodyCanUseThePages(t *testing.T) {
	t.Parallel()
	s, browser := setStage(t), browsertest.Start(t)
	looks := func(cookie string) []browsertest.Look {
		return []browsertest.Look{{Cookie: cookie}, {Cookie: cookie, Dark: true}, {Cookie: cookie, Width: 390, Height: 844}}
	}
	for _, tt := range []struct{ name, url string }{
		{"home", s.url},
		{"login", s.url + "/runs"},
		{"nowhere", s.url + "/nowhere"},
		{"no-status", s.writing.Data.StatusURL + "x"},
	} {
		browser.Judge("local-"+tt.name, tt.url, looks("")...)
	}
	for _, tt := range []struct{ name, url string }{
		{"runs", s.url + runsPath},
		{"runs-none", s.url + runsPath + "?status=queued"},
		{"runs-nonsense", s.url + runsPath + "?status=nonsense"},
		{"database", s.url + s.pagesPath()},
		{"homepage", s.complete.Data.ShareableURL},
		{"report", s.complete.Data.ChildPages[0].URL},
		{"no-page", s.url + s.pagesPath() + "nothing"},
	} {
		browser.Judge("local-"+tt.name, tt.url, looks(s.session())...)
	}
}

// TestPictures takes the pictures of the README. They go to the folder that
// -pictures names, else to RELAY_OUTPUT_DIR.
func TestPictures(t *testing.T) {
	t.Parallel()
	s, browser := setStage(t), browsertest.Start(t)
	folder := *picturesTo
	if folder == "" {
		folder = os.Getenv("RELAY_OUTPUT_DIR")
	}
	if folder == "" {
		folder = t.TempDir()
	}
	for _, p := range []struct {
		name, url string
		height    int
	}{
		{"homepage", s.complete.Data.ShareableURL, 1260},
		{"report", s.complete.Data.ChildPages[0].URL, 1100},
		{"status", s.writing.Data.StatusURL, 600},
		{"runs", s.url + runsPath, 760},
		{"watch", s.watched(t), 440},
	} {
		tab := browser.Open(p.url, browsertest.Look{Cookie: s.session(), Height: p.height})
		picture := tab.Picture()
		if len(picture) > maxPicture {
			t.Errorf("the picture of %s has %d bytes, want at most %d", p.name, len(picture), maxPicture)
		}
		if err := os.WriteFile(filepath.Join(folder, p.name+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// watched is the address of a page that looks like a terminal after relayctl watch.
func (s *stage) watched(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "relayctl")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../relayctl").CombinedOutput(); err != nil {
		t.Fatalf("build cmd/relayctl: %v\n%s", err, out)
	}
	watch := exec.CommandContext(t.Context(), program, "watch", "--once")
	watch.Dir, watch.Env = filepath.Dir(s.data), append(os.Environ(), "CLICOLOR_FORCE=1", "NO_COLOR=", "TERM=xterm-256color")
	out, err := watch.Output()
	if err != nil {
		t.Fatalf("relayctl watch: %v", err)
	}
	page := strings.NewReplacer("\x1b[0m", "</b>", "\x1b[1m", "<b>", "\x1b[1;34m", "<b style='color:#7aa2f7'>",
		"\x1b[31m", "<b style='color:#f7768e'>", "\x1b[32m", "<b style='color:#9ece6a'>", "\x1b[34m", "<b style='color:#7aa2f7'>", "\x1b[90m", "<b style='color:#8b90a8'>").
		Replace(html.EscapeString(string(out)))
	if strings.Contains(page, "\x1b") {
		t.Errorf("a colour is not known: %q", page)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><html lang=en><title>relayctl watch</title><body style='margin:0;background:#1a1b26'><pre style='margin:24px;color:#c8ccdf;font:14px/1.4 monospace'>"+page+"</pre>")
	}))
	t.Cleanup(server.Close)
	return server.URL
}
