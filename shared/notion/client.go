// Package notion is the one way to Notion: it paces requests, keeps at most one
// write in flight, and says what an error tells about the request.
//
// A write is one request, made once: whether to make it again is decided in
// shared/ledger, which knows what was written before. A read is repeated here
// until it is answered.
//
// The package stands on the notionapi library for the form of the requests, and
// does itself what the library cannot (library.go), answers being the most of
// it. What belongs to one version of Notion's API is in version.go.
package notion

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/jomei/notionapi"

	"notionrelay/shared/block"
	"notionrelay/shared/httpclient"
	"notionrelay/shared/property"
)

// Options configures a Client. Token and Log are required.
type Options struct {
	Token   string
	BaseURL string        // scheme and host; DefaultBaseURL when empty
	MinGap  time.Duration // between two writes
	Budget  int           // requests per rolling minute; 180 when 0, Notion's usual limit
	Timeout time.Duration // of one request; LateEffect when 0

	Log       *slog.Logger
	Transport http.RoundTripper // one that notices broken connections when nil
	Jitter    func() float64    // in [0,1); rand.Float64 when nil
}

// DefaultBaseURL is Notion itself.
const DefaultBaseURL = "https://api.notion.com"

// LateEffect is how long after its intent was stored a request can still take
// effect: it is sent within sendLimit, and Notion works on one for up to 60 s,
// also when its caller has left. So an answer is waited for that long, and what
// has not shown by then never happened.
const LateEffect = sendLimit + 60*time.Second

// sendLimit is how long an intent stands for a request that is to be sent: see
// WithIntent.
const sendLimit = 5 * time.Second

// Client talks to Notion on behalf of one token. It is safe for concurrent
// use: requests take turns.
type Client struct {
	api     *notionapi.Client
	http    *http.Client
	timeout time.Duration
	log     *slog.Logger
	jitter  func() float64
	turn    chan struct{} // holds a token while no request is in flight
	pacer   pacer
	me      atomic.Pointer[Identity] // once it was asked for
	myID    atomic.Pointer[string]   // once a page was made, whose answer names its maker
}

// New makes a client.
func New(o Options) (*Client, error) {
	host, err := url.Parse(orElse(o.BaseURL, DefaultBaseURL))
	if err != nil || host.Host == "" {
		return nil, fmt.Errorf("parse Notion's base URL %q: it must be a scheme and a host", o.BaseURL)
	}
	if o.Log == nil {
		return nil, errors.New("make a client of Notion: it has no log")
	}
	c := &Client{
		timeout: orElse(o.Timeout, LateEffect),
		log:     o.Log,
		jitter:  o.Jitter,
		turn:    make(chan struct{}, 1),
		pacer:   pacer{gap: o.MinGap, budget: orElse(o.Budget, 180), lastWrite: time.Now()},
	}
	if c.jitter == nil {
		c.jitter = rand.Float64
	}
	base := o.Transport
	if base == nil {
		base = httpclient.Transport()
	}
	c.http = &http.Client{Transport: &transport{base: base, host: host}}
	c.api = notionapi.NewClient(notionapi.Token(o.Token), notionapi.WithVersion(version), notionapi.WithRetry(attempts), notionapi.WithHTTPClient(c.http))
	c.turn <- struct{}{}
	return c, nil
}

// Page is a page or database that exists.
type Page struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// NewPage describes a page to create: a row when DatabaseID is set, else a page
// under the page PageID.
type NewPage struct {
	DatabaseID string
	PageID     string
	Properties property.Values
	Icon       string // emoji
	Cover      string // absolute URL of an image
	Children   []block.Block
}

// CreatePage sends one request. The answer does not name the ids of the children.
func (c *Client) CreatePage(ctx context.Context, p NewPage) (Page, error) {
	request := &notionapi.PageCreateRequest{Parent: parentOf(p), Properties: wireValues(p.Properties), Children: wire(p.Children)}
	if p.Icon != "" {
		emoji := notionapi.Emoji(p.Icon)
		request.Icon = &notionapi.Icon{Type: "emoji", Emoji: &emoji}
	}
	if p.Cover != "" {
		request.Cover = &notionapi.Image{Type: notionapi.FileTypeExternal, External: &notionapi.FileObject{URL: p.Cover}}
	}
	var made pageAnswer
	err := c.do(ctx, true, &made, func(ctx context.Context) error {
		_, err := c.api.Page.Create(ctx, request)
		return err
	})
	if made.CreatedBy.ID != "" {
		c.myID.Store(&made.CreatedBy.ID)
	}
	return made.Page, err
}

// pageAnswer is what tells of a page that was just made.
type pageAnswer struct {
	Page

	CreatedBy struct {
		ID string `json:"id"`
	} `json:"created_by"`
}

// AppendBlocks sends one request that adds blocks at the end of a page or
// block, or behind the child named by after. It returns the blocks of the
// first level with their ids.
func (c *Client) AppendBlocks(ctx context.Context, parentID, after string, blocks []block.Block) ([]block.Block, error) {
	answer := appendAnswer{sent: len(blocks)}
	err := c.do(ctx, true, &answer, func(ctx context.Context) error {
		_, err := c.api.Block.AppendChildren(ctx, notionapi.BlockID(parentID), appendBehind(after, wire(blocks)))
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer.blocks(), nil
}

// DeleteBlock sends one request that moves a block or a page to the trash.
// Notion refuses it where the block, or anything that it is in, is there
// already.
func (c *Client) DeleteBlock(ctx context.Context, blockID string) error {
	return c.do(ctx, true, new(Page), func(ctx context.Context) error {
		_, err := c.api.Block.Delete(ctx, notionapi.BlockID(blockID))
		return err
	})
}

// Pace waits until a write could be made within a second: for the budget, and
// for bulk work's turn. Whoever stores an intent waits here first.
func (c *Client) Pace(ctx context.Context) error {
	if bulkOf(ctx) != nil {
		if err := c.awaitBulkTurn(ctx); err != nil {
			return err
		}
	}
	<-c.turn
	wait := c.pacer.wait(time.Now(), true)
	c.turn <- struct{}{}
	return c.await(ctx, wait-time.Second)
}

// awaitBulkTurn takes a turn of bulk work, unless there is no time to wait for it.
func (c *Client) awaitBulkTurn(ctx context.Context) error {
	<-c.turn
	now := time.Now()
	last, next := c.pacer.lastBulk, c.pacer.bulkTurn(now)
	c.pacer.lastBulk = next
	c.turn <- struct{}{}
	err := c.await(ctx, next.Sub(now))
	if err != nil {
		<-c.turn
		c.pacer.lastBulk = last
		c.turn <- struct{}{}
	}
	return err
}

// await pauses. Bulk work leaves off when it is told to meanwhile.
func (c *Client) await(ctx context.Context, wait time.Duration) error {
	leaveOff := bulkOf(ctx)
	for end := time.Now().Add(wait); leaveOff != nil && wait > time.Second && c.fits(ctx, wait); wait = time.Until(end) {
		if err := c.Pause(ctx, time.Second, nil); err != nil {
			return err
		}
		if err := leaveOff(ctx); err != nil {
			return err
		}
	}
	return c.Pause(ctx, wait, nil)
}

// do makes one request when its turn and its time have come and reads the
// answer into result. A write occupies the token until its answer is there.
func (c *Client) do(ctx context.Context, write bool, result checked, call func(context.Context) error) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.Pause(ctx, c.pacer.wait(time.Now(), write), nil); err != nil {
		return err
	}
	beforeOf(ctx)(ctx)
	requestCtx, x := withExchange(ctx)
	if !write { // it has no effect that could come late
		requestCtx = context.WithValue(requestCtx, intentKey{}, nil)
	}
	requestCtx, cancel := context.WithTimeout(requestCtx, c.limit(ctx, write))
	defer cancel()
	started := time.Now()
	callErr := call(requestCtx)
	c.pacer.done(time.Now(), write)
	if !x.sent {
		return &Error{Method: x.method, Path: x.path, Unsent: true, Cause: callErr}
	}
	err := errorOf(x)
	if err == nil {
		err = decode(x, result)
	}
	c.observe(ctx, x, time.Since(started), err)
	return err
}

type limitKey struct{}

// readLimit is how long a read may take. It has no effect that could come late, and
// others wait for the turn.
const readLimit = 20 * time.Second

// limit is how long one request may take.
func (c *Client) limit(ctx context.Context, write bool) time.Duration {
	limit := c.timeout
	if !write {
		limit = min(limit, readLimit)
	}
	if shorter, ok := ctx.Value(limitKey{}).(time.Duration); ok {
		limit = min(limit, shorter)
	}
	return limit
}

func (c *Client) observe(ctx context.Context, x *exchange, took time.Duration, err error) {
	traceOf(ctx).count(x, took)
	attributes := []any{"method", x.method, "path", x.path, "status", x.status, "took", took}
	if err == nil {
		c.log.DebugContext(ctx, "notion request", attributes...)
		return
	}
	if e, ok := errors.AsType[*Error](err); ok {
		attributes = append(attributes, "code", e.Code, "notionRequestId", e.RequestID, "cfRay", e.Ray, "fate", FateOf(err).String(), "cause", e.Cause)
	}
	c.log.WarnContext(ctx, "notion request failed", attributes...)
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
