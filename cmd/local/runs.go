package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/plainly"
	"notionrelay/shared/runs"
)

const (
	runsPath = "/runs"
	// maxListed is how many runs a page lists at most.
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

// listRuns shows the newest runs, all or those with the query's status, or those that
// come behind a page of them.
func (s *system) listRuns(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := intake.Lasting(r.Context())
	defer cancel()
	query := runs.Query{Status: runs.Status(r.URL.Query().Get(queryStatus)), Limit: maxListed + 1}
	if query.Status != "" && !slices.Contains(runs.Statuses(), query.Status) {
		s.refuse(w, r, noStatus)
		return
	}
	if before := r.URL.Query().Get(queryBefore); before != "" {
		var err error
		if query.Before, err = time.Parse(time.RFC3339Nano, before); err != nil {
			s.refuse(w, r, noTime)
			return
		}
	}
	list, err := s.db.Runs().List(ctx, query)
	halt, haltErr := s.db.Runs().Halt(ctx)
	pause, pauseErr := s.db.Runs().Pause(ctx)
	for _, err := range []error{err, haltErr, pauseErr} {
		if err != nil {
			s.log.ErrorContext(ctx, "runs could not be listed", "error", err)
			s.refuse(w, r, noRuns)
			return
		}
	}
	all := []statusView{{listAddress("", time.Time{}), "All", query.Status == ""}}
	for _, choice := range runs.Statuses() {
		all = append(all, statusView{listAddress(choice, time.Time{}), capital(plainly.Status(choice)), query.Status == choice})
	}
	older := ""
	if len(list) > maxListed {
		list = list[:maxListed]
		older = listAddress(query.Status, list[maxListed-1].AcceptedAt)
	}
	var shown []runView
	for _, run := range list {
		shown = append(shown, s.viewRun(r, run, halt, pause))
	}
	answerPage(w, http.StatusOK, "runs.html", struct {
		Statuses []statusView
		Runs     []runView
		Newest   string // address of the first page, where this is another one
		Older    string // address of the next page, where there is one
		Pages    string
	}{all, shown, newest(query), older, s.pagesPath()})
}

// What the address of a list may ask for.
const (
	queryStatus = "status"
	queryBefore = "before" // a time: runs that were accepted earlier
)

// listAddress is where the runs of a status, or all, are listed that were accepted
// before a time, or ever.
func listAddress(status runs.Status, before time.Time) string {
	query := url.Values{}
	if status != "" {
		query.Set(queryStatus, string(status))
	}
	if !before.IsZero() {
		query.Set(queryBefore, before.UTC().Format(time.RFC3339Nano))
	}
	if len(query) == 0 {
		return runsPath
	}
	return runsPath + "?" + query.Encode()
}

func newest(q runs.Query) string {
	if q.Before.IsZero() {
		return ""
	}
	return listAddress(q.Status, time.Time{})
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

// capital begins an English word with a capital letter.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
