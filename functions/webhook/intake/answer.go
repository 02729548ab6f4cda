package intake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notionrelay/shared/runs"
)

// reportData is what an answer says about a report's pages. The page fields
// are absent until the pages exist.
type reportData struct {
	ReportID       string      `json:"reportId"`
	Status         runs.Status `json:"status"`
	ParentPageID   string      `json:"parentPageId,omitempty"`
	ParentPageURL  string      `json:"parentPageUrl,omitempty"`
	HomepageID     string      `json:"brandedHomepageId,omitempty"`
	HomepageURL    string      `json:"brandedHomepageUrl,omitempty"`
	ChildPages     []childPage `json:"childPages,omitempty"`
	ShareableURL   string      `json:"shareableUrl,omitempty"`
	OpenURL        string      `json:"openUrl,omitempty"`
	StatusURL      string      `json:"statusUrl"`
	ProcessingTime string      `json:"processingTime,omitempty"`
}

type childPage struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Title string `json:"title"`
}

// accepted answers a report that was sent. Callers on the predecessor's path
// take every answer but 200 for an error and pass shareableUrl on, so while the
// pages do not exist it is the report's own link, which will lead to them.
func (h *Handler) accepted(r *http.Request, run runs.Run, arrived time.Time) answer {
	status, data := http.StatusAccepted, h.data(r, run)
	switch {
	case published(run):
		status = http.StatusOK
	case r.URL.Path == pathLegacy:
		status = http.StatusOK
		data.ShareableURL, data.OpenURL = data.OpenURL, ""
	}
	if data.ProcessingTime == "" {
		data.ProcessingTime = milliseconds(time.Since(arrived))
	}
	return answerJSON(status, struct {
		Success bool       `json:"success"`
		Message string     `json:"message"`
		Data    reportData `json:"data"`
	}{true, acceptedMessage(run), data}, map[string]string{"Location": data.StatusURL})
}

func acceptedMessage(run runs.Run) string {
	failure := run.LastFailure()
	switch failed := run.Status == runs.Failed && failure != nil; {
	case failed && published(run):
		return "Report published to Notion, but what comes after its pages has failed: " + failure.Message
	case published(run):
		return "Report published to Notion."
	case failed:
		return "Report accepted again, since publishing it has failed before: " + failure.Message
	}
	return "Report accepted. Its pages will appear in Notion shortly."
}

// publishFailed answers a caller in whose presence the run has failed.
func (h *Handler) publishFailed(r *http.Request, run runs.Run) error {
	e := &refusal{
		code: "publish_failed", sentence: "The report is kept, but publishing it has failed.",
		reportID: run.ReportID, statusURL: h.link(r, run, ""),
	}
	if f := run.LastFailure(); f != nil {
		e.sentence = "The report is kept, but publishing it has failed: " + f.Message
	}
	return e
}

// StatusURL is the address of a report's status, with the token that opens it.
func (h *Handler) StatusURL(r *http.Request, run runs.Run) string { return h.link(r, run, "") }

// link is the address of a report, or of what is below it, with the token that
// opens it as long as its record lives.
func (h *Handler) link(r *http.Request, run runs.Run, below string) string {
	address := h.base(r) + pathReports + "/" + run.ReportID + below
	if token := h.Auth.tokenFor(run.ReportID, run.Expires()); token != "" {
		address += "?token=" + token
	}
	return address
}

func (h *Handler) data(r *http.Request, run runs.Run) reportData {
	data := reportData{ReportID: run.ReportID, Status: run.Status, StatusURL: h.StatusURL(r, run), OpenURL: h.link(r, run, "/open")}
	if !published(run) {
		return data
	}
	data.ProcessingTime = milliseconds(run.PublishedAt.Sub(run.AcceptedAt))
	for _, s := range run.Steps {
		switch url := h.pageURL(r, s.ID); {
		case s.ID == "":
		case s.Name == "row":
			data.ParentPageID, data.ParentPageURL = s.ID, url
		case s.Name == "homepage":
			data.HomepageID, data.HomepageURL, data.ShareableURL = s.ID, url, url
		case s.Title != "":
			data.ChildPages = append(data.ChildPages, childPage{ID: s.ID, URL: url, Title: s.Title})
		}
	}
	return data
}

func (h *Handler) pageURL(r *http.Request, id string) string {
	if id == "" {
		return ""
	}
	base := cmp.Or(h.PageBase, "https://notion.so/")
	if strings.HasPrefix(base, "/") {
		base = h.base(r) + base
	}
	return base + strings.ReplaceAll(id, "-", "")
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// answer is what goes back to a caller.
type answer struct {
	status  int
	headers map[string]string
	body    string
	then    func() // is done when the answer is on its way; may be nil
}

func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.headers {
		w.Header().Set(name, value)
	}
	if server, ok := w.(http.Flusher); ok { // what is logged next is nothing to wait for
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		defer server.Flush()
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body) // fails when the caller has gone
}

func answerJSON(status int, body any, headers map[string]string) answer {
	encoded, err := json.Marshal(body)
	if err != nil { // every body is a struct of strings and numbers
		panic(err)
	}
	a := answer{status: status, body: string(encoded) + "\n", headers: map[string]string{
		"Content-Type":           "application/json; charset=utf-8",
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
	}}
	maps.Copy(a.headers, headers)
	return a
}
