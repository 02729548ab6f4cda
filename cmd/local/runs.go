package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/plainly"
	"notionrelay/shared/runs"
)

const (
	runsPath = "/runs"
	// maxListed is how many runs a page lists.
	maxListed = 200
)

// runView is a run in a list.
type runView struct {
	URL, Name, Type, ReportID string
	Status, Class, Doing      string
	Wait                      *plainly.Wait
	Failure                   *runs.Failure
	Accepted                  time.Time
}

// statusView is a choice of runs.
type statusView struct {
	Address, Text string
	Current       bool
}

// listRuns shows the newest runs, all or those with the query's status.
func (s *system) listRuns(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := intake.Lasting(r.Context())
	defer cancel()
	status := runs.Status(r.URL.Query().Get("status"))
	if status != "" && !slices.Contains(runs.Statuses(), status) {
		s.refuse(w, r, noStatus)
		return
	}
	list, err := s.db.Runs().List(ctx, runs.Query{Status: status, Limit: maxListed + 1})
	halt, haltErr := s.db.Runs().Halt(ctx)
	pause, pauseErr := s.db.Runs().Pause(ctx)
	for _, err := range []error{err, haltErr, pauseErr} {
		if err != nil {
			s.log.ErrorContext(ctx, "runs could not be listed", "error", err)
			s.refuse(w, r, noRuns)
			return
		}
	}
	all := []statusView{{runsPath, "All", status == ""}}
	for _, choice := range runs.Statuses() {
		all = append(all, statusView{runsPath + "?status=" + string(choice), capital(plainly.Status(choice)), status == choice})
	}
	var shown []runView
	for _, run := range list[:min(len(list), maxListed)] {
		shown = append(shown, s.viewRun(r, run, halt, pause))
	}
	answerPage(w, http.StatusOK, "runs.html", struct {
		Statuses []statusView
		Runs     []runView
		Most     int // so many are shown, and there are more; else 0
		Pages    string
	}{all, shown, more(len(list)), s.pagesPath()})
}

func (s *system) viewRun(r *http.Request, run runs.Run, halt runs.Halt, pause runs.Pause) runView {
	wait := plainly.Waiting(run, halt, pause)
	v := runView{
		URL: s.webhook.StatusURL(r, run), Name: run.ReportID,
		Status: capital(plainly.Status(run.Status)), Class: string(run.Status), Doing: plainly.Doing(run, wait != nil), Wait: wait, Failure: run.LastFailure(),
		Accepted: run.AcceptedAt,
	}
	if run.Subject != nil { // the publisher finds out who it is
		v.Name, v.Type, v.ReportID = run.Subject.Company, run.Subject.Type, run.ReportID
	}
	return v
}

func more(found int) int {
	if found > maxListed {
		return maxListed
	}
	return 0
}

// capital begins an English word with a capital letter.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
