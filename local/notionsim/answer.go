package notionsim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"

	"github.com/google/uuid"
)

// answer is a complete HTTP response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// jsonAnswer encodes an object as Notion sends it: with the request's id inside
// and in a header.
func jsonAnswer(status int, object map[string]any) *answer {
	id := uuid.NewString()
	object["request_id"] = id
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		panic("encode answer: " + err.Error()) // only maps, slices, strings, numbers and booleans are put in
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Notion-Request-Id", id)
	return &answer{status: status, header: h, body: buf.Bytes()}
}

func (a *answer) writeTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) //nolint:gosec // html/template or encoding/json made the body; a client that has gone is not our concern
}

func (a *answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:        http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(bytes.NewReader(a.body)),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}
}
