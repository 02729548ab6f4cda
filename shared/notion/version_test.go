package notion_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
)

// TestEveryRequest pins what is sent, to the letter: a move to another version
// of the API, or of the library, shows up here.
func TestEveryRequest(t *testing.T) {
	t.Parallel()
	text := `{"text":{"content":"x"},"type":"text"}`
	since := time.Date(2026, 11, 25, 17, 44, 59, 0, time.UTC)
	list := `{"object":"list","results":[],"has_more":false,"next_cursor":null}`
	divider := []block.Block{{Kind: block.Divider}}
	for name, tt := range map[string]struct {
		call   func(context.Context, *notion.Client) error
		answer string
		want   string
	}{
		"row": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.CreatePage(ctx, notion.NewPage{DatabaseID: "d", Properties: property.Values{"title": property.Title("x")}})
			return err
		}, `{"id":"1"}`, `POST /v1/pages {"parent":{"type":"database_id","database_id":"d"},"properties":{"title":{"title":[` + text + `]}}}`},
		"page": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.CreatePage(ctx, notion.NewPage{PageID: "p", Icon: "📊", Cover: "https://example.com/a.png", Children: divider})
			return err
		}, `{"id":"1"}`, `POST /v1/pages {"parent":{"type":"page_id","page_id":"p"},"properties":{},"children":[{"object":"block","type":"divider","divider":{}}],` +
			`"icon":{"type":"emoji","emoji":"📊"},"cover":{"type":"external","external":{"url":"https://example.com/a.png"}}}`},
		"append": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.AppendBlocks(ctx, "p", "", divider)
			return err
		}, `{"results":[{"id":"1"}]}`, `PATCH /v1/blocks/p/children {"children":[{"object":"block","type":"divider","divider":{}}]}`},
		"append behind": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.AppendBlocks(ctx, "p", "b", divider)
			return err
		}, `{"results":[{"id":"1"}]}`, `PATCH /v1/blocks/p/children {"after":"b","children":[{"object":"block","type":"divider","divider":{}}]}`},
		"rename": {func(ctx context.Context, c *notion.Client) error {
			return c.RenamePage(ctx, "p", "x")
		}, `{"id":"1"}`, `PATCH /v1/pages/p {"properties":{"title":{"title":[` + text + `]}}}`},
		"delete": {func(ctx context.Context, c *notion.Client) error {
			return c.DeleteBlock(ctx, "b")
		}, `{"id":"1"}`, `DELETE /v1/blocks/b`},
		"database": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.CreateDatabase(ctx, notion.NewDatabase{PageID: "p", Title: "x", Icon: "💬", Schema: property.Schema{"Quote": property.Plain("title")}})
			return err
		}, `{"id":"1"}`, `POST /v1/databases {"icon":{"emoji":"💬","type":"emoji"},"parent":{"page_id":"p","type":"page_id"},"properties":{"Quote":{"title":{}}},"title":[{"text":{"content":"x"},"type":"text"}]}`},
		"children": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.Children(ctx, "p")
			return err
		}, list, `GET /v1/blocks/p/children?page_size=100`},
		"block": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.Block(ctx, "b")
			return err
		}, `{"id":"1"}`, `GET /v1/blocks/b`},
		"rows": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.RowsSince(ctx, "d", "", since)
			return err
		}, list, `POST /v1/databases/d/query {"sorts":[{"timestamp":"created_time","direction":"ascending"}],"page_size":100,` +
			`"filter":{"timestamp":"created_time","created_time":{"on_or_after":"2026-11-25T17:44:00Z"}}}`},
		"rows of a title": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.RowsSince(ctx, "d", strings.Repeat("ä", 79)+" and more", since)
			return err
		}, list, `POST /v1/databases/d/query {"sorts":[{"timestamp":"created_time","direction":"ascending"}],"page_size":100,` +
			`"filter":{"and":[{"timestamp":"created_time","created_time":{"on_or_after":"2026-11-25T17:44:00Z"}},{"property":"title","title":{"starts_with":"` + strings.Repeat("ä", 79) + `"}}]}}`},
		"me": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.Me(ctx)
			return err
		}, `{"id":"1"}`, `GET /v1/users/me`},
		"inspect": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.Inspect(ctx, notion.Setup{DatabaseID: "5eed0000000040008000000000000001"})
			return err
		}, `{"id":"1"}`, `GET /v1/databases/5eed0000000040008000000000000001`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				got = sent(t, r)
				return answer(200, tt.answer)(r)
			}))
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// sent is a request in one line.
func sent(t *testing.T, r *http.Request) string {
	t.Helper()
	for header, want := range map[string]string{"Notion-Version": "2022-06-28", "Authorization": "Bearer t"} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	line := r.Method + " " + r.URL.RequestURI()
	if r.Body == nil {
		return line
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type: got %q", kind)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", line, body))
}
