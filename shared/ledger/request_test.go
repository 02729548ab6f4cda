package ledger

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// memory keeps the record that was saved last.
type memory struct {
	saved runs.Run
	saves int
	fails error
}

func (m *memory) Save(_ context.Context, run *runs.Run) error {
	if m.fails != nil {
		return m.fails
	}
	m.saves++
	run.Version++
	m.saved = *run
	m.saved.Steps = append([]runs.Step(nil), run.Steps...)
	return nil
}

func (*memory) OwnerOf(context.Context, string) (string, error) { return "", nil }

func newLedger(t *testing.T, step runs.Step) (*Ledger, *memory) {
	t.Helper()
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Jitter: func() float64 { return 0 }, Transport: http.NewFileTransport(http.Dir(t.TempDir()))})
	if err != nil {
		t.Fatal(err)
	}
	store := new(memory)
	step.Name, step.Total = "step", 1
	return &Ledger{
		Run: &runs.Run{ReportID: "rep_1", Steps: []runs.Step{step}}, Store: store, Notion: client, Owner: "me",
		Log: planted.Log(t), Slice: time.Minute,
	}, store
}

func said(status int, code string) error { return &notion.Error{Status: status, Code: code} }

var (
	errRefused   = error(&notion.Error{Unsent: true, Cause: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}})
	errCut       = error(&notion.Error{Cause: io.ErrUnexpectedEOF})
	errBadGate   = error(&notion.Error{Status: 502})
	errConflict  = said(409, "conflict_error")
	errInternal  = said(500, "internal_server_error")
	errInvalid   = said(400, "validation_error")
	errMissing   = said(404, "object_not_found")
	errThrottled = error(&notion.Error{Status: 429, Code: "rate_limited", RetryAfter: 9 * time.Second})
)

// TestARequestTakesEffectOnce goes through what the attempts of one request can
// end with, and what a look can find after each.
func TestARequestTakesEffectOnce(t *testing.T) {
	t.Parallel()
	intended := func(ago time.Duration) func() runs.Step {
		return func() runs.Step { return runs.Step{IntendedAt: time.Now().Add(-ago)} }
	}
	ended := func(ago time.Duration) func() runs.Step {
		return func() runs.Step { return runs.Step{IntendedAt: time.Now().Add(-ago), EndedAt: time.Now().Add(-ago)} }
	}
	tests := []struct {
		name  string
		step  func() runs.Step
		r     request
		sends []error    // outcomes in turn; nil is success
		finds []presence // what the looks find in turn
		want  error      // nil: done
		until time.Duration
		waits time.Duration
	}{
		{name: "works at once", sends: []error{nil}},
		{name: "what was refused gives way at once", sends: []error{errRefused}, want: errRefused},
		{name: "a rate limit waits as told", sends: []error{errThrottled, nil}, waits: 9 * time.Second},
		{name: "and gives way after some attempts", sends: []error{errThrottled, errThrottled, errThrottled}, want: errThrottled, waits: 18 * time.Second},
		{name: "a conflict gives way", sends: []error{errConflict}, want: errConflict},
		{name: "after it the effect is looked for", step: ended(time.Second), finds: []presence{whole}},
		{name: "and what was not applied is repeated", step: ended(time.Second), finds: []presence{absent}, sends: []error{nil}},
		{name: "an ended request gives way", sends: []error{errInternal}, want: errInternal},
		{name: "an index is given time to show it", step: ended(2 * time.Second), r: request{lag: indexLag}, finds: []presence{absent}, want: errNone, until: 3 * time.Second},
		{name: "a moment of it is waited out on the spot", step: ended(4500 * time.Millisecond), r: request{lag: indexLag}, finds: []presence{absent, whole}, waits: 500 * time.Millisecond},
		{name: "an open request that is there is believed at once", sends: []error{errCut}, finds: []presence{whole}},
		{name: "an open request that is absent may still come", sends: []error{errBadGate}, finds: []presence{absent}, want: errBadGate, until: notion.LateEffect},
		{name: "a part of it is completed", sends: []error{errCut, nil}, finds: []presence{partly}},
		{name: "a killed process's intent is looked for", step: intended(2 * time.Second), finds: []presence{whole}},
		{name: "a killed process's intent may still come", step: intended(30 * time.Second), finds: []presence{absent}, want: errNone, until: 35 * time.Second},
		{name: "its last second is waited out on the spot", step: intended(64 * time.Second), finds: []presence{absent, absent}, sends: []error{nil}, waits: time.Second},
		{name: "and then it is sent", step: intended(65 * time.Second), finds: []presence{absent}, sends: []error{nil}},
		{name: "what is refused for good is not repeated", sends: []error{errInvalid}, want: errInvalid},
		{name: "a missing parent is", sends: []error{errMissing}, want: errMissing},
		{name: "but not one that was just made", r: request{fresh: true}, sends: []error{errMissing, nil}, waits: time.Second},
		{name: "which gives way after some attempts", r: request{fresh: true}, sends: []error{errMissing, errMissing, errMissing}, want: errMissing, waits: 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var step runs.Step
				if tt.step != nil {
					step = tt.step()
				}
				l, store := newLedger(t, step)
				r, started := tt.r, time.Now()
				r.step = "step"
				sends, finds := tt.sends, tt.finds
				r.send = func(context.Context) error {
					if intended := store.saved.Step("step").IntendedAt; !intended.Equal(time.Now()) {
						t.Errorf("sent with the intent of %s stored", intended)
					}
					err := sends[0]
					sends = sends[1:]
					return err
				}
				r.find = func(context.Context) (presence, error) {
					p := finds[0]
					finds = finds[1:]
					return p, nil
				}
				err := l.perform(t.Context(), r)
				if len(sends)+len(finds) > 0 {
					t.Errorf("%d sends and %d looks were not made", len(sends), len(finds))
				}
				if waited := time.Since(started); waited != tt.waits {
					t.Errorf("waited %s, want %s", waited, tt.waits)
				}
				if looks := l.Run.Counts.Recoveries + l.trace.Recoveries; looks != len(tt.finds) {
					t.Errorf("%d looks count", looks)
				}
				check(t, l, err, tt.want, started.Add(tt.until))
			})
		})
	}
}

// errNone stands for an *UnsettledError without a cause.
var errNone = errors.New("none")

func check(t *testing.T, l *Ledger, err, want error, until time.Time) {
	t.Helper()
	step := l.Run.Step("step")
	if want == nil {
		if err != nil || step.Done != 1 || !step.IntendedAt.IsZero() || !l.Wrote {
			t.Errorf("got %v, step %+v", err, step)
		}
		return
	}
	unsettled, isUnsettled := errors.AsType[*UnsettledError](err)
	if isUnsettled && !unsettled.Until.Equal(until) {
		t.Errorf("its absence counts from %s, want %s", unsettled.Until, until)
	}
	if errors.Is(want, errNone) && isUnsettled && unsettled.Cause == nil {
		return
	}
	if !errors.Is(err, want) || step.Done != 0 {
		t.Errorf("got %v, want %v; step %+v", err, want, step)
	}
}

// What is there in part keeps its intent when the rest is refused, or the part would
// be written again. Where nothing is there, nothing is left to be looked for.
func TestAPartKeepsTheIntentThatWroteIt(t *testing.T) {
	t.Parallel()
	for there, keeps := range map[presence]bool{partly: true, absent: false} {
		synctest.Test(t, func(t *testing.T) {
			before := time.Now().Add(-notion.LateEffect)
			l, _ := newLedger(t, runs.Step{IntendedAt: before})
			err := l.perform(t.Context(), request{
				step: "step",
				send: func(context.Context) error { return errInvalid },
				find: func(context.Context) (presence, error) { return there, nil },
			})
			if got := l.Run.Step("step").IntendedAt; !errors.Is(err, errInvalid) || got.Equal(before) != keeps || got.IsZero() == keeps {
				t.Errorf("presence %d: error %v, intent of %s", there, err, got)
			}
		})
	}
}

func TestNothingIsSentWithoutItsIntent(t *testing.T) {
	t.Parallel()
	l, store := newLedger(t, runs.Step{})
	store.fails = runs.ErrStale
	err := l.perform(t.Context(), request{step: "step", send: func(context.Context) error {
		t.Error("the request was sent")
		return nil
	}})
	if !errors.Is(err, runs.ErrStale) {
		t.Errorf("got %v, want %v", err, runs.ErrStale)
	}
}

func TestASliceEndsAfterItsTimeButNotBeforeItsFirstRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLedger(t, runs.Step{})
		l.Slice = 0
		r := request{step: "step", send: func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		}}
		if err := l.perform(t.Context(), r); err != nil {
			t.Errorf("the first request: %v", err)
		}
		if err := l.perform(t.Context(), r); !errors.Is(err, ErrSliceOver) {
			t.Errorf("the second request: %v", err)
		}
	})
}

func TestALeaseKeepsOthersOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, store := newLedger(t, runs.Step{})
		l.Run.Lease = runs.Lease{Owner: "other", Until: time.Now().Add(time.Minute)}
		if leased, ok := errors.AsType[*LeasedError](l.Begin()); !ok || !leased.Until.Equal(l.Run.Lease.Until) {
			t.Errorf("the run was taken from its owner")
		}
		time.Sleep(time.Minute)
		if err := l.Begin(); err != nil {
			t.Errorf("a lease that has ended: %v", err)
		}
		err := l.perform(t.Context(), request{step: "step", send: func(context.Context) error {
			if lease := store.saved.Lease; lease.Owner != "me" || time.Until(lease.Until) != 75*time.Second {
				t.Errorf("a request is made under the lease %+v", lease)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(t.Context()); err != nil || store.saved.Lease != (runs.Lease{}) {
			t.Errorf("the lease was kept: %+v, %v", store.saved.Lease, err)
		}
	})
}

// Whether the slice should end is asked after each request, and not before something
// was written.
func TestASliceAsksAfterEachRequestWhetherItShouldEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLedger(t, runs.Step{})
		started := time.Now()
		var asked []time.Duration
		l.Yield = func(context.Context) bool {
			asked = append(asked, time.Since(started))
			return len(asked) == 3
		}
		for took := time.Second; ; took = 500 * time.Millisecond {
			err := l.perform(t.Context(), request{step: "step", send: func(context.Context) error {
				time.Sleep(took)
				return nil
			}})
			if errors.Is(err, ErrSliceOver) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if want := []time.Duration{time.Second, 1500 * time.Millisecond, 2 * time.Second}; !slices.Equal(asked, want) {
			t.Errorf("asked after %s, want %s", asked, want)
		}
	})
}

// A process that is about to end makes no other request.
func TestASliceEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	l, _ := newLedger(t, runs.Step{})
	stop := make(chan struct{})
	l.Stop = stop
	sent := 0
	r := request{step: "step", send: func(context.Context) error {
		sent++
		return nil
	}}
	if err := l.perform(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	close(stop)
	if err := l.perform(t.Context(), r); !errors.Is(err, ErrSliceOver) || sent != 1 {
		t.Errorf("got %v after %d requests", err, sent)
	}
}

func TestAPageIsFreshForHalfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLedger(t, runs.Step{At: time.Now()})
		time.Sleep(30*time.Second - time.Nanosecond)
		if !l.isFresh("step") {
			t.Error("it is not fresh at its last moment")
		}
		time.Sleep(time.Nanosecond)
		if l.isFresh("step") || l.isFresh("no such step") {
			t.Error("it is fresh for too long")
		}
	})
}

// Whatever a context's requests went through is added to the record once.
func TestTheRecordCountsWhatRequestsWentThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, store := newLedger(t, runs.Step{})
		l.Run.Counts = runs.Counts{Requests: 10, Conflicts: 20, RateLimits: 30, Recoveries: 40}
		l.trace = notion.Trace{Requests: 1, Conflicts: 2, RateLimits: 3, Recoveries: 4, Latencies: []time.Duration{5}}
		time.Sleep(time.Second)
		for range 2 {
			if err := l.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if want := (runs.Counts{Requests: 11, Conflicts: 22, RateLimits: 33, Recoveries: 44}); store.saved.Counts != want {
			t.Errorf("got %+v, want %+v", store.saved.Counts, want)
		}
		stored, latencies := l.Stored()
		if stored.Counts != store.saved.Counts || !stored.UpdatedAt.Equal(time.Now()) || len(latencies) != 1 {
			t.Errorf("told are %+v, %s", stored, latencies)
		}
	})
}

func TestErrorsNameTheRunAndItsStep(t *testing.T) {
	t.Parallel()
	l, _ := newLedger(t, runs.Step{})
	err := l.perform(t.Context(), request{step: "step", index: 3, send: func(context.Context) error { return errInvalid }})
	if err == nil || !strings.HasPrefix(err.Error(), "step step, request 3 of run rep_1: ") {
		t.Errorf("got %v", err)
	}
}

// Logs say why something waits, where that is known.
func TestErrorsSayWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, err := range map[string]error{
		"a request to Notion may still have its effect until 2026-01-02T03:04:05Z":                 &UnsettledError{Until: until},
		"a request to Notion may still have its effect until 2026-01-02T03:04:05Z: unexpected EOF": &UnsettledError{until, io.ErrUnexpectedEOF},
		"a request to Notion is put off for 1.5s":                                                  &notion.PostponedError{Wait: 1500 * time.Millisecond},
		"a request to Notion is put off for 2s: unexpected EOF":                                    &notion.PostponedError{Wait: 2*time.Second + time.Microsecond, Cause: io.ErrUnexpectedEOF},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
