package notion

import (
	"context"

	"github.com/jomei/notionapi"

	"notionrelay/shared/property"
)

// Everything that belongs to one version of Notion's API is in this file, each
// with what version 2026-03-11 calls it. That version knows data sources: a
// database holds some, and rows and properties are a data source's. The library
// does not know them.

// version is what every request names in its header Notion-Version.
const version = "2022-06-28"

// severalSources is the error_type with which a database of more than one data
// source is refused. Since 2025-09-03 there is no such refusal.
const severalSources = "multiple_data_sources_for_database"

// parentOf is where a page is made. 2026-03-11: a row's parent is
// {"type": "data_source_id", "data_source_id": …}; a page's is as here.
func parentOf(p NewPage) notionapi.Parent {
	if p.DatabaseID != "" {
		return notionapi.Parent{Type: notionapi.ParentTypeDatabaseID, DatabaseID: notionapi.DatabaseID(p.DatabaseID)}
	}
	return notionapi.Parent{Type: notionapi.ParentTypePageID, PageID: notionapi.PageID(p.PageID)}
}

// appendBehind is the body of an append. 2026-03-11: "after": … is
// "position": {"type": "after_block", "after_block": {"id": …}}.
func appendBehind(after string, children notionapi.Blocks) *notionapi.AppendBlockChildrenRequest {
	return &notionapi.AppendBlockChildrenRequest{After: notionapi.BlockID(after), Children: children}
}

// databaseBody is the body that creates a database. 2026-03-11: "properties"
// is "initial_data_source": {"properties": …}, and the answer's "data_sources"
// has the id that rows are made under.
func databaseBody(d NewDatabase) map[string]any {
	return map[string]any{
		"parent":     map[string]any{"type": "page_id", "page_id": d.PageID},
		"icon":       map[string]any{"type": "emoji", "emoji": d.Icon},
		"title":      property.Texts(d.Title),
		"properties": d.Schema,
	}
}

// getDatabase asks for a database with its properties. 2026-03-11: those are
// in the answer to GET /v1/data_sources/{id}, of each of "data_sources".
func (c *Client) getDatabase(ctx context.Context, id string) error {
	_, err := c.api.Database.Get(ctx, notionapi.DatabaseID(id))
	return err
}

// queryDatabase asks for rows. 2026-03-11: POST /v1/data_sources/{id}/query.
func (c *Client) queryDatabase(ctx context.Context, id string, q *notionapi.DatabaseQueryRequest) error {
	_, err := c.api.Database.Query(ctx, notionapi.DatabaseID(id), q)
	return err
}

// trash is what an object says of itself. 2026-03-11: "in_trash" alone.
type trash struct {
	Archived bool `json:"archived"`
	InTrash  bool `json:"in_trash"`
}

func (t trash) trashed() bool { return t.Archived || t.InTrash }
