package intake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
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
	StatusURL      string      `json:"statusUrl"`
	ProcessingTime string      `json:"processingTime,omitempty"`
}

type childPage struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Title string `json:"title"`
}

// accepted answers a report that was sent.
func (h *Handler) accepted(r *http.Request, run runs.Run, arrived time.Time) answer {
	status, message := http.StatusAccepted, "Report accepted. Its pages will appear in Notion shortly."
	switch {
	case published(run):
		status, message = http.StatusOK, "Report published to Notion."
	case run.Status == runs.Failed && run.LastFailure() != nil:
		message = "Report accepted, but publishing it has failed: " + run.LastFailure().Message
	}
	data := h.data(r, run)
	if data.ProcessingTime == "" {
		data.ProcessingTime = milliseconds(time.Since(arrived))
	}
	return answerJSON(status, struct {
		Success bool       `json:"success"`
		Message string     `json:"message"`
		Data    reportData `json:"data"`
	}{true, message, data}, map[string]string{"Location": data.StatusURL})
}

func (h *Handler) data(r *http.Request, run runs.Run) reportData {
	data := reportData{ReportID: run.ReportID, Status: run.Status, StatusURL: baseOf(r) + pathReports + "/" + run.ReportID + h.Auth.statusQuery(run.ReportID)}
	if run.PublishedAt.IsZero() {
		return data
	}
	data.ProcessingTime = milliseconds(run.PublishedAt.Sub(run.AcceptedAt))
	for _, s := range run.Steps {
		switch url := h.pageURL(s.ID); {
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

func (h *Handler) pageURL(id string) string {
	if id == "" {
		return ""
	}
	base := h.PageBase
	if base == "" {
		base = "https://notion.so/"
	}
	return base + strings.ReplaceAll(id, "-", "")
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// answer is what goes back to a caller.
type answer struct {
	status  int
	headers map[string]string
	body    string
}

func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.headers {
		w.Header().Set(name, value)
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
