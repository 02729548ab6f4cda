package notion

import (
	"errors"
	"net/http"
)

// Fate is what a failed request calls for.
type Fate int

// The fates. Whether a repetition fits into the time left is a question of its
// own: see Do.
const (
	// Repeat: Notion has surely not applied the request; send it again after a wait.
	Repeat Fate = iota + 1
	// Recover: Notion may have applied the request; read before deciding.
	Recover
	// Permanent: the request will fail the same way for ever.
	Permanent
)

func (f Fate) String() string {
	return [...]string{"none", "repeat", "recover", "dead-letter"}[f]
}

// blocked is the rate limit reason for which Notion says that repeating does
// not help.
const blocked = "public_api_request_blocked"

// FateOf decides the fate of every error of a request to Notion. What it does
// not know may have been applied, so it is recovered.
func FateOf(err error) Fate {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return Recover
	case e.Reason == blocked:
		return Permanent
	case e.Unsent:
		return Repeat
	case e.Status == 0:
		return Recover
	}
	switch e.Status {
	case http.StatusTooManyRequests, statusOverloaded:
		return Repeat
	case http.StatusConflict:
		// Not applied, says Notion; yet a page has been seen to exist after a
		// conflict, so a creation is preceded by a read.
		return Recover
	case http.StatusRequestTimeout:
		return Recover
	}
	if e.Status >= 400 && e.Status < 500 {
		return Permanent
	}
	return Recover
}

// statusOverloaded is Notion's service_overload.
const statusOverloaded = 529
