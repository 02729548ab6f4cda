package doctor_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/operate"
	"notionrelay/operate/doctor"
	"notionrelay/operate/folder"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// relay is a Notion Relay with which all is well until something is broken.
type relay struct {
	sim       *notionsim.Sim
	db        *embedded.DB
	system    *operate.System
	variables map[string]string
	store     store
	mapping   mapping
	research  database
	ai, api   int   // status of the answers
	noAI      error // where the AI's address leads nowhere
	noAPI     error
	bound     string
}

type store struct {
	values map[string]string
	err    error
}

func (s *store) Values(_ context.Context, names []string) (map[string]string, error) {
	found := maps.Clone(s.values)
	maps.DeleteFunc(found, func(name, _ string) bool { return !slices.Contains(names, name) })
	return found, s.err
}

type mapping struct {
	states []string
	err    error
}

func (m *mapping) States(context.Context) ([]string, error) { return m.states, m.err }

// database is a research database that fails at one of its questions.
type database struct{ account, quotes error }

func (d *database) Account(context.Context, string, string) (a research.Account, found bool, err error) {
	return a, false, d.account
}

func (d *database) Statistics(context.Context, string) (s report.Statistics, found bool, err error) {
	return s, false, nil
}

func (d *database) Quotes(context.Context, string) ([]report.Quote, error) { return nil, d.quotes }

// RoundTrip is the network: Notion, an AI and the webhook.
func (r *relay) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := func(status int, body string) *http.Response {
		recorder := httptest.NewRecorder()
		recorder.Header().Set("Content-Type", "application/json")
		recorder.WriteHeader(status)
		_, _ = recorder.WriteString(body)
		response := recorder.Result()
		response.Request = request
		return response
	}
	switch request.URL.Host {
	case "ai.example":
		if _, err := io.Copy(io.Discard, request.Body); err != nil || r.noAI != nil {
			return nil, errors.Join(err, r.noAI)
		}
		return answer(r.ai, `{"choices":[{"message":{"content":"Yes."}}],"error":{"message":"the provider's own words"}}`), nil
	case "relay.example":
		if r.noAPI != nil {
			return nil, r.noAPI
		}
		return answer(r.api, `{}`), nil
	}
	return r.sim.Transport().RoundTrip(request)
}

const token = "ntn_a-token"

func newRelay(t *testing.T) *relay {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sim.Close()
		db.Close()
	})
	q := folder.QueuesOf(db)
	r := &relay{
		sim: sim, db: db, bound: "this database", ai: http.StatusOK, api: http.StatusNotFound, mapping: mapping{states: []string{"Enabled"}},
		variables: map[string]string{
			"NOTION_API_KEY": "ssm:/relay/notion-api-key", "WEBHOOK_SECRETS": "ssm:/relay/webhook-secrets", "STATUS_TOKEN_KEY": "ssm:/relay/status-token-key",
			"AI_API_KEY": "ssm:/relay/ai-api-key", "AI_BASE_URL": "https://ai.example/v1", "RESEARCH_DATABASE_URL": "postgres://db.example/research",
			"NOTION_DATABASE_ID": sim.DatabaseID(), "HOMEPAGE_COVER_URL": "https://img.example/banner.png",
			"PUBLISH_QUEUE_URL": "p", "PUBLISH_DLQ_URL": "d", "ENRICH_QUEUE_URL": "e", "WAITING_QUEUE_URL": "w", "RUNS_TABLE": "runs",
		},
		store: store{values: map[string]string{
			"/relay/notion-api-key": token, "/relay/webhook-secrets": strings.Repeat("s", 32), "/relay/status-token-key": strings.Repeat("k", 32), "/relay/ai-api-key": "sk-1",
		}},
		system: &operate.System{
			Name: "a relay", Runs: db.Runs(), Signals: db.Runs(), Log: planted.Log(t),
			Publish: operate.Queue{Name: "publish", FIFO: true, Main: q.Publish, Dead: q.PublishDead},
			Enrich:  operate.Queue{Name: "enrich", Main: q.Enrich, Dead: q.EnrichDead},
			Waiting: operate.Queue{Name: "waiting", Main: q.Waiting, Dead: q.WaitingDead},
			Works:   func(context.Context) (bool, error) { return true, nil },
			Webhook: func(context.Context) (url, secret string, err error) { return "https://relay.example", "s", nil },
		},
	}
	return r
}

func (r *relay) examine(t *testing.T) []doctor.Finding {
	t.Helper()
	c, found := doctor.Configure(t.Context(), doctor.Variables{Values: r.variables, Deployed: true}, &r.store, r)
	c.System, c.Mapping, c.Named, c.Bound = r.system, &r.mapping, "this database", r.bound
	if c.Research != nil {
		c.Research = &r.research
	}
	return append(found, doctor.Examine(t.Context(), c)...)
}

// refusing is a queue or a record that AWS does not answer for.
type refusing struct {
	operate.Box
	operate.Records
	operate.Signals

	err error
}

func (r refusing) Depth(context.Context) (queue.Depth, error)           { return queue.Depth{}, r.err }
func (r refusing) Halt(context.Context) (runs.Halt, error)              { return runs.Halt{}, r.err }
func (r refusing) Pause(context.Context) (runs.Pause, error)            { return runs.Pause{}, r.err }
func (r refusing) List(context.Context, runs.Query) ([]runs.Run, error) { return nil, r.err }

func api(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

// setup is a relay with which something is wrong.
type setup struct {
	name   string
	breaks func(*testing.T, *relay)
	thing  string   // that is wrong
	says   []string // in its fault or its remedy
}

func people(do func(notionsim.People, string)) func(*testing.T, *relay) {
	return func(_ *testing.T, r *relay) { do(r.sim.People(), r.sim.DatabaseID()) }
}

func fails(f notionsim.Fault) func(*testing.T, *relay) {
	f.Times = -1
	return func(_ *testing.T, r *relay) { r.sim.Inject(f) }
}

func variable(name, value string) func(*testing.T, *relay) {
	return func(_ *testing.T, r *relay) { r.variables[name] = value }
}

func parameter(name, value string) func(*testing.T, *relay) {
	return func(_ *testing.T, r *relay) { r.store.values["/relay/"+name] = value }
}

func without(name string) func(*testing.T, *relay) {
	return func(_ *testing.T, r *relay) { delete(r.store.values, "/relay/"+name) }
}

func breaks(do func(*relay)) func(*testing.T, *relay) { return func(_ *testing.T, r *relay) { do(r) } }

var refused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

func ofNotion() []setup {
	rename := func(from, to string) func(*testing.T, *relay) {
		return people(func(p notionsim.People, db string) { p.RenameColumn(db, from, to) })
	}
	retype := func(name, kind string) func(*testing.T, *relay) {
		return people(func(p notionsim.People, db string) { p.RetypeColumn(db, name, kind) })
	}
	return []setup{
		{"the token is revoked", people(func(p notionsim.People, _ string) { p.RevokeToken(token) }), "token", []string{"refuses the token", "NOTION_API_KEY"}},
		{"there is no token", variable("NOTION_API_KEY", ""), "token", []string{"NOTION_API_KEY is not set", "profile/integrations"}},
		{"the integration is barred", people(func(p notionsim.People, _ string) { p.Bar() }), "token", []string{"blocked", "support"}},
		{"the database is not shared", people(notionsim.People.Unshare), "database", []string{"no database", "Connections"}},
		{"the database is in the trash", people(notionsim.People.Trash), "database", []string{"in the trash", "Restore"}},
		{"the database's id is unknown", variable("NOTION_DATABASE_ID", "00000000-0000-4000-8000-000000000000"), "database", []string{"no database", "NOTION_DATABASE_ID"}},
		{"the database's id is none", variable("NOTION_DATABASE_ID", "my database"), "database", []string{"my database", "32 digits"}},
		{"a second data source", people(notionsim.People.AddDataSource), "sources", []string{"more than one", "share another database"}},
		{"the type's column is renamed", rename("Report Type", "Kind"), "columns", []string{"“Report Type”", "give the name"}},
		{"the address's column is renamed", rename("Contact Email", "Mail"), "columns", []string{"“Contact Email”", "give the name"}},
		{"a setting names another column", variable("REPORT_TYPE_COLUMN", "Kind"), "columns", []string{"“Kind”", "add one"}},
		{"the type's column is a number", retype("Report Type", "number"), "columns", []string{"Number", "to Text"}},
		{"the address's column is a text", retype("Contact Email", "rich_text"), "columns", []string{"Text", "to Email"}},
		{"it may not read", people(func(p notionsim.People, _ string) { p.Withhold(notionsim.ReadContent) }), "capabilities", []string{"may not read", "Read content"}},
		{"the data are another database's", breaks(func(r *relay) { r.bound = "the database of last year" }), "data folder", []string{"of last year", "as where it runs"}},
		{"the banner is no address", variable("HOMEPAGE_COVER_URL", "banner.png"), "cover", []string{"HOMEPAGE_COVER_URL", "address of an image"}},
		{"the edge blocks the address", fails(notionsim.Edge(403)), "Notion", []string{"403", "NOTION_BASE_URL"}},
		{"Notion is down", fails(notionsim.Fault{Status: 503}), "Notion", []string{"503", "status.notion.so"}},
		{"Notion cannot be reached", fails(notionsim.Fault{Drop: true, Err: refused}), "Notion", []string{"could not be reached", "network"}},
	}
}

func ofAWS() []setup {
	gone := api("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	return []setup{
		{"a queue is gone", breaks(func(r *relay) { r.system.Enrich.Main = refusing{err: gone} }), "enrich queue", []string{"does not exist", "Deploy"}},
		{"a queue's dead letters are gone", breaks(func(r *relay) { r.system.Publish.Dead = refusing{err: gone} }), "dead letters, publish", []string{"does not exist", "Deploy"}},
		{"the table is gone", breaks(func(r *relay) {
			r.system.Signals = refusing{err: api("ResourceNotFoundException", "Requested resource not found")}
		}), "table", []string{"does not exist", "Deploy"}},
		{"the table may not be read", breaks(func(r *relay) {
			r.system.Signals = refusing{err: api("AccessDeniedException", "not authorized to perform dynamodb:GetItem")}
		}), "table", []string{"may not be asked", "Sign in"}},
		{"the table has no index", breaks(func(r *relay) {
			r.system.Runs = refusing{err: api("ValidationException", "The table does not have the specified index: status-index")}
		}), "table", []string{"status-index", "current template"}},
		{"SQS does not answer", breaks(func(r *relay) { r.system.Waiting.Main = refusing{err: refused} }), "waiting queue", []string{"refused", "region"}},
		{"a dead letter", func(t *testing.T, r *relay) {
			t.Helper()
			if err := r.system.Publish.Dead.Send(t.Context(), queue.Outgoing{Body: "{}", Group: "g", DeduplicationID: "d"}); err != nil {
				t.Fatal(err)
			}
		}, "dead letters, publish", []string{"There are 1", "redrive"}},
		{"the publisher is halted", func(t *testing.T, r *relay) {
			t.Helper()
			if err := r.db.Runs().SetHalt(t.Context(), runs.Halt{Since: time.Now(), Reason: "The integration may not insert content.", Remedy: "Switch on “Insert content”."}); err != nil {
				t.Fatal(err)
			}
		}, "halt", []string{"may not insert", "Switch on"}},
		{"the publisher is paused", func(t *testing.T, r *relay) {
			t.Helper()
			if err := r.db.Runs().SetPause(t.Context(), runs.Pause{Since: time.Now(), Reason: "Columns are changed."}); err != nil {
				t.Fatal(err)
			}
		}, "pause", []string{"Columns are changed", "relayctl resume"}},
		{"the mapping is disabled", breaks(func(r *relay) { r.mapping.states = []string{"Disabled"} }), "deliveries", []string{"disabled", "relayctl resume"}},
		{"there is no mapping", breaks(func(r *relay) { r.mapping.states = nil }), "deliveries", []string{"no event source mapping", "Deploy"}},
		{"there are two mappings", breaks(func(r *relay) { r.mapping.states = []string{"Enabled", "Enabled"} }), "deliveries", []string{"2 event source mappings", "Delete"}},
	}
}

func ofSettings() []setup {
	return []setup{
		{"a parameter does not exist", without("notion-api-key"), "SSM parameters", []string{"/relay/notion-api-key", "put-parameter"}},
		{"the parameters may not be read", breaks(func(r *relay) {
			r.store.err = api("AccessDeniedException", "not authorized to perform ssm:GetParameters")
		}), "SSM parameters", []string{"ssm:GetParameters", "kms:Decrypt"}},
		{"a parameter is the example's", parameter("ai-api-key", "sk-or-…"), "settings", []string{"AI_API_KEY", "--overwrite"}},
		{"a secret is short", parameter("webhook-secrets", "hunter2"), "secrets", []string{"ebhook secret 1", "openssl"}},
		{"a key of links is short", parameter("status-token-key", "key"), "secrets", []string{"tatus token key 1", "openssl"}},
		{"there is no secret", parameter("webhook-secrets", " "), "settings", []string{"WEBHOOK_SECRETS is required"}},
		{"all secrets are blank", parameter("webhook-secrets", " , "), "secrets", []string{"WEBHOOK_SECRETS are blank", "openssl"}},
		{"a number is none", variable("NOTION_BUDGET", "many"), "settings", []string{"NOTION_BUDGET", "180"}},
		{"a pause without a unit", variable("NOTION_MIN_GAP", "100"), "settings", []string{"NOTION_MIN_GAP", "unit"}},
		{"a queue is not named", variable("WAITING_QUEUE_URL", ""), "settings", []string{"WAITING_QUEUE_URL is required"}},
	}
}

func ofOthers() []setup {
	postgres := func(code, message string) func(*testing.T, *relay) {
		return breaks(func(r *relay) { r.research.account = &pgconn.PgError{Code: code, Message: message} })
	}
	answers := func(status int) func(*testing.T, *relay) { return breaks(func(r *relay) { r.ai = status }) }
	return []setup{
		{"the AI's key is refused", answers(401), "AI", []string{"401", "AI_API_KEY"}},
		{"the AI has no credit", answers(402), "AI", []string{"402", "credit"}},
		{"the AI's model is unknown", answers(404), "AI", []string{"404", "openai/gpt-4o-mini"}},
		{"the AI fails", answers(503), "AI", []string{"503", "status page"}},
		{"the AI cannot be reached", breaks(func(r *relay) { r.noAI = refused }), "AI", []string{"refused", "AI_BASE_URL"}},
		{"PostgreSQL cannot be reached", breaks(func(r *relay) { r.research.account = refused }), "PostgreSQL", []string{"refused", "host and port"}},
		{"PostgreSQL refuses the password", postgres("28P01", `password authentication failed for user "relay"`), "PostgreSQL", []string{"password", "RESEARCH_DATABASE_URL"}},
		{"PostgreSQL has not the database", postgres("3D000", `database "reserch" does not exist`), "PostgreSQL", []string{"reserch", "name"}},
		{"PostgreSQL has other tables", postgres("42P01", `relation "accounts" does not exist`), "PostgreSQL", []string{"accounts", "research platform"}},
		{"PostgreSQL withholds a table", breaks(func(r *relay) {
			r.research.quotes = &pgconn.PgError{Code: "42501", Message: "permission denied for table quotes"}
		}), "PostgreSQL", []string{"denied", "Grant"}},
		{"PostgreSQL's address is none", variable("RESEARCH_DATABASE_URL", "postgres://u:p@:port/x"), "PostgreSQL", []string{"cannot", "postgres://user"}},
		{"the webhook has an older secret", breaks(func(r *relay) { r.api = 401 }), "webhook", []string{"refuses the secret", "starts it anew"}},
		{"the webhook fails", breaks(func(r *relay) { r.api = 500 }), "webhook", []string{"500", "log"}},
		{"the webhook cannot be reached", breaks(func(r *relay) { r.noAPI = refused }), "webhook", []string{"refused", "network"}},
	}
}

// Of each set-up that is broken in one place the doctor names that place, and no
// other, with what to do.
func TestBrokenSetUpsAreNamedWithTheirRemedies(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(ofNotion(), ofAWS(), ofSettings(), ofOthers()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRelay(t)
				tt.breaks(t, r)
				var ill []doctor.Finding
				for _, f := range r.examine(t) {
					if f.State == doctor.Wrong {
						ill = append(ill, f)
						t.Logf("%-32s ✗ %s: %s %s", tt.name, f.Thing, f.Says, f.Remedy)
					}
				}
				if len(ill) != 1 || ill[0].Thing != tt.thing || ill[0].Remedy == "" {
					t.Fatalf("got %+v, want one finding, of %q", ill, tt.thing)
				}
				for _, said := range tt.says {
					if !strings.Contains(ill[0].Says+" "+ill[0].Remedy, said) {
						t.Errorf("it does not say %q", said)
					}
				}
			})
		})
	}
}

// Nothing is wrong with a good set-up, and no line of it shows a secret.
func TestAGoodSetUpIsWell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		found := r.examine(t)
		var said bytes.Buffer
		for _, f := range found {
			said.WriteString(string(f.State) + " " + f.Thing + ": " + f.Says + f.Remedy + "\n")
			if f.State != doctor.Well {
				t.Errorf("got %+v, want it well", f)
			}
		}
		t.Logf("it says:\n%s", said.String())
		for _, secret := range r.store.values {
			if strings.Contains(said.String(), secret) {
				t.Errorf("it shows %q", secret)
			}
		}
		if doctor.Ill(found) {
			t.Error("a good set-up is ill")
		}
	})
}

// What is not configured is no fault.
func TestWhatNeedNotBeIsAbsent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRelay(t)
		for _, name := range []string{"AI_API_KEY", "RESEARCH_DATABASE_URL", "HOMEPAGE_COVER_URL", "WEBHOOK_SECRETS", "STATUS_TOKEN_KEY"} {
			delete(r.variables, name)
		}
		c, found := doctor.Configure(t.Context(), doctor.Variables{Values: r.variables, Simulated: true}, &r.store, r)
		c.System = r.system
		found = append(found, doctor.Examine(t.Context(), c)...)
		var missing []string
		for _, f := range found {
			if f.State == doctor.Absent {
				missing = append(missing, f.Thing)
			}
		}
		if want := []string{"secrets", "Notion", "AI", "PostgreSQL"}; doctor.Ill(found) || !slices.Equal(missing, want) {
			t.Errorf("got %+v, want %q absent and nothing wrong", found, want)
		}
	})
}
