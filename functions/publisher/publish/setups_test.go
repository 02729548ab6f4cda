package publish_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/tree"
)

// setup is a Notion with which something is wrong.
type setup struct {
	name          string
	breaks, mends func(*world, *publish.Publisher)
	code          string // of the halt; empty where pages are written all the same
	says          string // in the reason or the remedy, or in a warning where there is no halt
}

// people are what somebody does in Notion's window.
func people(do func(notionsim.People, string)) func(*world, *publish.Publisher) {
	return func(w *world, _ *publish.Publisher) { do(w.sim.People(), w.sim.DatabaseID()) }
}

// fails lets all requests, or those of a method, end in a fault until they are mended.
func fails(f notionsim.Fault) func(*world, *publish.Publisher) {
	f.Times = -1
	return func(w *world, _ *publish.Publisher) { w.sim.Inject(f) }
}

func mended(w *world, _ *publish.Publisher) { w.sim.Mend() }

// configured gives the publisher another database until that is put right.
func configured(id string) (breaks, mends func(*world, *publish.Publisher)) {
	return func(_ *world, p *publish.Publisher) { p.Database.ID = id }, func(w *world, p *publish.Publisher) { p.Database.ID = w.sim.DatabaseID() }
}

func brokenSetups() []setup {
	const unknownID = "00000000-0000-4000-8000-000000000000"
	unknown, known := configured(unknownID)
	noID, anID := configured("my database")
	columns := func(from, to tree.Columns) (breaks, mends func(*world, *publish.Publisher)) {
		return func(_ *world, p *publish.Publisher) { p.Database.Columns = to }, func(_ *world, p *publish.Publisher) { p.Database.Columns = from }
	}
	wrongColumn, rightColumn := columns(tree.StandardColumns, tree.Columns{ReportType: "Kind", ContactEmail: "Contact Email"})
	add := func(name, kind string) func(notionsim.People, string) {
		return func(p notionsim.People, db string) { p.RenameColumn(db, kind, name) }
	}
	return []setup{
		{"the token is revoked", people(func(p notionsim.People, _ string) { p.RevokeToken("t") }), people(func(p notionsim.People, _ string) { p.RenewToken("other", "t") }), notion.TokenRefused, "NOTION_API_KEY"},
		{"the integration is barred", people(func(p notionsim.People, _ string) { p.Bar() }), people(func(p notionsim.People, _ string) { p.Unbar() }), notion.AccessBlocked, "support"},
		{"the database is not shared", people(notionsim.People.Unshare), people(notionsim.People.Share), notion.DatabaseNotFound, "Connections"},
		{"the database is in the trash", people(notionsim.People.Trash), people(notionsim.People.Restore), notion.DatabaseInTrash, "Restore"},
		{"the database's id is unknown", unknown, known, notion.DatabaseNotFound, "NOTION_DATABASE_ID"},
		{"the database's id is none", noID, anID, notion.DatabaseNotFound, "32 digits"},
		{"a second data source", people(notionsim.People.AddDataSource), people(notionsim.People.RemoveDataSource), notion.SeveralDataSources, "data source"},
		{"the type's column is renamed", people(add("Kind", "Report Type")), people(add("Report Type", "Kind")), notion.ColumnMissing, "Report Type"},
		{"the address's column is renamed", people(add("Mail", "Contact Email")), people(add("Contact Email", "Mail")), notion.ColumnMissing, "Contact Email"},
		{"a setting names another column", wrongColumn, rightColumn, notion.ColumnMissing, "Kind"},
		{"the type's column is a number", people(func(p notionsim.People, db string) { p.RetypeColumn(db, "Report Type", "number") }), people(func(p notionsim.People, db string) { p.RetypeColumn(db, "Report Type", "rich_text") }), notion.ColumnType, "Text"},
		{"the address's column is a text", people(func(p notionsim.People, db string) { p.RetypeColumn(db, "Contact Email", "rich_text") }), people(func(p notionsim.People, db string) { p.RetypeColumn(db, "Contact Email", "email") }), notion.ColumnType, "Email"},
		{"the title is called otherwise", people(add("Client", "Company")), people(add("Company", "Client")), "", ""},
		{"it may not insert", people(func(p notionsim.People, _ string) { p.Withhold(notionsim.InsertContent) }), people(func(p notionsim.People, _ string) { p.Grant(notionsim.InsertContent) }), notion.CannotInsert, "Insert content"},
		{"it may not read", people(func(p notionsim.People, _ string) { p.Withhold(notionsim.ReadContent) }), people(func(p notionsim.People, _ string) { p.Grant(notionsim.ReadContent) }), notion.CannotRead, "Read content"},
		{"a free workspace is full", people(func(p notionsim.People, _ string) { p.UseUpBlocks() }), people(func(p notionsim.People, _ string) { p.Upgrade() }), notion.BlockLimit, "paid plan"},
		{"the database is full", people(notionsim.People.Fill), people(notionsim.People.MakeRoom), publish.RowLimit, "room"},
		{"the banner is no address", func(_ *world, p *publish.Publisher) { p.CoverURL = "banner.png" }, func(*world, *publish.Publisher) {}, "", "HOMEPAGE_COVER_URL"},
		{"the edge blocks the address", fails(notionsim.Edge(403)), mended, publish.NotionUnreachable, "403"},
		{"the edge answers 502", fails(notionsim.Edge(502)), mended, publish.NotionUnreachable, "502"},
		{"Notion is down", fails(notionsim.Fault{Status: 503}), mended, publish.NotionUnreachable, "503"},
		{"Notion cannot be reached", fails(notionsim.Fault{Drop: true, Err: errDial}), mended, publish.NotionUnreachable, "reached"},
		{"Notion's writes fail", fails(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Status: 500}), mended, publish.NotionFailing, "500"},
	}
}

// Whatever is wrong with a Notion is said with its remedy, no report is lost of it,
// and all goes on by itself once it is mended.
func TestBrokenSetUpsAreSaidAndLoseNoReport(t *testing.T) {
	t.Parallel()
	for _, tt := range brokenSetups() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				p := w.publisher("a", nil)
				tt.breaks(w, p)
				stop := w.serve(p, true)
				ids := w.acceptMany(3, "co", func() report.Payload { return payload(3, 0) })
				time.Sleep(5 * time.Minute)
				h := w.halt()
				said := h.Reason + " " + h.Remedy
				if tt.code == "" {
					said = strings.Join(w.run(ids[0]).Warnings, " ")
				}
				t.Logf("%-34s %-22s %s", tt.name, h.Code, said)
				if h.Code != tt.code || !strings.Contains(said, tt.says) || tt.code != "" && h.Remedy == "" {
					t.Errorf("the halt is %+v, want %q with %q; it says %q", h, tt.code, tt.says, said)
				}
				stop() // the publisher's settings change only between two processes
				tt.mends(w, p)
				stop = w.serve(p, true)
				time.Sleep(40 * time.Minute)
				stop()
				w.wantComplete(ids...)
			})
		})
	}
}

// A homepage that Notion refuses without its banner as well was not refused for it.
// What else there is to warn of stays.
func TestTheBannerIsNotBlamedForWhatIsRefusedWithoutIt(t *testing.T) {
	t.Parallel()
	for name, always := range map[string]bool{"the banner": false, "something else": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{})
				w.research = silent{}
				w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Times: -1, Status: 400, Match: func(r *http.Request) bool {
					body := bodyOf(t, r)
					return strings.Contains(body, `"cover"`) || always && strings.Contains(body, `"page_id"`)
				}})
				w.accept("rep_1", payload(3, 0))
				w.drain(w.publisher("a", nil), time.Minute)
				var banner, others int
				for _, warning := range w.run("rep_1").Warnings {
					if strings.Contains(warning, "banner") {
						banner++
					} else {
						others++
					}
				}
				if want := map[bool]int{false: 1, true: 0}[always]; banner != want || others != 2 {
					t.Errorf("the warnings are %q", w.run("rep_1").Warnings)
				}
			})
		})
	}
}

// silent is a research database that does not answer.
type silent struct{}

func (silent) Account(context.Context, string, string) (research.Account, bool, error) {
	return research.Account{}, false, io.EOF
}

func (silent) Statistics(context.Context, string) (report.Statistics, bool, error) {
	return report.Statistics{}, false, io.EOF
}
