package notion

import (
	"context"
	"strings"
	"time"

	"github.com/jomei/notionapi"

	"notionrelay/shared/block"
)

// Children lists everything directly below a page or block.
func (c *Client) Children(ctx context.Context, parentID string) ([]block.Block, error) {
	return readAll(ctx, c, func(ctx context.Context, cursor notionapi.Cursor) error {
		_, err := c.api.Block.GetChildren(ctx, notionapi.BlockID(parentID), &notionapi.Pagination{StartCursor: cursor, PageSize: pageSize})
		return err
	}, func(b block.Block) block.Block { return b })
}

// Row is a page of a database with its properties as plain text.
type Row struct {
	Page
	CreatedBy  string // id of the user or integration
	Properties map[string]string
}

// RowsSince lists the rows of a database created at or after a time, oldest
// first. Notion cuts the time of creation to the minute, and so does this.
func (c *Client) RowsSince(ctx context.Context, databaseID string, since time.Time) ([]Row, error) {
	from := notionapi.Date(since.UTC().Truncate(time.Minute))
	query := notionapi.DatabaseQueryRequest{
		Filter:   notionapi.TimestampFilter{Timestamp: notionapi.TimestampCreated, CreatedTime: &notionapi.DateFilterCondition{OnOrAfter: &from}},
		Sorts:    []notionapi.SortObject{{Timestamp: notionapi.TimestampCreated, Direction: notionapi.SortOrderASC}},
		PageSize: pageSize,
	}
	return readAll(ctx, c, func(ctx context.Context, cursor notionapi.Cursor) error {
		query.StartCursor = cursor
		_, err := c.api.Database.Query(ctx, notionapi.DatabaseID(databaseID), &query)
		return err
	}, rowAnswer.row)
}

// Me is the id of the integration that the token belongs to.
func (c *Client) Me(ctx context.Context) (string, error) {
	return Do(ctx, c, Once[string]{Send: func(ctx context.Context) (string, error) {
		var me struct{ ID string }
		err := c.do(ctx, false, &me, func(ctx context.Context) error {
			_, err := c.api.User.Me(ctx)
			return err
		})
		return me.ID, err
	}})
}

// pageSize is the most that a listing gives at once.
const pageSize = 100

// readAll follows a paginated listing to its end.
func readAll[Answer, T any](ctx context.Context, c *Client, call func(context.Context, notionapi.Cursor) error, convert func(Answer) T) ([]T, error) {
	var all []T
	var cursor notionapi.Cursor
	type answer struct {
		Results    []Answer         `json:"results"`
		NextCursor notionapi.Cursor `json:"next_cursor"`
		HasMore    bool             `json:"has_more"`
	}
	for {
		page, err := Do(ctx, c, Once[answer]{Send: func(ctx context.Context) (a answer, err error) {
			err = c.do(ctx, false, &a, func(ctx context.Context) error { return call(ctx, cursor) })
			return a, err
		}})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Results {
			all = append(all, convert(r))
		}
		if !page.HasMore || page.NextCursor == "" {
			return all, nil
		}
		cursor = page.NextCursor
	}
}

// rowAnswer is a row as a query answers it. Properties of kinds that are not
// read here keep an empty text.
type rowAnswer struct {
	Page
	CreatedBy struct {
		ID string `json:"id"`
	} `json:"created_by"`
	Properties map[string]struct {
		Title    []plainText `json:"title"`
		RichText []plainText `json:"rich_text"`
		Email    string      `json:"email"`
		URL      string      `json:"url"`
	} `json:"properties"`
}

type plainText struct {
	Text string `json:"plain_text"`
}

func (a rowAnswer) row() Row {
	row := Row{Page: a.Page, CreatedBy: a.CreatedBy.ID, Properties: map[string]string{}}
	for name, p := range a.Properties {
		var text strings.Builder
		text.WriteString(p.Email + p.URL)
		for _, piece := range append(p.Title, p.RichText...) {
			text.WriteString(piece.Text)
		}
		row.Properties[name] = text.String()
	}
	return row
}
