package notionsim

import (
	"net/http"
	"strings"
)

// route is an endpoint. A handler reads the workspace and says what is to
// change; it changes nothing itself.
type route struct {
	method string
	path   string // "*" stands for an id
	needs  Capability
	handle func(*workspace, *request) (*outcome, error)
}

// outcome is what a request comes to.
type outcome struct {
	change     change
	parent     string // below which a write writes: writes below the same parent can conflict
	created    []string
	newOptions int                   // select options that it adds to a schema
	reply      func() map[string]any // the answer; called when the change has been made
}

// committed is how Notion says that a request which it answers with an error
// was saved all the same.
func (o *outcome) committed() map[string]any {
	if len(o.created) == 0 {
		return nil
	}
	data := map[string]any{"retry_guidance": "do_not_retry", "committed_resource_id": o.created[0]}
	if len(o.created) > 1 {
		data["committed_child_ids"] = o.created[1:]
	}
	return data
}

var routes = []*route{
	{method: "GET", path: "users/me", handle: getMe},
	{method: "POST", path: "databases", needs: InsertContent, handle: createDatabase},
	{method: "GET", path: "databases/*", needs: ReadContent, handle: getDatabase},
	{method: "POST", path: "databases/*/query", needs: ReadContent, handle: queryDatabase},
	{method: "POST", path: "pages", needs: InsertContent, handle: createPage},
	{method: "GET", path: "pages/*", needs: ReadContent, handle: getPage},
	{method: "PATCH", path: "pages/*", needs: UpdateContent, handle: updatePage},
	{method: "GET", path: "blocks/*", needs: ReadContent, handle: getBlock},
	{method: "DELETE", path: "blocks/*", needs: UpdateContent, handle: deleteBlock},
	{method: "GET", path: "blocks/*/children", needs: ReadContent, handle: listChildren},
	{method: "PATCH", path: "blocks/*/children", needs: InsertContent, handle: appendChildren},
}

// writes tells whether the endpoint conflicts with others that do.
func (r *route) writes() bool { return r.needs == InsertContent || r.needs == UpdateContent }

func (r *route) String() string {
	return r.method + " /v1/" + strings.ReplaceAll(r.path, "*", "{id}")
}

// findRoute gives the route of a request, or nil, and the request as its
// handler wants it.
func findRoute(r *http.Request) (*route, request) {
	q := request{header: r.Header, query: map[string]string{}, hasBody: r.Method == http.MethodPost || r.Method == http.MethodPatch}
	for name, values := range r.URL.Query() {
		q.query[name] = values[0]
	}
	segments := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	for _, rt := range routes {
		if id, ok := rt.matches(r.Method, segments); ok {
			q.rawID = id
			return rt, q
		}
	}
	return nil, q
}

func (r *route) matches(method string, segments []string) (id string, ok bool) {
	pattern := strings.Split(r.path, "/")
	if method != r.method || len(pattern) != len(segments) {
		return "", false
	}
	for i, p := range pattern {
		switch {
		case p == "*":
			id = segments[i]
		case p != segments[i]:
			return "", false
		}
	}
	return id, true
}
