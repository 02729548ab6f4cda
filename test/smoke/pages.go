package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// pages are what can be read of a report, without what differs from one
// workspace and one day to the next.
type pages struct {
	lines []string
	kinds map[block.Kind]bool
}

// without names those of the kinds that no block has.
func (p pages) without(kinds []block.Kind) []block.Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k block.Kind) bool { return p.kinds[k] })
}

// readPages reads what was published, for some time until it is as wanted:
// Notion shows new rows in queries only after a while.
func readPages(ctx context.Context, t *target, p publication, want []string) (pages, error) {
	client, err := t.client()
	if err != nil {
		return pages{}, err
	}
	for attempt := 1; ; attempt++ {
		r := &reader{client: client, since: p.began.Add(-time.Hour), pages: pages{kinds: map[block.Kind]bool{}}}
		if err := r.rows(ctx, t.databaseID, p.rowID, 0); err != nil {
			return pages{}, fmt.Errorf("read the pages back: %w", err)
		}
		if want == nil || attempt == 6 || slices.Equal(want, r.lines) {
			return r.pages, nil
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return pages{}, ctx.Err()
		}
	}
}

type reader struct {
	client *notion.Client
	since  time.Time
	pages
}

// rows reads the rows of a database, or the one that is named. Notion gives
// those of one minute in any order.
func (r *reader) rows(ctx context.Context, databaseID, only string, depth int) error {
	rows, err := r.client.RowsSince(ctx, databaseID, "", r.since)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b notion.Row) int { return strings.Compare(describe(a), describe(b)) })
	for _, row := range rows {
		if only != "" && undashed(row.ID) != undashed(only) {
			continue
		}
		r.line(depth, "row "+describe(row))
		if err := r.below(ctx, row.ID, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func describe(row notion.Row) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(row.Properties)) {
		fmt.Fprintf(&b, "%s=%q ", name, row.Properties[name])
	}
	return b.String()
}

// below reads all blocks below a page or block.
func (r *reader) below(ctx context.Context, id string, depth int) error {
	children, err := r.client.Children(ctx, id)
	if err != nil {
		return err
	}
	for _, child := range children {
		r.kinds[child.Kind] = true
		encoded, err := json.Marshal(child.Block)
		if err != nil {
			return fmt.Errorf("describe block %s: %w", child.ID, err)
		}
		r.line(depth, string(encoded))
		switch {
		case child.Kind == block.ChildDatabase:
			err = r.rows(ctx, child.ID, "", depth+1)
		case child.Kind == block.ChildPage || child.HasChildren:
			err = r.below(ctx, child.ID, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// varying is what differs: ids, and the day in the row's title.
var varying = regexp.MustCompile(`[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|\d\d/\d\d/\d{4}`)

func (r *reader) line(depth int, text string) {
	r.lines = append(r.lines, strings.Repeat("  ", depth)+varying.ReplaceAllString(text, "…"))
}
