// Package notion is the one way to Notion: it paces requests, keeps at most one
// write in flight, and says what an error tells about the request.
//
// A write is one request, made once: whether to make it again is decided in
// shared/ledger, which knows what was written before. A read is repeated here
// until it is answered.
//
// The package stands on the notionapi library for the form of the requests, and
// reads the answers itself: the library fails on properties that it does not
// know and panics on blocks that an integration may not read, after the write
// has happened. So the library gets an empty answer in each one's place.
package notion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/jomei/notionapi"
	"golang.org/x/time/rate"

	"notionrelay/shared/block"
	"notionrelay/shared/httpclient"
	"notionrelay/shared/property"
)

// Options configures a Client. Only Token is required.
type Options struct {
	Token   string
	BaseURL string        // scheme and host; https://api.notion.com when empty
	MinGap  time.Duration // between two writes
	Budget  int           // requests per rolling minute; 180 when 0, Notion's usual limit
	Timeout time.Duration // of one request; LateEffect when 0

	Transport http.RoundTripper // one that notices broken connections when nil
	Log       *slog.Logger      // a discarding one when nil
	Jitter    func() float64    // in [0,1); rand.Float64 when nil
}

// LateEffect is how long after its intent was stored a request can still take
// effect: it is sent within SendLimit, and Notion works on one for up to 60 s,
// also when its caller has left. So an answer is waited for that long, and what
// has not shown by then never happened.
const LateEffect = SendLimit + 60*time.Second

// SendLimit is how long an intent stands for a request that is to be sent: see
// WithIntent.
const SendLimit = 5 * time.Second

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
	bulk    *rate.Limiter
	me      atomic.Pointer[Identity] // once it was asked for
}

// New makes a client.
func New(o Options) (*Client, error) {
	host, err := url.Parse(orElse(o.BaseURL, "https://api.notion.com"))
	if err != nil || host.Host == "" {
		return nil, fmt.Errorf("parse Notion's base URL %q: it must be a scheme and a host", o.BaseURL)
	}
	c := &Client{
		timeout: orElse(o.Timeout, LateEffect),
		log:     o.Log,
		jitter:  o.Jitter,
		turn:    make(chan struct{}, 1),
		pacer:   pacer{gap: o.MinGap, budget: orElse(o.Budget, 180), lastWrite: time.Now()},
	}
	c.bulk = newBulkLimiter(c.pacer.budget)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.jitter == nil {
		c.jitter = rand.Float64
	}
	base := o.Transport
	if base == nil {
		base = httpclient.Transport()
	}
	// One attempt: the library's own retry sends POST and PATCH with an empty
	// body the second time.
	c.http = &http.Client{Transport: &transport{base: base, host: host}}
	c.api = notionapi.NewClient(notionapi.Token(o.Token), notionapi.WithRetry(1), notionapi.WithHTTPClient(c.http))
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
	request := &notionapi.PageCreateRequest{Properties: wireValues(p.Properties), Children: wire(p.Children)}
	if p.DatabaseID != "" {
		request.Parent = notionapi.Parent{Type: notionapi.ParentTypeDatabaseID, DatabaseID: notionapi.DatabaseID(p.DatabaseID)}
	} else {
		request.Parent = notionapi.Parent{Type: notionapi.ParentTypePageID, PageID: notionapi.PageID(p.PageID)}
	}
	if p.Icon != "" {
		emoji := notionapi.Emoji(p.Icon)
		request.Icon = &notionapi.Icon{Type: "emoji", Emoji: &emoji}
	}
	if p.Cover != "" {
		request.Cover = &notionapi.Image{Type: notionapi.FileTypeExternal, External: &notionapi.FileObject{URL: p.Cover}}
	}
	var page Page
	err := c.do(ctx, true, &page, func(ctx context.Context) error {
		_, err := c.api.Page.Create(ctx, request)
		return err
	})
	return page, err
}

// AppendBlocks sends one request that adds blocks at the end of a page or
// block, or behind the child named by after. It returns the blocks of the
// first level with their ids.
func (c *Client) AppendBlocks(ctx context.Context, parentID, after string, blocks []block.Block) ([]block.Block, error) {
	var answer struct{ Results []block.Block }
	err := c.do(ctx, true, &answer, func(ctx context.Context) error {
		_, err := c.api.Block.AppendChildren(ctx, notionapi.BlockID(parentID),
			&notionapi.AppendBlockChildrenRequest{After: notionapi.BlockID(after), Children: wire(blocks)})
		return err
	})
	return answer.Results, err
}

// RenamePage sends one request; sending it twice does no harm. The library's
// update would restore an archived page on the way.
func (c *Client) RenamePage(ctx context.Context, pageID, title string) error {
	body := map[string]any{"properties": property.Values{"title": property.Title(title)}}
	return c.send(ctx, http.MethodPatch, "/v1/pages/"+pageID, body, new(Page))
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

// NewDatabase describes a database to create under a page.
type NewDatabase struct {
	PageID string
	Title  string
	Icon   string // emoji
	Schema property.Schema
}

// CreateDatabase sends one request. The library's has no place for an icon.
func (c *Client) CreateDatabase(ctx context.Context, d NewDatabase) (Page, error) {
	var database Page
	err := c.send(ctx, http.MethodPost, "/v1/databases", map[string]any{
		"parent":     map[string]any{"type": "page_id", "page_id": d.PageID},
		"icon":       map[string]any{"type": "emoji", "emoji": d.Icon},
		"title":      property.Texts(d.Title),
		"properties": d.Schema,
	}, &database)
	return database, err
}

// send makes a write that the library has no request for.
func (c *Client) send(ctx context.Context, method, path string, body, result any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", method, path, err)
	}
	return c.do(ctx, true, result, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, method, "https://api.notion.com"+path, bytes.NewReader(encoded))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.api.Token.String())
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Notion-Version", "2022-06-28")
		answer, err := c.http.Do(request)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
}

// Pace waits until a write could be made within a second: for the budget, and
// for bulk work's share of it. Whoever stores an intent waits here first.
func (c *Client) Pace(ctx context.Context) error {
	if isBulk(ctx) {
		share := c.bulk.Reserve()
		if err := c.Pause(ctx, share.Delay(), nil); err != nil {
			share.Cancel()
			return err
		}
	}
	<-c.turn
	wait := c.pacer.wait(time.Now(), true)
	c.turn <- struct{}{}
	return c.Pause(ctx, wait-time.Second, nil)
}

// do makes one request when its turn and its time have come and reads the
// answer into result. A write occupies the token until its answer is there.
func (c *Client) do(ctx context.Context, write bool, result any, call func(context.Context) error) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.Pause(ctx, c.pacer.wait(time.Now(), write), nil); err != nil {
		return err
	}
	requestCtx, x := withExchange(ctx)
	requestCtx, cancel := context.WithTimeout(requestCtx, c.limit(ctx))
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

// limit is how long one request may take.
func (c *Client) limit(ctx context.Context) time.Duration {
	if shorter, ok := ctx.Value(limitKey{}).(time.Duration); ok {
		return min(shorter, c.timeout)
	}
	return c.timeout
}

// decode reads a good answer. An answer of another shape than Notion's is as
// ambiguous as none.
func decode(x *exchange, result any) error {
	if err := json.Unmarshal(x.body, result); err != nil {
		return &Error{Method: x.method, Path: x.path, Status: x.status, RequestID: x.header.Get(requestIDHeader), Cause: fmt.Errorf("decode answer: %w", err)}
	}
	return nil
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

// wire hands blocks to the library, which only knows types of its own.
func wire(blocks []block.Block) []notionapi.Block {
	children := make([]notionapi.Block, len(blocks))
	for i := range blocks {
		children[i] = wireBlock{JSON: blocks[i].JSON()}
	}
	return children
}

type wireBlock struct {
	notionapi.Block `json:"-"` // for its methods, which nobody calls
	*block.JSON
}

// wireValues hands properties to the library, whose own marshal empty strings,
// which Notion refuses, and cannot say null.
func wireValues(values property.Values) notionapi.Properties {
	wired := notionapi.Properties{}
	for name, v := range values {
		wired[name] = wireValue{v}
	}
	return wired
}

type wireValue struct{ property.Value }

func (wireValue) GetID() string                   { return "" }
func (wireValue) GetType() notionapi.PropertyType { return "" }
