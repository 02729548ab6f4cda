package notion

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/jomei/notionapi"

	"notionrelay/shared/block"
	"notionrelay/shared/property"
)

// What the library notionapi 1.13.3 cannot do stands in this file, each with
// the reason. Its base URL is a constant, too, and its errors leave out the
// request's id and the additional data: see transport and errorOf.

// nothing is what the library gets in the place of every answer. It fails on
// properties that it does not know, and panics on blocks that an integration
// may not read, both when the write has happened already. What it does not know
// it takes for a block without a kind, which makes it panic as well.
const nothing = `{"type":"unsupported"}`

// attempts is how often the library sends a request. Its own retry sends POST
// and PATCH with an empty body the second time; with 0 it never ends.
const attempts = 1

// RenamePage sends one request; sending it twice does no harm. The library's
// update would restore an archived page on the way.
func (c *Client) RenamePage(ctx context.Context, pageID, title string) error {
	body := map[string]any{"properties": property.Values{"title": property.Title(title)}}
	return c.send(ctx, http.MethodPatch, "/v1/pages/"+pageID, body, new(Page))
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
	err := c.send(ctx, http.MethodPost, "/v1/databases", databaseBody(d), &database)
	return database, err
}

// send makes a write that the library has no request for.
func (c *Client) send(ctx context.Context, method, path string, body any, result checked) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", method, path, err)
	}
	return c.do(ctx, true, result, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, method, DefaultBaseURL+path, bytes.NewReader(encoded))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.api.Token.String())
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Notion-Version", version)
		answer, err := c.http.Do(request)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	})
}

// wire hands blocks to the library, whose own types leave out empty lists and
// colours, and cannot carry what shared/block has for them.
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

// titleFilter passes rows whose title begins so. The library's filters have no
// place for a title; its property has the id "title" in every database.
type titleFilter struct {
	notionapi.PropertyFilter

	start string
}

func (f titleFilter) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"property": "title", "title": map[string]string{"starts_with": f.start}})
}
