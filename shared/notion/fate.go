package notion

import (
	"errors"
	"net/http"
)

// Fate is what an error tells about its request, and so what a write calls for.
type Fate int

const (
	// Repeat says that the request has surely had no effect. Send it again after a wait.
	Repeat Fate = iota + 1
	// Recover says that Notion has ended the request, and it may have had its effect.
	// Look before repeating it; what is not there now will not come.
	Recover
	// Await says that nobody has ended the request. It may still have its effect
	// until LateEffect after it was sent.
	Await
	// Permanent says that the request will fail the same way for ever.
	Permanent
)

func (f Fate) String() string {
	return [...]string{"none", "repeat", "recover", "await", "permanent"}[f]
}

// blocked is the rate limit reason, and elsewhere the code, for which Notion
// says that repeating does not help.
const blocked = "public_api_request_blocked"

// FateOf decides the fate of every error of a request to Notion. What it does
// not know may still have its effect.
func FateOf(err error) Fate {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return Await
	case e.Reason == blocked, e.Code == blocked:
		return Permanent
	case e.Unsent, IsRateLimit(e):
		return Repeat
	case e.Code != "":
		return fateOfCode(e)
	}
	return fateOfEdge(e.Status)
}

// fateOfCode is for answers of Notion's own application, which name a code. They
// end the request, but for two: a gateway that has lost touch with it.
func fateOfCode(e *Error) Fate {
	switch {
	case e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout:
		return Await
	case e.Code == "conflict_error" || e.Status == http.StatusRequestTimeout:
		// Not applied, says Notion; yet a page has been seen to exist after a
		// conflict. Other codes with status 409 do not pass by waiting.
		return Recover
	case e.Status < 500:
		return Permanent
	}
	return Recover
}

// fateOfEdge is for answers without a code: of the edge before Notion, or cut.
func fateOfEdge(status int) Fate {
	switch {
	case status < 400:
		return Await // no answer, a good one that was cut, or a redirection
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusConflict:
		return Await
	}
	return Repeat // the edge let nothing through, which may pass: it blocks addresses for a while
}

// statusOverloaded is Notion's service_overload.
const statusOverloaded = 529

// IsRateLimit tells whether Notion wants fewer requests, of everybody who has the
// token.
func IsRateLimit(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusTooManyRequests || e.Status == statusOverloaded)
}
