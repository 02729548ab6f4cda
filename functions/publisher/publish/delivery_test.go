package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/ledger"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// around stands for what is around a publisher.
type around struct {
	Store
	Queue
	Research

	lastAccepted time.Time
	saved        runs.Run
	halts        []runs.Halt     // that were stored
	looks        int             // for the halt
	hidden       []time.Duration // by each change of the visibility
	sent         []queue.Outgoing
	err          error
	sendErr      error // of the queues' sending
}

func (a *around) Create(_ context.Context, run runs.Run) (runs.Run, bool, error) {
	a.saved = run
	return run, true, a.err
}

func (a *around) Halt(context.Context) (runs.Halt, error) {
	a.looks++
	return runs.Halt{}, a.err
}

func (a *around) SetHalt(_ context.Context, h runs.Halt) error {
	a.halts = append(a.halts, h)
	return a.err
}

func (a *around) LastAccepted(context.Context) (time.Time, error) { return a.lastAccepted, a.err }

func (a *around) Save(_ context.Context, run *runs.Run) error {
	a.saved = *run
	return a.err
}

func (a *around) Send(_ context.Context, m queue.Outgoing) error {
	a.sent = append(a.sent, m)
	return a.sendErr
}

func (a *around) ChangeVisibility(_ context.Context, _ string, d time.Duration) error {
	a.hidden = append(a.hidden, d)
	return a.err
}

// deliveryOf is a delivery of a message of a run that has just begun.
func deliveryOf(t *testing.T, a *around, kind queue.Kind, run runs.Run) *delivery {
	t.Helper()
	log := planted.Log(t)
	p := &Publisher{Runs: a, PublishQueue: a, DeadLetters: a, WaitingQueue: a, Log: log}
	return &delivery{
		Publisher: p, started: time.Now(), message: queue.Message{Kind: kind, Payload: new(report.Payload)}, found: run,
		ledger: &ledger.Ledger{Run: &run, Store: a, Log: log},
	}
}

// A request takes 65 s at most, and the message stays hidden until it has ended. It
// is hidden for longer only when the next request would not end in time.
func TestAMessageStaysHiddenWhileARequestIsMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := new(around)
		d := deliveryOf(t, a, queue.Publish, runs.Run{})
		for _, step := range []struct {
			wait time.Duration
			want int // changes until then
			err  error
		}{
			{0, 1, nil}, {20*time.Second - time.Nanosecond, 1, nil}, {time.Nanosecond, 2, nil},
			{20 * time.Second, 3, io.EOF}, {0, 4, nil}, {time.Second, 4, nil}, // what was not changed is changed at the next request
		} {
			time.Sleep(step.wait)
			a.err = step.err
			d.hide(t.Context())
			if len(a.hidden) != step.want {
				t.Errorf("after %s the visibility was changed %d times, want %d", time.Since(d.started), len(a.hidden), step.want)
			}
		}
		if slices.ContainsFunc(a.hidden, func(d time.Duration) bool { return d != 90*time.Second }) {
			t.Errorf("hidden for %s", a.hidden)
		}
	})
}

// Bulk work lets reports pass that were accepted behind it, but not for ever.
func TestWhoLetsAReportPass(t *testing.T) {
	t.Parallel()
	const sent = 10 * time.Minute // so long ago was the message sent
	for _, tt := range []struct {
		name     string
		kind     queue.Kind
		accepted time.Duration // since the newest report was accepted
		cameOn   time.Duration // ago the run did so
		err      error
		want     bool
	}{
		{"a newer report", queue.Texts, sent - time.Millisecond, 0, nil, true},
		{"no newer report", queue.Texts, sent, 0, nil, false},
		{"first pages", queue.Publish, 0, 0, nil, false},
		{"a run that has come on five minutes ago", queue.Texts, 0, 5 * time.Minute, nil, true},
		{"a run that has not come on for longer", queue.Texts, 0, 5*time.Minute + time.Nanosecond, nil, false},
		{"a report of a clock that is ahead", queue.Texts, -10*time.Second + time.Nanosecond, 0, nil, true},
		{"a report of a clock that is far ahead", queue.Texts, -10 * time.Second, 0, nil, false},
		{"the record does not answer", queue.Texts, 100 * time.Hour, 0, errors.New("no table"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				d := deliveryOf(t, &around{lastAccepted: now.Add(-tt.accepted), err: tt.err}, tt.kind, runs.Run{UpdatedAt: now, Steps: []runs.Step{{At: now.Add(-tt.cameOn)}, {}}})
				d.raw.Attributes = map[string]string{"SentTimestamp": fmt.Sprint(now.Add(-sent).UnixMilli())}
				if got := d.letsPass(t.Context()); got != tt.want {
					t.Errorf("got %t, want %t", got, tt.want)
				}
			})
		})
	}
}

// Bulk work that waits leaves off for a new report, unless its run has not come on for
// so long that it is to write once.
func TestWhoLeavesOffWaiting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		cameOn time.Duration // ago the run did so
		wrote  bool
		waits  time.Duration // since it was asked last
		want   error
	}{
		{"a run that has come on five minutes ago", 5 * time.Minute, false, yieldEvery, ledger.ErrSliceOver},
		{"one that was asked a moment ago", 0, false, yieldEvery - 1, nil},
		{"a run that has not come on for longer", 5*time.Minute + 1, false, yieldEvery, nil},
		{"and has written once", 5*time.Minute + 1, true, yieldEvery, ledger.ErrSliceOver},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				d := deliveryOf(t, &around{lastAccepted: now}, queue.Quotes, runs.Run{AcceptedAt: now.Add(-time.Hour), Steps: []runs.Step{{At: now.Add(-tt.cameOn)}}})
				d.yieldAsked, d.ledger.Wrote = now.Add(-tt.waits), tt.wrote
				if got := d.leavesOff(t.Context()); !errors.Is(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A slice ends for a report that was accepted since it has begun; clocks may differ
// by a second. It does so too for one that was accepted since its message was sent:
// a run that has not come on for long writes first, but not for a whole slice.
func TestForWhomASliceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := new(around)
		d := deliveryOf(t, a, queue.Quotes, runs.Run{})
		for accepted, want := range map[time.Duration]bool{-time.Second: false, -time.Second + 1: true, 0: true, time.Second: true} {
			a.lastAccepted = d.started.Add(accepted)
			if got := d.someoneWaits(t.Context()); got != want {
				t.Errorf("accepted %s after its beginning: got %t", accepted, got)
			}
		}
		sent := d.started.Add(-10 * time.Minute)
		d.raw.Attributes = map[string]string{"SentTimestamp": fmt.Sprint(sent.UnixMilli())}
		for accepted, want := range map[time.Duration]bool{-time.Millisecond: false, time.Millisecond: true} {
			a.lastAccepted = sent.Add(accepted)
			if got := d.someoneWaits(t.Context()); got != want {
				t.Errorf("accepted %s after its message was sent: got %t", accepted, got)
			}
		}
	})
}

func TestSentAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := func(text string) time.Time {
			return sentAt(events.SQSMessage{Attributes: map[string]string{"SentTimestamp": text}})
		}
		if got, want := at("1767323045678"), time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := at("yesterday"); !got.Equal(time.Now()) {
			t.Errorf("got %s for what is no time", got)
		}
	})
}

// A failure says nothing of Notion while others get on, nor at the first time. Else
// Notion is asked.
func TestWhenNotionIsAskedWhetherItWorks(t *testing.T) {
	t.Parallel()
	failed := error(&notion.PostponedError{Cause: &notion.Error{Status: 500, Code: "internal_server_error"}})
	waits := runs.Run{Waits: []runs.Wait{{Kind: string(queue.Texts)}}}
	for _, tt := range []struct {
		name   string
		err    error
		run    runs.Run
		wrote  bool
		halted bool
		others time.Duration // since another run was written to
		asked  bool
	}{
		{"nothing went wrong", nil, waits, true, false, time.Hour, false},
		{"the first failure", failed, runs.Run{}, false, false, time.Hour, false},
		{"the second one", failed, waits, false, false, time.Hour, true},
		{"the second one, behind something that went well", failed, waits, true, false, time.Hour, false},
		{"just when others do not get on any more", failed, waits, false, false, 15 * time.Second, true},
		{"while others get on", failed, waits, false, false, 15*time.Second - time.Nanosecond, false},
		{"the first one in a halt", failed, runs.Run{}, false, true, 0, true},
		{"a refusal", &notion.Error{Status: 400, Code: "validation_error"}, runs.Run{}, true, false, 0, true},
		{"a page in the trash", ledger.ErrTrashed, runs.Run{}, false, false, time.Hour, false},
		{"a page in the trash, as Notion says it", errors.Join(ledger.ErrTrashed, &notion.Error{Status: 400}), runs.Run{}, false, false, 0, true},
		{"a request that may still take effect", &ledger.UnsettledError{Cause: &notion.Error{Status: 502}}, runs.Run{}, false, false, time.Hour, false},
		{"a page that is not known yet", &notion.PostponedError{Cause: &notion.Error{Status: 404, Code: "object_not_found"}}, runs.Run{}, false, false, time.Hour, false},
		{"a rate limit", &notion.Error{Status: 429, Code: "rate_limited"}, waits, false, true, time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := deliveryOf(t, new(around), queue.Texts, tt.run)
				asked := askingFor(t, d, "Kind")
				d.ledger.Wrote = tt.wrote
				d.halts.fineAt = time.Now().Add(-tt.others)
				s := d.signOf(t.Context(), tt.err, tt.halted)
				if *asked != tt.asked {
					t.Errorf("Notion was asked: %t", *asked)
				}
				if found := s.problem != nil && s.problem.Code == notion.ColumnMissing; found != tt.asked || !*asked && s.fine != tt.wrote {
					t.Errorf("got %+v", s)
				}
			})
		})
	}
}

// askingFor lets Notion be asked for the database, which has a column "Type" alone
// besides the title, and tells whether it was.
func askingFor(t *testing.T, d *delivery, column string) *bool {
	t.Helper()
	asked := new(bool)
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		*asked = true
		body := `{"id":"d","properties":{"Type":{"type":"rich_text"},"Email":{"type":"email"}}}`
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	d.Notion, d.Database.ID = client, strings.Repeat("1", 32)
	d.Database.Columns.ReportType, d.Database.Columns.ContactEmail = column, "Email"
	return asked
}

// The reports database is everyone's; that of one run's quotes is not.
func TestAFullDatabaseIsEveryonesWhereItIsTheReports(t *testing.T) {
	t.Parallel()
	for step, everyones := range map[string]bool{stepRow: true, stepQuotes: false} {
		d := deliveryOf(t, new(around), queue.Quotes, runs.Run{})
		asked := askingFor(t, d, "Type")
		d.ledger.Step = step
		s := d.signOf(t.Context(), &notion.Error{Status: 409, Code: RowLimit}, false)
		if found := s.problem != nil && s.problem.Code == RowLimit; found != everyones || *asked == everyones || s.fine == everyones {
			t.Errorf("%s: got %+v, asked %t", step, s, *asked)
		}
	}
}

// TestWhoIsHeldBackByAHalt goes through the halts and who meets them.
func TestWhoIsHeldBackByAHalt(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as in every bubble
	halted := func(code string, next time.Duration) runs.Halt {
		return runs.Halt{Code: code, Since: now.Add(-time.Hour), Next: now.Add(next)}
	}
	failed := runs.Run{Waits: []runs.Wait{{Kind: string(queue.Texts)}}}
	for _, tt := range []struct {
		name   string
		halt   runs.Halt
		run    runs.Run
		column string
		asked  bool
		want   error // nil: not held back
	}{
		{"there is none", runs.Halt{}, failed, "Kind", false, nil},
		{"another run is suspected", runs.Halt{Suspect: "other"}, failed, "Kind", false, nil},
		{"one that is suspected, another run", halted(NotionFailing, time.Minute), runs.Run{}, "Kind", false, nil},
		{"one that is suspected, and early", halted(NotionFailing, time.Minute), failed, "Kind", false, &notYetError{now.Add(time.Minute)}},
		{"one that is suspected, and all is well", halted(NotionFailing, 0), failed, "Type", true, nil},
		{"one that is certain, and early", halted(notion.ColumnMissing, time.Minute), runs.Run{}, "Kind", false, &haltedError{now.Add(time.Minute)}},
		{"one that is certain, and goes on", halted(notion.ColumnMissing, 0), runs.Run{}, "Kind", true, &haltedError{now.Add(30 * time.Second)}},
		{"one that is certain, and is over", halted(notion.ColumnMissing, 0), runs.Run{}, "Type", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := deliveryOf(t, new(around), queue.Texts, tt.run)
				asked := askingFor(t, d, tt.column)
				d.halts.known, d.halts.now = true, tt.halt
				o, held := d.holdBack(t.Context(), tt.halt)
				if held != (tt.want != nil) || *asked != tt.asked || fmt.Sprintf("%T %v", o.err, o.err) != fmt.Sprintf("%T %v", tt.want, tt.want) {
					t.Errorf("held %t, asked %t, %v", held, *asked, o.err)
				}
				if problem := held && *asked; (o.problem != nil) != problem || problem && d.halts.now.Probes != 1 {
					t.Errorf("got %+v, halt %+v", o, d.halts.now)
				}
			})
		})
	}
}

// roundTrip answers a request in a test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestConclude shows what a delivery of a minute leaves in the record.
func TestConclude(t *testing.T) {
	t.Parallel()
	outage := error(&notion.PostponedError{Cause: &notion.Error{Status: 503, Code: "service_unavailable"}})
	now := time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC) // as in every bubble, a minute after its beginning
	began, published := now.Add(-time.Minute), now.Add(-time.Hour)
	wait := func(attempts int, spent, pause time.Duration) []runs.Wait {
		return []runs.Wait{{Kind: "texts", Attempts: attempts, Spent: spent, Since: began, Next: now.Add(pause), Reason: "Notion answered 503 service_unavailable."}}
	}
	for _, tt := range []struct {
		name   string
		run    runs.Run
		err    error
		halted bool
		want   runs.Run
	}{
		{"all is done", runs.Run{PublishedAt: published, Waits: wait(1, 0, 0)}, nil, false, runs.Run{Status: runs.Complete, PublishedAt: published, EndedAt: now}},
		{
			"something is left", runs.Run{PublishedAt: published, Steps: []runs.Step{{Total: 1}}}, nil, false,
			runs.Run{Status: runs.Published, PublishedAt: published, Steps: []runs.Step{{Total: 1}}},
		},
		{"the pages are not all written", runs.Run{Status: runs.Publishing}, ledger.ErrSliceOver, false, runs.Run{Status: runs.Publishing}},
		{
			"another message has failed", runs.Run{PublishedAt: published, Failures: []runs.Failure{{Kind: "quotes"}}}, nil, false,
			runs.Run{Status: runs.Failed, PublishedAt: published, Failures: []runs.Failure{{Kind: "quotes"}}},
		},
		{
			"an outage", runs.Run{Status: runs.Publishing}, outage, false,
			runs.Run{Status: runs.Publishing, Waits: wait(1, 61*time.Second, time.Second), Counts: runs.Counts{Waits: 1}},
		},
		{
			"the outage goes on", runs.Run{Status: runs.Publishing, Waits: wait(2, 100*time.Second, 0)}, outage, false,
			runs.Run{Status: runs.Publishing, Waits: wait(3, 176*time.Second, 16*time.Second), Counts: runs.Counts{Waits: 1}},
		},
		{
			"an outage of everyone, of whose time a tenth counts", runs.Run{Status: runs.Publishing, Waits: wait(2, 100*time.Second, 0)}, outage, true,
			runs.Run{Status: runs.Publishing, Waits: wait(2, 109*time.Second, 30*time.Second), Counts: runs.Counts{Waits: 1}},
		},
		{
			"the record does not answer", runs.Run{Status: runs.Publishing}, errors.New("no table"), false,
			runs.Run{Status: runs.Publishing, Counts: runs.Counts{Waits: 1}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := deliveryOf(t, new(around), queue.Texts, tt.run)
				d.ledger.Wrote, d.receives = true, 2
				time.Sleep(time.Minute)
				d.halts.now.Next = time.Now().Add(30 * time.Second)
				o := d.conclude(tt.err, sign{}, tt.halted)
				if diff := cmp.Diff(tt.want, *d.ledger.Run); diff != "" {
					t.Errorf("run (-want +got):\n%s", diff)
				}
				if !errors.Is(o.err, tt.err) || !o.wrote || o.receives != 2 {
					t.Errorf("outcome %+v", o)
				}
			})
		})
	}
}

// A run has ended when its message is put aside, though nothing of it was written
// for long.
func TestARunEndsWithItsDeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := new(around)
		d := deliveryOf(t, a, queue.Quotes, runs.Run{UpdatedAt: time.Now()})
		time.Sleep(time.Hour)
		if settled, err := d.carryOut(t.Context(), deadLetter, 0, outcome{err: errPartMissing}); !settled || err != nil {
			t.Fatal(settled, err)
		}
		if !a.saved.EndedAt.Equal(time.Now()) || a.saved.Status != runs.Failed {
			t.Errorf("the run is %s since %s", a.saved.Status, a.saved.EndedAt)
		}
	})
}

// researchStub is a research database that knows one company.
type researchStub struct {
	account    research.Account
	statistics report.Statistics
	err        error
	takes      time.Duration
}

func (s researchStub) wait(ctx context.Context) error {
	select {
	case <-time.After(s.takes):
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s researchStub) Account(ctx context.Context, _, _ string) (research.Account, bool, error) {
	return s.account, s.account != research.Account{}, s.wait(ctx)
}

func (s researchStub) Statistics(ctx context.Context, _ string) (report.Statistics, bool, error) {
	return s.statistics, s.statistics != report.Statistics{}, s.wait(ctx)
}

// A homepage keeps a place for quotes where some may come.
func TestExpectsQuotes(t *testing.T) {
	t.Parallel()
	known := func(quotes int) *report.Statistics { return &report.Statistics{Quotes: quotes} }
	for _, tt := range []struct {
		name       string
		payload    report.Payload
		research   Research
		statistics *report.Statistics
		want       bool
	}{
		{"the payload has some", report.Payload{Quotes: make([]report.Quote, 1)}, nil, nil, true},
		{"the payload has none", report.Payload{RunID: "run"}, nil, nil, false},
		{"the database has some", report.Payload{RunID: "run"}, researchStub{}, known(1), true},
		{"the database has none", report.Payload{RunID: "run"}, researchStub{}, known(0), false},
		{"the database could not say", report.Payload{RunID: "run"}, researchStub{}, nil, true},
		{"the database cannot know", report.Payload{}, researchStub{}, nil, false},
	} {
		d := deliveryOf(t, new(around), queue.Publish, runs.Run{Statistics: tt.statistics})
		d.message.Payload, d.Research = &tt.payload, tt.research
		if got := d.expectsQuotes(); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
}

// TestSettleSubject shows what is known of a company, and that pages wait two
// seconds for it.
func TestSettleSubject(t *testing.T) {
	t.Parallel()
	p := report.Payload{Reports: map[string]string{"strategyReport": "x"}, Email: "dana@salt-and-pepper.com", RunID: "run"}
	long := strings.Repeat("ä", 1001)
	derived := p.Subject()
	known := derived
	known.Company, known.Contact, known.Industry, known.Website, known.Description = "Acme", "Dana", long[:2000], "acme.com", "d"
	account := research.Account{CompanyName: "Acme", ContactName: "Dana", Industry: long, Website: "acme.com", Description: "d"}
	statistics := report.Statistics{Quotes: 7}
	for _, tt := range []struct {
		name     string
		research Research
		subject  report.Subject
		known    *report.Statistics
		warnings int
		took     time.Duration
	}{
		{"without a database", nil, derived, nil, 0, 0},
		{"known", researchStub{account: account, statistics: statistics, takes: 900 * time.Millisecond}, known, &statistics, 0, 1800 * time.Millisecond},
		{"unknown", researchStub{}, derived, nil, 0, 0},
		{"known without a name", researchStub{account: research.Account{Website: "acme.com"}}, func() report.Subject { s := derived; s.Website = "acme.com"; return s }(), nil, 0, 0},
		{"an error", researchStub{account: account, statistics: statistics, err: io.EOF}, derived, nil, 2, 0},
		{"a slow database", researchStub{account: account, statistics: statistics, takes: time.Minute}, derived, nil, 2, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var run runs.Run
				started := time.Now()
				settleSubject(t.Context(), &run, &p, tt.research, planted.Log(t))
				if diff := cmp.Diff(&tt.subject, run.Subject); diff != "" {
					t.Errorf("subject (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.known, run.Statistics); diff != "" {
					t.Errorf("statistics (-want +got):\n%s", diff)
				}
				if took := time.Since(started); took != tt.took || len(run.Warnings) != tt.warnings {
					t.Errorf("took %s, warnings %q", took, run.Warnings)
				}
			})
		})
	}
}

func TestTheEnricherIsAskedTwiceWithinTwoAndAHalfHours(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		asked int
		ago   time.Duration
		want  bool
	}{
		{0, 0, true}, {1, 150*time.Minute - time.Nanosecond, true}, {1, 150 * time.Minute, false}, {2, 0, false}, {3, 0, false},
	} {
		if got := asksAgain(runs.Run{Asked: tt.asked, PublishedAt: now.Add(-tt.ago), TimerAt: now.Add(-answerTime)}); got != tt.want {
			t.Errorf("asked %d times, published %s ago: got %t", tt.asked, tt.ago, got)
		}
	}
}

// TestWithQuotes shows the steps of a run that expected quotes or did not, when some
// have come or none.
func TestWithQuotes(t *testing.T) {
	t.Parallel()
	row := runs.Step{Name: stepRow, Total: 1, Done: 1}
	section := func(total int) runs.Step { return runs.Step{Name: stepQuotesSection, Total: total} }
	database := runs.Step{Name: stepQuotesDatabase, Total: 1}
	quotes := func(total, done int) runs.Step { return runs.Step{Name: stepQuotes, Total: total, Done: done} }
	for _, tt := range []struct {
		name  string
		steps []runs.Step
		total int
		want  []runs.Step
	}{
		{"expected, and none have come", []runs.Step{row, database, quotes(0, 0), section(2)}, 0, []runs.Step{row, section(1)}},
		{"expected, and have come", []runs.Step{row, database, quotes(0, 0), section(2)}, 7, []runs.Step{row, database, quotes(7, 0), section(2)}},
		{"more than at first", []runs.Step{row, database, quotes(5, 3), section(2)}, 7, []runs.Step{row, database, quotes(7, 3), section(2)}},
		{"not expected, and none have come", []runs.Step{row}, 0, []runs.Step{row}},
		{"not expected, and have come", []runs.Step{row}, 7, []runs.Step{row, database, quotes(7, 0), section(1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, withQuotes(tt.steps, tt.total)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhereAMessageEnds goes through deliveries that come to nothing, with a record
// or queues that do not answer.
func TestWhereAMessageEnds(t *testing.T) {
	t.Parallel()
	unreadable, early := "?", `{"version":1,"kind":"texts","reportId":"rep_1","texts":{}}`
	noTable, noQueue := errors.New("no table"), errors.New("no queue")
	for _, tt := range []struct {
		name       string
		body       string
		receives   int
		err, queue error
		settled    bool
		sent       int // messages, whether or not they were taken
		hidden     []time.Duration
	}{
		{"unreadable", unreadable, 1, nil, nil, true, 1, []time.Duration{90 * time.Second}},
		{"unreadable, and no queue for dead letters", unreadable, 2, nil, noQueue, false, 1, []time.Duration{90 * time.Second, 4 * time.Second}},
		{"no record", early, 3, noTable, nil, false, 0, []time.Duration{90 * time.Second, 16 * time.Second}},
		{"no record for long", early, 5, noTable, nil, true, 1, []time.Duration{90 * time.Second}},
		{"nor a queue", early, 5, noTable, noQueue, false, 2, []time.Duration{90 * time.Second, 256 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &around{sendErr: tt.queue}
				p := deliveryOf(t, a, queue.Publish, runs.Run{}).Publisher
				p.Runs = &around{err: tt.err}
				p.Exit = func() { t.Error("the process is ended") }
				d := newDelivery(p, events.SQSMessage{Body: tt.body, Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(tt.receives)}})
				if settled := d.settle(t.Context()); settled != tt.settled || len(a.sent) != tt.sent {
					t.Errorf("settled %t, sent %+v", settled, a.sent)
				}
				if !slices.Equal(a.hidden, tt.hidden) {
					t.Errorf("hidden for %s, want %s", a.hidden, tt.hidden)
				}
			})
		})
	}
}

// SQS delays in whole seconds, and by a quarter of an hour at most.
func TestAPausedMessageIsDelayed(t *testing.T) {
	t.Parallel()
	for pause, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, time.Second + 1: 2 * time.Second, 15 * time.Minute: 15 * time.Minute, time.Hour: 15 * time.Minute,
	} {
		a := new(around)
		d := deliveryOf(t, a, queue.Publish, runs.Run{})
		if settled, err := d.carryOut(t.Context(), park, pause, outcome{}); !settled || err != nil || len(a.sent) != 1 || a.sent[0].Delay != want {
			t.Errorf("a pause of %s: %t, %v, sent %+v", pause, settled, err, a.sent)
		}
	}
}

// A message that the waiting queue does not take is not forgotten.
func TestAPauseThatTheWaitingQueueRefusesIsNone(t *testing.T) {
	t.Parallel()
	a := &around{sendErr: errors.New("no queue")}
	d := deliveryOf(t, a, queue.Publish, runs.Run{})
	if _, err := d.carryOut(t.Context(), park, time.Minute, outcome{}); !errors.Is(err, a.sendErr) {
		t.Errorf("error %v, want that of the queue", err)
	}
}

// A record that is gone is made again of what the message holds. What belongs behind
// the base pages finds that there are none.
func TestARecordThatIsGoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	p := &report.Payload{RunID: "run", Reports: map[string]string{"strategyReport": "x"}}
	for kind, failed := range map[queue.Kind]bool{queue.Publish: false, queue.Settle: true} {
		a := new(around)
		d := deliveryOf(t, a, kind, runs.Run{})
		body, err := queue.Encode(queue.Message{Kind: kind, ReportID: "rep_1", Payload: p})
		if err != nil {
			t.Fatal(err)
		}
		d.raw = events.SQSMessage{Body: body, Attributes: map[string]string{"SentTimestamp": "1767323045678"}}
		if err := d.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.saved; got.ReportID != "rep_1" || got.AcceptedAt.UnixMilli() != 1767323045678 || got.UpdatedAt.IsZero() || (got.LastFailure() != nil) != failed {
			t.Errorf("%s: made again as %+v", kind, got)
		}
		if got := a.saved; got.ResearchRunID != "run" || got.Fingerprint != p.Fingerprint() {
			t.Errorf("%s: made again as %+v", kind, got)
		}
		if f := a.saved.LastFailure(); failed && (f.Code != "record_lost" || f.Remedy == "") {
			t.Errorf("failed of %+v", f)
		}
		if diff := cmp.Diff(a.saved, d.found); diff != "" || d.ledger.Run.ReportID != "rep_1" {
			t.Errorf("found is another one (-stored +found):\n%s", diff)
		}
	}
}

// TestBegin shows what a message changes by being worked on.
func TestBegin(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	other := runs.Failure{Kind: string(queue.Quotes)}
	for _, tt := range []struct {
		name      string
		run, want runs.Run
	}{
		{"a new run", runs.Run{Status: runs.Queued}, runs.Run{Status: runs.Publishing, Counts: runs.Counts{Deliveries: 1}}},
		{
			"one with its pages", runs.Run{Status: runs.Published, PublishedAt: at, Asked: 1, Counts: runs.Counts{Deliveries: 2}},
			runs.Run{Status: runs.Published, PublishedAt: at, Asked: 1, Counts: runs.Counts{Deliveries: 3}},
		},
		{
			"a redriven message", runs.Run{Status: runs.Failed, EndedAt: at, PublishedAt: at, Asked: 1, Failures: []runs.Failure{{Kind: string(queue.Texts)}}},
			runs.Run{Status: runs.Published, PublishedAt: at, Failures: []runs.Failure{}, Counts: runs.Counts{Deliveries: 1}},
		},
		{
			"one of two that have failed", runs.Run{Status: runs.Failed, EndedAt: at, PublishedAt: at, Asked: 1, Failures: []runs.Failure{other, {Kind: string(queue.Texts)}}},
			runs.Run{Status: runs.Failed, EndedAt: at, PublishedAt: at, Failures: []runs.Failure{other}, Counts: runs.Counts{Deliveries: 1}},
		},
		{
			"another one than has failed", runs.Run{Status: runs.Failed, EndedAt: at, PublishedAt: at, Asked: 1, Failures: []runs.Failure{other}},
			runs.Run{Status: runs.Failed, EndedAt: at, PublishedAt: at, Asked: 1, Failures: []runs.Failure{other}, Counts: runs.Counts{Deliveries: 1}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := deliveryOf(t, new(around), queue.Texts, tt.run)
			d.begin(t.Context())
			if diff := cmp.Diff(tt.want, *d.ledger.Run); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
		})
	}
}

// The halt is read once, for only the publisher changes it, and stored when it
// changes.
func TestTheHaltIsStoredWhenItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := new(around)
		p := deliveryOf(t, a, queue.Publish, runs.Run{}).Publisher
		var log strings.Builder
		p.Log = planted.Heard(t, slog.NewTextHandler(&log, nil))
		problem, fine := sign{problem: &notion.Problem{Code: notion.TokenRefused}}, sign{fine: true}
		for i, tt := range []struct {
			sign   sign
			stored int
			probes int
			halted bool
		}{{fine, 0, 0, false}, {problem, 1, 0, true}, {problem, 2, 1, true}, {sign{}, 2, 1, true}, {fine, 3, 0, false}, {fine, 3, 0, false}} {
			time.Sleep(time.Minute)
			p.setHalt(t.Context(), "rep_1", tt.sign)
			if h := p.halt(t.Context()); h.Halted() != tt.halted || h.Probes != tt.probes || len(a.halts) != tt.stored {
				t.Errorf("sign %d: the halt is %+v, stored %d times", i, h, len(a.halts))
			}
			if tt.sign.fine != p.halts.fineAt.Equal(time.Now()) {
				t.Errorf("sign %d: fine at %s", i, p.halts.fineAt)
			}
		}
		if a.looks != 1 || a.halts[2] != (runs.Halt{}) {
			t.Errorf("read %d times, at last stored as %+v", a.looks, a.halts[2])
		}
		p.setHalt(t.Context(), "rep_1", sign{trouble: new(notion.Error)}) // which is no halt
		var said []string
		for line := range strings.Lines(log.String()) {
			said = append(said, regexp.MustCompile(`level=\w+ msg=("[^"]*"|\S+)`).FindString(line))
		}
		if want := []string{`level=INFO msg=halted`, `level=WARN msg="still halted"`, `level=INFO msg="going on"`}; !slices.Equal(said, want) {
			t.Errorf("logged %s", said)
		}
	})
}

// Where the halt cannot be read it is read the next time.
func TestAHaltThatWasNotReadIsReadAgain(t *testing.T) {
	t.Parallel()
	a := &around{err: errors.New("no table")}
	p := deliveryOf(t, a, queue.Publish, runs.Run{}).Publisher
	p.halt(t.Context())
	a.err = nil
	p.halt(t.Context())
	p.halt(t.Context())
	if a.looks != 2 {
		t.Errorf("read %d times", a.looks)
	}
}

// What was not stored is stored by the next delivery, or every run's status would tell
// of a halt that is over.
func TestAHaltThatWasNotStoredIsStoredAgain(t *testing.T) {
	t.Parallel()
	a := new(around)
	p := deliveryOf(t, a, queue.Publish, runs.Run{}).Publisher
	p.setHalt(t.Context(), "rep_1", sign{problem: &notion.Problem{Code: notion.TokenRefused}})
	a.err = errors.New("no table")
	p.setHalt(t.Context(), "rep_1", sign{fine: true})
	a.err = nil
	for range 2 {
		p.setHalt(t.Context(), "rep_1", sign{fine: true})
	}
	if len(a.halts) != 3 || a.halts[2] != (runs.Halt{}) {
		t.Errorf("stored as %+v", a.halts)
	}
}
