package notionsim

import "net/http"

// Capability is what an integration may do.
type Capability string

// The capabilities of an integration, which a person gives and takes.
const (
	ReadContent   Capability = "read content"
	InsertContent Capability = "insert content"
	UpdateContent Capability = "update content"
)

// access is who may do what. It is in memory only.
type access struct {
	revoked  map[string]bool   // tokens that are not valid any more
	first    map[string]string // by token, the first one of the integration, where that is another
	withheld map[Capability]bool
	usedUp   bool // the workspace may make no more blocks
	barred   bool // Notion takes no more requests from any integration
}

func newAccess() access {
	return access{revoked: map[string]bool{}, first: map[string]string{}, withheld: map[Capability]bool{}}
}

// integration is what stays the same when a token is renewed: the first one.
func (a *access) integration(token string) string {
	if first, ok := a.first[token]; ok {
		return first
	}
	return token
}

// permit refuses a request for which the integration lacks the capability, or
// the workspace the room.
func (a *access) permit(c Capability) error {
	if a.withheld[c] {
		return &apiError{status: http.StatusForbidden, code: "restricted_resource", message: "Insufficient permissions for this endpoint."}
	}
	if c == InsertContent && a.usedUp {
		return &apiError{
			status: http.StatusForbidden, code: "restricted_resource", message: "This workspace has reached its block limit.",
			additional: map[string]any{"block_limit": blockLimit},
		}
	}
	return nil
}

// blockLimit is how many blocks a free workspace with several members may make
// in its life.
const blockLimit = 1000
