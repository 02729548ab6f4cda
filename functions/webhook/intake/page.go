package intake

import (
	"embed"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"notionrelay/shared/plainly"
	"notionrelay/shared/runs"
	"notionrelay/shared/webpage"
)

// view is the status of a run in words for a person.
type view struct {
	statusBody

	Heading  string
	About    string // the company and the kind of report; empty while they are not known
	Doing    string // what is being done, or what has become of it
	Aloud    string // the same for those who listen: said again only when it is another thing
	Steps    []stepView
	Accepted string
	Changed  string
	Still    bool // nothing has changed for long, and nothing says why
	Refresh  int  // seconds until the page looks again; 0 for a run that has ended
}

type stepView struct {
	stepBody

	Title string
	State string
}

// How often a page looks again, in seconds: it is rarely that one that waits has
// news.
const (
	refreshWriting = 2
	refreshWaiting = 10
)

// stillAfter is longer than a write takes, and longer than most queues.
const stillAfter = 10 * time.Minute

func viewOf(run runs.Run, body statusBody) view {
	waiting := body.Waiting != nil
	doing := plainly.Doing(run, waiting)
	v := view{
		statusBody: body, Heading: "Report " + plainly.Status(run.Status), Doing: doing, Aloud: counts.ReplaceAllString(doing, ""),
		Accepted: timestamp(run.AcceptedAt), Changed: timestamp(run.UpdatedAt),
		Still: !run.Ended() && !waiting && time.Since(run.UpdatedAt) > stillAfter,
	}
	if s := run.Subject; s != nil {
		v.About = s.Company + " · " + s.Type
	}
	for _, s := range body.Steps {
		v.Steps = append(v.Steps, stepView{s, plainly.Step(s.Name), states[s.Status]})
	}
	switch {
	case run.Ended():
	case waiting:
		v.Refresh = refreshWaiting
	default:
		v.Refresh = refreshWriting
	}
	return v
}

// counts are how far a step has come.
var counts = regexp.MustCompile(`, \d+ of \d+`)

var states = map[string]string{"pending": "to come", "running": "being written", "done": "done", "failed": "failed"}

// wantsPage tells whether the request is a browser's: a GET that takes HTML no
// less gladly than JSON.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	quality := map[string]float64{}
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, parameters, _ := strings.Cut(accepted, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			q, _ = strconv.ParseFloat(value, 64) // 0 for nonsense
		}
		quality[strings.ToLower(strings.TrimSpace(media))] = q
	}
	return quality["text/html"] > 0 && quality["text/html"] >= quality["application/json"]
}

//go:embed page
var pageFiles embed.FS

var pages = func() *webpage.Set {
	folder, err := fs.Sub(pageFiles, "page")
	if err != nil { // it is embedded
		panic(err)
	}
	script, err := fs.ReadFile(folder, "status.js")
	if err != nil { // it is, too
		panic(err)
	}
	return webpage.New(folder, webpage.Options{Script: string(script)})
}()

// answerPage is an answer for a person.
func answerPage(status int, name string, content any, more map[string]string) answer {
	page, headers := pages.Page(name, content)
	headers = maps.Clone(headers)
	maps.Copy(headers, more)
	return answer{status: status, body: page, headers: headers}
}
