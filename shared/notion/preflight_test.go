package notion_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
)

// columns are the simulator's, under the names that they have at first.
var columns = []notion.Column{{Type: "title"}, {Name: "Report Type", Type: "rich_text"}, {Name: "Contact Email", Type: "email"}}

// TestInspect breaks a set-up in every way that a look shows. Each sentence
// names what it is about, and each remedy where to mend it.
func TestInspect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		mishap func(*notionsim.Sim, *notion.Setup)
		codes  []string
		names  []string // in the message of the first problem, or in its remedy
	}{
		{"nothing", func(*notionsim.Sim, *notion.Setup) {}, nil, nil},
		{"title of another name", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().RenameColumn(s.DatabaseID, "Company", "Kunde")
		}, nil, nil},
		{"token revoked", func(sim *notionsim.Sim, _ *notion.Setup) { sim.People().RevokeToken("t") }, []string{notion.TokenRefused}, []string{"NOTION_API_KEY"}},
		{"API blocked, 429", func(sim *notionsim.Sim, _ *notion.Setup) { sim.People().Bar() }, []string{notion.AccessBlocked}, []string{"support"}},
		{"API blocked, 403", func(sim *notionsim.Sim, _ *notion.Setup) {
			sim.Inject(notionsim.Fault{Times: -1, Status: 403, Additional: map[string]any{"rate_limit_reason": "public_api_request_blocked"}})
		}, []string{notion.AccessBlocked}, []string{"support"}},
		{"database not shared, and Notion does not say with whom", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().Unshare(s.DatabaseID)
			sim.Inject(notionsim.Fault{Path: "/v1/users/me", Status: 401})
		}, []string{notion.TokenRefused, notion.DatabaseNotFound}, nil},
		{"database not shared", func(sim *notionsim.Sim, s *notion.Setup) { sim.People().Unshare(s.DatabaseID) }, []string{notion.DatabaseNotFound}, []string{"Notion Simulator", "Simulated workspace", "Connections"}},
		{"id of another database", func(_ *notionsim.Sim, s *notion.Setup) { s.DatabaseID = strings.Repeat("1", 32) }, []string{notion.DatabaseNotFound}, []string{strings.Repeat("1", 32), "NOTION_DATABASE_ID"}},
		{"id of a page", func(sim *notionsim.Sim, s *notion.Setup) {
			s.DatabaseID = sim.People().NewPage(s.DatabaseID, "Acme")
		}, []string{notion.DatabaseNotFound}, []string{"NOTION_DATABASE_ID"}},
		{"address in place of the id", func(_ *notionsim.Sim, s *notion.Setup) { s.DatabaseID = "https://notion.so/x?v=y" }, []string{notion.DatabaseNotFound}, []string{"https://notion.so/x?v=y", "32 digits"}},
		{"half an id", func(_ *notionsim.Sim, s *notion.Setup) { s.DatabaseID = "5eed00" }, []string{notion.DatabaseNotFound}, []string{"which is not the id"}},
		{"address in place of the id, and token revoked", func(sim *notionsim.Sim, s *notion.Setup) {
			s.DatabaseID = "reports"
			sim.People().RevokeToken("t")
		}, []string{notion.TokenRefused, notion.DatabaseNotFound}, nil},
		{"database in the trash", func(sim *notionsim.Sim, s *notion.Setup) { sim.People().Trash(s.DatabaseID) }, []string{notion.DatabaseInTrash}, []string{"“Reports”", "Restore"}},
		{"second data source", func(sim *notionsim.Sim, s *notion.Setup) { sim.People().AddDataSource(s.DatabaseID) }, []string{notion.SeveralDataSources}, []string{"data source"}},
		{"column renamed", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().RenameColumn(s.DatabaseID, "Report Type", "Kind")
		}, []string{notion.ColumnMissing}, []string{"“Reports”", "“Report Type”", "“Kind”", "type Text"}},
		{"column removed, and another of a wrong type", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().RemoveColumn(s.DatabaseID, "Report Type")
			sim.People().RetypeColumn(s.DatabaseID, "Contact Email", "rich_text")
		}, []string{notion.ColumnMissing, notion.ColumnType}, nil},
		{"column of another type", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().RetypeColumn(s.DatabaseID, "Contact Email", "rich_text")
		}, []string{notion.ColumnType}, []string{"“Contact Email”", "Text", "Email"}},
		{"column of a type with two words", func(sim *notionsim.Sim, s *notion.Setup) {
			sim.People().RetypeColumn(s.DatabaseID, "Contact Email", "phone_number")
		}, []string{notion.ColumnType}, []string{"Phone number"}},
		{"column of a type that the API calls otherwise", func(_ *notionsim.Sim, s *notion.Setup) {
			s.Columns = []notion.Column{{Name: "Contact Email", Type: "url"}}
		}, []string{notion.ColumnType}, []string{"URL is needed"}},
		{"no capability to read", func(sim *notionsim.Sim, _ *notion.Setup) { sim.People().Withhold(notionsim.ReadContent) }, []string{notion.CannotRead}, []string{"Read content"}},
		{"ids alone are answered", func(sim *notionsim.Sim, _ *notion.Setup) { sim.Inject(notionsim.Fault{Partial: true}) }, []string{notion.CannotRead}, []string{"Read content"}},
		{"cover of a relative address", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "/banner.png" }, []string{notion.CoverURL}, []string{"HOMEPAGE_COVER_URL", "/banner.png", "absolute"}},
		{"cover of another scheme", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "data:image/png;base64,AA" }, []string{notion.CoverURL}, nil},
		{"cover of another scheme, and absolute", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "ftp://example.com/banner.png" }, []string{notion.CoverURL}, nil},
		{"cover that is no address", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "https://[::1/banner.png" }, []string{notion.CoverURL}, nil},
		{"cover without a host", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "https:///banner.png" }, []string{notion.CoverURL}, nil},
		{"cover without encryption", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "http://example.com/banner.png" }, nil, nil},
		{"no cover", func(_ *notionsim.Sim, s *notion.Setup) { s.CoverURL = "" }, nil, nil},
		{"cover that is too long", func(_ *notionsim.Sim, s *notion.Setup) {
			s.CoverURL = "https://example.com/" + strings.Repeat("a", 1981)
		}, []string{notion.CoverURL}, []string{"2,000"}},
		{"cover as long as can be", func(_ *notionsim.Sim, s *notion.Setup) {
			s.CoverURL = "https://example.com/" + strings.Repeat("a", 1980)
		}, nil, nil},
		{"cover and column", func(sim *notionsim.Sim, s *notion.Setup) {
			s.CoverURL = "banner"
			sim.People().RemoveColumn(s.DatabaseID, "Report Type")
		}, []string{notion.ColumnMissing, notion.CoverURL}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := simulator(t)
			setup := notion.Setup{DatabaseID: sim.DatabaseID(), Columns: columns, CoverURL: "https://example.com/banner.png"}
			tt.mishap(sim, &setup)
			found, err := newClient(t, sim.Transport()).Inspect(t.Context(), setup)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, p := range found {
				codes = append(codes, p.Code)
				t.Log(p)
			}
			if diff := cmp.Diff(tt.codes, codes); diff != "" {
				t.Fatalf("codes (-want +got):\n%s", diff)
			}
			for _, name := range tt.names {
				if !strings.Contains(found[0].Error(), name) {
					t.Errorf("%q does not name %q", found[0], name)
				}
			}
			if got := sim.Stats(); got.Requests > 2 || got.Writes > 0 || len(codes) == 0 && got.Requests != 1 {
				t.Errorf("got %d requests and %d writes", got.Requests, got.Writes)
			}
		})
	}
}

// What mends itself is no problem of the set-up: Notion could not be asked.
func TestAnInspectionThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]notionsim.Fault{
		"500":                    {Status: 500},
		"a conflict":             {Status: 409},
		"HTML of the edge":       notionsim.Edge(http.StatusForbidden),
		"401 without a code":     notionsim.Edge(http.StatusUnauthorized),
		"rate limit":             {Status: 429, Header: http.Header{"Retry-After": {"600"}}},
		"connection reset":       {Drop: true},
		"no answer":              {Delay: time.Hour},
		"answer of another kind": {Body: `"hello"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := simulator(t)
				fault.Times = -1
				sim.Inject(fault)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				started := time.Now()
				found, err := newClient(t, sim.Transport()).Inspect(ctx, notion.Setup{DatabaseID: sim.DatabaseID()})
				if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Cause == nil || found != nil {
					t.Errorf("got %v, %v, want it postponed with a cause", found, err)
				}
				if took := time.Since(started); took > 30*time.Second || name == "no answer" && took != 10*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// Nothing is asked for which there is no time.
func TestAnInspectionThatThereIsNoTimeFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		setup, c := notion.Setup{DatabaseID: strings.Repeat("1", 32)}, newClient(t, script(t))
		short, cancel := context.WithTimeout(t.Context(), 10*time.Second-1)
		defer cancel()
		if found, err := c.Inspect(short, setup); !notion.IsPostponed(err) || found != nil {
			t.Errorf("got %v, %v, want it postponed", found, err)
		}
		over, end := context.WithCancel(t.Context())
		end()
		if found, err := c.Inspect(over, setup); !errors.Is(err, context.Canceled) || found != nil {
			t.Errorf("got %v, %v", found, err)
		}
	})
}

// Neither may the question be left open that comes after the first.
func TestAnInspectionThatIsAnsweredInPart(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{"a database that is not shared": strings.Repeat("1", 32), "no id": "reports"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := simulator(t)
				sim.Inject(notionsim.Fault{Path: "/v1/users/me", Status: 500, Times: -1})
				found, err := newClient(t, sim.Transport()).Inspect(t.Context(), notion.Setup{DatabaseID: database})
				if !notion.IsPostponed(err) || found != nil {
					t.Errorf("got %v, %v, want it postponed", found, err)
				}
			})
		})
	}
}

// The answer to a write shows what an inspection cannot see.
func TestProblemOf(t *testing.T) {
	t.Parallel()
	create := func(ctx context.Context, c *notion.Client, database string) error {
		_, err := c.CreatePage(ctx, notion.NewPage{DatabaseID: database, Properties: property.Values{"title": property.Title("x")}})
		return err
	}
	rename := func(ctx context.Context, c *notion.Client, database string) error {
		rows, err := c.RowsSince(ctx, database, "", time.Time{})
		if err != nil {
			return err
		}
		return c.RenamePage(ctx, rows[0].ID, "y")
	}
	for _, tt := range []struct {
		name   string
		mishap func(*notionsim.Sim)
		call   func(context.Context, *notion.Client, string) error
		want   string // a code; none when empty
	}{
		{"token revoked", func(s *notionsim.Sim) { s.People().RevokeToken("t") }, create, notion.TokenRefused},
		{"no capability to insert", func(s *notionsim.Sim) { s.People().Withhold(notionsim.InsertContent) }, create, notion.CannotInsert},
		{"no capability to update", func(s *notionsim.Sim) { s.People().Withhold(notionsim.UpdateContent) }, rename, notion.CannotUpdate},
		{"no capability to read", func(s *notionsim.Sim) { s.People().Withhold(notionsim.ReadContent) }, rename, notion.CannotRead},
		{"block limit", func(s *notionsim.Sim) { s.People().UseUpBlocks() }, create, notion.BlockLimit},
		{"API blocked, by its code", func(s *notionsim.Sim) {
			s.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Status: 429, Code: "public_api_request_blocked"})
		}, create, notion.AccessBlocked},
		{"additional data of another type", func(s *notionsim.Sim) {
			s.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Status: 403, Additional: map[string]any{"rate_limit_reason": 1, "block_limit": true}})
		}, create, notion.BlockLimit},
		{"a refused row", func(s *notionsim.Sim) { s.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Status: 400}) }, create, ""},
		{"a full database", func(s *notionsim.Sim) { s.People().Fill(s.DatabaseID()) }, create, ""},
		{"the edge", func(s *notionsim.Sim) { s.Inject(notionsim.Edge(403)) }, create, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := simulator(t)
			c := newClient(t, sim.Transport())
			if err := create(t.Context(), c, sim.DatabaseID()); err != nil {
				t.Fatal(err)
			}
			tt.mishap(sim)
			err := tt.call(t.Context(), c, sim.DatabaseID())
			if err == nil {
				t.Fatal("got no error")
			}
			got := ""
			if p := notion.ProblemOf(err); p != nil {
				got = p.Code
			}
			if got != tt.want {
				t.Errorf("got %q, want %q for %v", got, tt.want, err)
			}
		})
	}
}

func TestWhoami(t *testing.T) {
	t.Parallel()
	sim := simulator(t)
	c := newClient(t, sim.Transport())
	who, err := c.Whoami(t.Context())
	if err != nil || who.Name != "Notion Simulator" || who.Workspace != "Simulated workspace" {
		t.Errorf("got %+v, %v", who, err)
	}
	if id, err := c.Me(t.Context()); err != nil || id != who.ID || id == "" || sim.Stats().Requests != 1 {
		t.Errorf("got %q, %v, want %q without another request", id, err, who.ID)
	}
}

func simulator(t *testing.T) *notionsim.Sim {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}
