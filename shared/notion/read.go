package notion

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jomei/notionapi"

	"notionrelay/shared/block"
)

// Child is a block, page or database directly below another one.
type Child struct {
	block.Block
	CreatedBy string // id of the user or integration; empty where Notion does not say
	Trashed   bool   // it is in the trash itself, not only something that it is in
}

// UnmarshalJSON reads a block as Notion sends it. An integration that may not
// read content gets the id alone.
func (c *Child) UnmarshalJSON(data []byte) error {
	var frame struct {
		ID        string     `json:"id"`
		Type      block.Kind `json:"type"`
		CreatedBy struct {
			ID string `json:"id"`
		} `json:"created_by"`
		trash
	}
	if err := json.Unmarshal(data, &frame); err != nil {
		return fmt.Errorf("decode block: %w", err)
	}
	c.CreatedBy, c.Trashed = frame.CreatedBy.ID, frame.trashed()
	if c.Block.UnmarshalJSON(data) != nil {
		c.Block = block.Block{ID: frame.ID, Kind: frame.Type} // of a form that is not known: it cannot be one of ours
	}
	return nil
}

// Children lists everything directly below a page or block, in its order.
func (c *Client) Children(ctx context.Context, parentID string) ([]Child, error) {
	return readAll(ctx, c, func(ctx context.Context, cursor notionapi.Cursor) error {
		_, err := c.api.Block.GetChildren(ctx, notionapi.BlockID(parentID), &notionapi.Pagination{StartCursor: cursor, PageSize: pageSize})
		return err
	}, func(child Child) Child { return child })
}

// Block reads one block, also one that is in the trash.
func (c *Client) Block(ctx context.Context, id string) (child Child, err error) {
	err = c.repeat(ctx, func() error {
		return c.do(ctx, false, &child, func(ctx context.Context) error {
			_, err := c.api.Block.Get(ctx, notionapi.BlockID(id))
			return err
		})
	})
	return child, err
}

// Row is a page of a database with its properties as plain text.
type Row struct {
	Page
	CreatedBy  string // id of the user or integration
	Title      string
	Properties map[string]string // the title's as well
}

// RowsSince lists the rows of a database created at or after a time, oldest
// first: all of them, or where a title is given those whose title begins like
// it. Notion cuts the time of creation to the minute, and so does this.
func (c *Client) RowsSince(ctx context.Context, databaseID, title string, since time.Time) ([]Row, error) {
	from := notionapi.Date(since.UTC().Truncate(time.Minute))
	var filter notionapi.Filter = notionapi.TimestampFilter{Timestamp: notionapi.TimestampCreated, CreatedTime: &notionapi.DateFilterCondition{OnOrAfter: &from}}
	if start := prefix(title); start != "" {
		filter = notionapi.AndCompoundFilter{filter, titleFilter{start: start}}
	}
	query := notionapi.DatabaseQueryRequest{
		Filter:   filter,
		Sorts:    []notionapi.SortObject{{Timestamp: notionapi.TimestampCreated, Direction: notionapi.SortOrderASC}},
		PageSize: pageSize,
	}
	return readAll(ctx, c, func(ctx context.Context, cursor notionapi.Cursor) error {
		query.StartCursor = cursor
		return c.queryDatabase(ctx, databaseID, &query)
	}, rowAnswer.row)
}

// prefix is as much of a title as a filter needs to leave few rows.
func prefix(title string) string {
	runes := []rune(title)
	return strings.TrimSpace(string(runes[:min(len(runes), 80)]))
}

// Identity is who a token belongs to.
type Identity struct {
	ID        string // of the integration's bot, which created_by names
	Name      string // the integration's
	Workspace string
}

// Me is the id of the integration that the token belongs to. It is known once a
// page was made, and else asked for once.
func (c *Client) Me(ctx context.Context) (string, error) {
	if known := c.myID.Load(); known != nil {
		return *known, nil
	}
	me, err := c.Whoami(ctx)
	return me.ID, err
}

// Whoami is the integration that the token belongs to, asked for once.
func (c *Client) Whoami(ctx context.Context) (Identity, error) {
	if known := c.me.Load(); known != nil {
		return *known, nil
	}
	var me identityAnswer
	err := c.repeat(ctx, func() error {
		return c.do(ctx, false, &me, func(ctx context.Context) error {
			_, err := c.api.User.Me(ctx)
			return err
		})
	})
	if err != nil {
		return Identity{}, err
	}
	known := Identity{ID: me.ID, Name: me.Name, Workspace: me.Bot.Workspace}
	c.me.Store(&known)
	return known, nil
}

type identityAnswer struct {
	ID, Name string
	Bot      struct {
		Workspace string `json:"workspace_name"`
	}
}

// pageSize is the most that a listing gives at once.
const pageSize = 100

// readAll follows a paginated listing to its end.
func readAll[Answer, T any](ctx context.Context, c *Client, call func(context.Context, notionapi.Cursor) error, convert func(Answer) T) ([]T, error) {
	var all []T
	var cursor notionapi.Cursor
	for {
		var page listing[Answer]
		err := c.repeat(ctx, func() error {
			page = listing[Answer]{}
			return c.do(ctx, false, &page, func(ctx context.Context) error { return call(ctx, cursor) })
		})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Results {
			all = append(all, convert(r))
		}
		if !page.HasMore {
			return all, nil
		}
		cursor = notionapi.Cursor(page.NextCursor)
	}
}

// rowAnswer is a row as a query answers it.
type rowAnswer struct {
	Page
	CreatedBy struct {
		ID string `json:"id"`
	} `json:"created_by"`
	Properties map[string]json.RawMessage `json:"properties"`
}

type plainText struct {
	Text string `json:"plain_text"`
}

func (a rowAnswer) row() Row {
	row := Row{Page: a.Page, CreatedBy: a.CreatedBy.ID, Properties: map[string]string{}}
	for name, value := range a.Properties {
		text, isTitle := textOf(value)
		if row.Properties[name] = text; isTitle {
			row.Title = text
		}
	}
	return row
}

// textOf is a property's value as plain text, empty for kinds and forms that
// are not known.
func textOf(value json.RawMessage) (_ string, isTitle bool) {
	var p struct {
		Title    []plainText `json:"title"`
		RichText []plainText `json:"rich_text"`
		Email    string      `json:"email"`
		URL      string      `json:"url"`
	}
	if json.Unmarshal(value, &p) != nil {
		return "", false
	}
	var text strings.Builder
	text.WriteString(p.Email + p.URL)
	for _, piece := range append(p.Title, p.RichText...) {
		text.WriteString(piece.Text)
	}
	return text.String(), p.Title != nil
}
