package copywriter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"notionrelay/shared/httpclient"
)

// provider is the way to the provider, below the library, which repeats no
// request, reads answers without end, and quotes them in its errors.
type provider struct {
	client  *http.Client
	repeats int // at most
}

const (
	repeats   = 2
	firstWait = 500 * time.Millisecond // before a repetition, twice as long before the next; up to a quarter less
	longest   = limit / 3              // wait; whoever asks for more is not asked again
	maxAnswer = 1 << 20                // bytes that are read of an answer; the longest that is wanted has some thousand
)

func newProvider(transport http.RoundTripper, repeats int) *provider {
	return &provider{&http.Client{Transport: transport, CheckRedirect: stay}, repeats}
}

var errElsewhere = errors.New("the provider redirects elsewhere")

// stay follows a redirection only to where the reports are meant to be sent.
func stay(r *http.Request, via []*http.Request) error {
	if from := via[0].URL; r.URL.Scheme != from.Scheme || r.URL.Host != from.Host || len(via) == 10 {
		return errElsewhere
	}
	return nil
}

// failure is a request that was refused or not answered. It quotes nothing of
// an answer, since providers repeat keys and texts in theirs.
type failure struct {
	status int // of the answer; 0 when there was none
	err    error
}

func (f *failure) Error() string {
	if f.err != nil {
		return f.err.Error()
	}
	return fmt.Sprintf("the provider answered %d %s", f.status, http.StatusText(f.status))
}

func (f *failure) Unwrap() error { return f.err }

// mayPass tells whether the same request may be answered later.
func (f *failure) mayPass() bool {
	switch f.status {
	case 0, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return f.status >= http.StatusInternalServerError
}

// Do makes a request, and makes it again where that may help. The error is a
// *failure, also where the provider refuses.
func (p *provider) Do(r *http.Request) (*http.Response, error) {
	for again := 0; ; again++ {
		answer, failed := p.once(r)
		if failed == nil {
			return answer, nil
		}
		wait, ok := pause(answer, failed, again)
		if again == p.repeats || !ok {
			return nil, failed
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, &failure{err: err}
		}
	}
}

// once sends a request and reads its answer, unless that is a refusal: then
// nothing but status and header is there.
func (p *provider) once(r *http.Request) (answer *http.Response, failed *failure) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", httpclient.UserAgent)
	body, err := r.GetBody() // the library has made it of bytes
	if err != nil {
		return nil, &failure{err: err}
	}
	r.Body = body
	if answer, err = p.client.Do(r); err != nil { //nolint:gosec // the address is the operator's
		return nil, &failure{err: err}
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return answer, &failure{status: answer.StatusCode}
	}
	// One that breaks off or is too long is no completion to the library.
	read, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	answer.Body = io.NopCloser(bytes.NewReader(read))
	return answer, nil
}

// pause is how long to wait before a request is made again, which a refusal
// tells in its header, if it is worth it.
func pause(refusal *http.Response, failed *failure, again int) (wait time.Duration, ok bool) {
	wait = firstWait << again
	wait -= rand.N(wait / 4) //nolint:gosec // spreads the requests
	if refusal == nil {
		return wait, !errors.Is(failed, errElsewhere)
	}
	if asked, ok := retryAfter(refusal.Header); ok {
		wait = max(asked, 0)
	}
	switch refusal.Header.Get("X-Should-Retry") { // OpenAI's own
	case "true":
		return wait, wait <= longest
	case "false":
		return 0, false
	}
	return wait, failed.mayPass() && wait <= longest
}

// retryAfter reads Retry-After, in seconds or as a time, and the finer
// Retry-After-Ms that OpenAI and Azure send.
func retryAfter(h http.Header) (time.Duration, bool) {
	for _, header := range []struct {
		name string
		unit time.Duration
	}{{"Retry-After-Ms", time.Millisecond}, {"Retry-After", time.Second}} {
		value := h.Get(header.name)
		if n, err := strconv.ParseFloat(value, 64); n >= 0 && (err == nil || errors.Is(err, strconv.ErrRange)) {
			return time.Duration(min(n*float64(header.unit), float64(2*longest))), true
		}
		if at, err := http.ParseTime(value); err == nil {
			return time.Until(at), true
		}
	}
	return 0, false
}

func sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
