package notion_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
)

// requests are all that the client can ask or tell Notion; each returns the ids
// that it learned.
var requests = map[string]func(context.Context, *notion.Client) ([]string, error){
	"create page": func(ctx context.Context, c *notion.Client) ([]string, error) {
		p, err := c.CreatePage(ctx, notion.NewPage{PageID: "p", Properties: property.Values{}})
		return []string{p.ID}, err
	},
	"append": func(ctx context.Context, c *notion.Client) ([]string, error) {
		blocks, err := c.AppendBlocks(ctx, "p", "", []block.Block{{Kind: block.Divider}})
		return idsOf(blocks, func(b block.Block) string { return b.ID }), err
	},
	"rename": func(ctx context.Context, c *notion.Client) ([]string, error) {
		return nil, c.RenamePage(ctx, "p", "x")
	},
	"delete": func(ctx context.Context, c *notion.Client) ([]string, error) {
		return nil, c.DeleteBlock(ctx, "b")
	},
	"create database": func(ctx context.Context, c *notion.Client) ([]string, error) {
		d, err := c.CreateDatabase(ctx, notion.NewDatabase{PageID: "p"})
		return []string{d.ID}, err
	},
	"children": func(ctx context.Context, c *notion.Client) ([]string, error) {
		children, err := c.Children(ctx, "p")
		return idsOf(children, func(b notion.Child) string { return b.ID }), err
	},
	"block": func(ctx context.Context, c *notion.Client) ([]string, error) {
		b, err := c.Block(ctx, "b")
		return []string{b.ID}, err
	},
	"rows": func(ctx context.Context, c *notion.Client) ([]string, error) {
		rows, err := c.RowsSince(ctx, "d", "x", time.Now())
		return idsOf(rows, func(r notion.Row) string { return r.ID }), err
	},
	"me": func(ctx context.Context, c *notion.Client) ([]string, error) {
		id, err := c.Me(ctx)
		return []string{id}, err
	},
	"inspect": func(ctx context.Context, c *notion.Client) ([]string, error) {
		_, err := c.Inspect(ctx, notion.Setup{DatabaseID: "5eed0000000040008000000000000001"})
		return nil, err
	},
}

func idsOf[T any](all []T, id func(T) string) []string {
	ids := make([]string, 0, len(all))
	for _, one := range all {
		ids = append(ids, id(one))
	}
	return ids
}

// ask makes a request to a Notion that answers so, once.
func ask(t *testing.T, request, body string) (ids []string, err error) {
	t.Helper()
	return askOver(t, request, answer(200, body))
}

func askOver(t *testing.T, request string, trip http.RoundTripper) (ids []string, err error) {
	t.Helper()
	limit := notion.LateEffect
	if request == "inspect" {
		limit = notion.InspectionLimit
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit+500*time.Millisecond) // no room for a second attempt
	defer cancel()
	return requests[request](ctx, newClient(t, trip))
}

func TestEveryRequestSaysThatItWasNotAnswered(t *testing.T) {
	t.Parallel()
	for name := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := askOver(t, name, fail(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) || notion.FateOf(err) != notion.Await {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEveryWriteSaysThatItWasNotSent(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"create page", "append", "rename", "delete", "create database"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := notion.WithIntent(t.Context(), time.Now().Add(-time.Minute))
				_, err := requests[name](ctx, newClient(t, script(t)))
				if err == nil || !strings.Contains(err.Error(), "the intent is too old") || notion.FateOf(err) != notion.Repeat {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestAnswersOfAnotherShape has every request answered by what is not Notion's.
// None may pass for a page that exists or for a listing without anything in it.
func TestAnswersOfAnotherShape(t *testing.T) {
	t.Parallel()
	bodies := []string{
		``, ` `, `null`, `true`, `1`, `"x"`, `[]`, `[null]`, `{}`, `{"object":"page"}`, `{"id":null}`, `{"id":1}`, `{"id":""}`,
		`{"results":null}`, `{"results":{}}`, `{"results":[null]}`, `{"results":[[]]}`, `{"results":[{}]}`, `{"results":["x"]}`,
		`{"results":[{"object":"block","id":"b1"},{}]}`, `{"object":"list","results":[],"has_more":true,"next_cursor":null}`,
		`{"object":"page","id":"p1"`, `{"object":"page","id":"p1"}}`, "\xff", `<html>`,
	}
	for name := range requests {
		for _, body := range bodies {
			t.Run(name+" answered with "+body, func(t *testing.T) {
				t.Parallel()
				ids, err := ask(t, name, body)
				if err == nil {
					t.Fatalf("got %q, want an error", ids)
				}
				if name == "append" && len(ids) > 0 {
					t.Errorf("got %q of an answer that is none", ids)
				}
				if got := notion.FateOf(err); got != notion.Await {
					t.Errorf("got %v, want %v for %v", got, notion.Await, err)
				}
			})
		}
	}
}

// TestAnswersOfUnknownContent has Notion answer with kinds and forms that are
// not known here, or with ids alone. The ids are what is needed.
func TestAnswersOfUnknownContent(t *testing.T) {
	t.Parallel()
	objects := []string{
		`{"object":"x","id":"1"}`,
		`{"object":"block","id":"1","type":"dream","dream":{"rich_text":7}}`,
		`{"object":"block","id":"1","type":"dream","dream":null,"created_by":null}`,
		`{"object":"block","id":"1","type":"paragraph","paragraph":null}`,
		`{"object":"block","id":"1","type":"paragraph","paragraph":"x"}`,
		`{"object":"block","id":"1","type":"table_row","table_row":{"cells":[null,[null]]}}`,
		`{"object":"block","id":"1","type":"image","image":{"type":"file","file":{"url":"u","expiry_time":"t"},"caption":null}}`,
		`{"object":"page","id":"1","url":"u","properties":{"New":{"id":"x","type":"dream","dream":{}},"Title":{"title":7},"Gone":null,"List":[]}}`,
		`{"object":"page","id":"1","url":null,"properties":null,"icon":{"type":"dream"},"parent":{"type":"dream"}}`,
		`{"object":"user","id":"1","type":"dream","bot":null,"name":null}`,
	}
	for name := range requests {
		for _, object := range objects {
			t.Run(name+" answered with "+object, func(t *testing.T) {
				t.Parallel()
				body, want := object, []string{"1"}
				switch name {
				case "append", "children", "rows":
					body = `{"object":"list","results":[` + object + `],"has_more":false,"next_cursor":null}`
				case "rename", "delete", "inspect":
					want = nil
				}
				ids, err := ask(t, name, body)
				if diff := cmp.Diff(want, ids); diff != "" || err != nil {
					t.Errorf("ids (-want +got), %v:\n%s", err, diff)
				}
			})
		}
	}
}

// FuzzAnswer looks for an answer that takes the process down, or teaches an
// empty id.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`null`, `{"id":"1"}`, `{"results":[{"object":"block","id":"1","type":"paragraph","paragraph":{"rich_text":[{"plain_text":"x"}]}}]}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name := range requests {
			ids, err := ask(t, name, body)
			for _, id := range ids {
				if err == nil && id == "" {
					t.Errorf("%s learned an empty id of %q", name, body)
				}
			}
		}
	})
}
