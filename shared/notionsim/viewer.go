package notionsim

import "net/http"

func (s *Sim) view(r *http.Request) *answer {
	return &answer{status: http.StatusNotFound, header: http.Header{}, body: []byte("not found")}
}
