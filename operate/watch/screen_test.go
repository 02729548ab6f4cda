package watch_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"notionrelay/operate"
	"notionrelay/operate/watch"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

var at = time.Date(2026, 11, 25, 12, 0, 0, 0, time.Local) //nolint:gosmopolitan // the screen is in local time

func summary(id string, status runs.Status, note string) operate.Summary {
	return operate.Summary{ReportID: id, Status: status, Company: "Company of " + id, AcceptedAt: at.Add(-3 * time.Minute), Done: 3, Total: 6, Note: note}
}

// busy is a relay in which something of everything is.
func busy() watch.Snapshot {
	return watch.Snapshot{
		Name: "the stack notion-relay", At: at, Works: true,
		Queues: []watch.Depths{
			{Name: "publish", Depth: queue.Depth{Ready: 12, InFlight: 1}, Dead: 2},
			{Name: "enrich"}, {Name: "waiting", Depth: queue.Depth{Delayed: 4}},
		},
		Running:  []operate.Summary{summary("rep_run", runs.Publishing, ""), summary("rep_queued", runs.Queued, "")},
		Waiting:  []operate.Summary{summary("rep_wait", runs.Publishing, "waits: Notion answered 503.")},
		Failed:   []operate.Summary{summary("rep_fail", runs.Failed, "in_trash: A page of the report is in Notion's trash.")},
		Complete: []operate.Summary{summary("rep_done", runs.Complete, "")},
	}
}

// fake is a relay that notes what is done to it.
type fake struct {
	now  watch.Snapshot
	site string // where reports can be looked at
	err  error
	done []string
}

func (f *fake) Look(context.Context) (watch.Snapshot, error) { return f.now, f.err }

func (f *fake) Redrive(_ context.Context, id string) (string, error) {
	f.done = append(f.done, "redrive "+id)
	return "1 of " + id + " put back", f.err
}

func (f *fake) Address(_ context.Context, id string) (string, error) {
	f.done = append(f.done, "address "+id)
	return f.site + id, f.err
}

func (f *fake) Details(_ context.Context, id string) ([]string, error) {
	f.done = append(f.done, "details "+id)
	return []string{"what happened to " + id, "second line", "third line"}, f.err
}

func (f *fake) SetPaused(_ context.Context, paused bool) error {
	f.done = append(f.done, map[bool]string{true: "pause", false: "resume"}[paused])
	return f.err
}

// screen has looked once.
func screen(t *testing.T, f *fake) watch.Screen {
	t.Helper()
	return again(t, watch.NewScreen(f, time.Hour, true))
}

// again looks once more.
func again(t *testing.T, s watch.Screen) watch.Screen {
	t.Helper()
	s, _ = s.Update(s.Init()(t.Context()))
	return s
}

// press presses keys, and lets what each one starts come to its end.
func press(t *testing.T, s watch.Screen, keys ...string) watch.Screen {
	t.Helper()
	for _, name := range keys {
		var command watch.Command
		if s, command = s.Update(watch.Key(name)); command != nil {
			s, _ = s.Update(command(t.Context()))
		}
	}
	return s
}

// line is the line of the view that has the text in it.
func line(view, text string) string {
	for l := range strings.Lines(view) {
		if strings.Contains(l, text) {
			return strings.TrimRight(l, " \n")
		}
	}
	return ""
}

func TestKeys(t *testing.T) {
	t.Parallel()
	paused := busy()
	paused.Pause = runs.Pause{Since: at, Reason: "Maintenance."}
	for name, c := range map[string]struct {
		now   watch.Snapshot
		err   error
		press string
		done  []string
		shows string // a part of the view
		quit  bool
	}{
		"the first run is selected":        {press: "", shows: "▸ rep_run "},
		"down":                             {press: "down", shows: "▸ rep_queued"},
		"j and k":                          {press: "j,j,k", shows: "▸ rep_queued"},
		"not above the first":              {press: "up,k", shows: "▸ rep_run "},
		"not below the last":               {press: "j,j,j,j,j,j,j", shows: "▸ rep_done"},
		"what has failed is put back":      {press: "j,j,j,r", done: []string{"redrive rep_fail"}, shows: "1 of rep_fail put back"},
		"what runs is not":                 {press: "r", shows: "Only a report that has failed can be put back."},
		"a redrive that fails":             {press: "j,j,j,r", err: errors.New("no queue"), done: []string{"redrive rep_fail"}, shows: "no queue"},
		"open":                             {press: "o", done: []string{"address rep_run"}, shows: "https://example.com/rep_run"},
		"details":                          {press: "d", done: []string{"details rep_run"}, shows: "what happened to rep_run"},
		"details by enter":                 {press: "enter", done: []string{"details rep_run"}, shows: "↑↓ scroll"},
		"details are left":                 {press: "d,q", done: []string{"details rep_run"}, shows: "▸ rep_run "},
		"details that cannot be had":       {press: "d", err: errors.New("no record"), done: []string{"details rep_run"}, shows: "no record"},
		"details are scrolled":             {press: "d,j,j,j,up", done: []string{"details rep_run"}, shows: "second line"},
		"pause":                            {press: "p", done: []string{"pause"}, shows: "paused"},
		"resume":                           {now: paused, press: "p", done: []string{"resume"}, shows: "resumed"},
		"a pause that does not come":       {press: "p", err: errors.New("still under way"), done: []string{"pause"}, shows: "still under way"},
		"quit":                             {press: "q", quit: true, shows: "▸ rep_run "},
		"quit by control and c":            {press: "ctrl+c", quit: true, shows: "▸ rep_run "},
		"quit out of details":              {press: "d,ctrl+c", quit: true, done: []string{"details rep_run"}, shows: "what happened"},
		"what there was no room for":       {press: "j,j,j", shows: "\nin_trash: A page of the report is in Notion's trash."},
		"another key":                      {press: "x", shows: "▸ rep_run "},
		"nothing is done to no run at all": {now: watch.Snapshot{Name: "empty", At: at, Works: true}, press: "r,o,d,enter,j,k", shows: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{now: c.now, site: "https://example.com/"}
			if f.now.Name == "" {
				f.now = busy()
			}
			model := screen(t, f)
			f.err = c.err
			model = press(t, model, strings.Split(c.press, ",")...)
			if model.Ended() != c.quit {
				t.Errorf("it quits: %t, want %t", model.Ended(), c.quit)
			}
			if diff := cmp.Diff(c.done, f.done); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
			if view := model.View(); !strings.Contains(view, c.shows) {
				t.Errorf("it does not show %q:\n%s", c.shows, view)
			}
		})
	}
}

func TestTheSelectionFollowsItsRun(t *testing.T) {
	t.Parallel()
	f := &fake{now: busy()}
	model := press(t, screen(t, f), "j", "j")
	f.now.Failed, f.now.Waiting = append(f.now.Failed, f.now.Waiting...), nil
	model = again(t, model)
	if line(model.View(), "▸ rep_wait") == "" {
		t.Errorf("the run that was selected is not any more:\n%s", model.View())
	}
	f.now.Failed = nil
	model = again(t, model)
	if line(model.View(), "▸ rep_run ") == "" {
		t.Errorf("when it is gone the first is not selected:\n%s", model.View())
	}
}

func TestALookThatFailsLeavesWhatWasSeen(t *testing.T) {
	t.Parallel()
	f := &fake{now: busy()}
	model := screen(t, f)
	f.err = errors.New("the table does not answer")
	model, next := model.Update(model.Init()(t.Context()))
	if view := model.View(); line(view, "the table does not answer") == "" || line(view, "rep_fail") == "" {
		t.Errorf("it shows:\n%s", view)
	}
	if next == nil {
		t.Error("it does not look again")
	}
}

func TestALowScreenShowsTheSelection(t *testing.T) {
	t.Parallel()
	model := press(t, watch.Sized(screen(t, &fake{now: busy()}), 60, 14), "j", "j", "j", "j")
	view := model.View()
	if lines := strings.Count(view, "\n") + 1; lines > 14 {
		t.Errorf("%d lines on a screen of 14:\n%s", lines, view)
	}
	if line(view, "▸ rep_done") == "" || line(view, "q quit") == "" {
		t.Errorf("it shows neither selection nor keys:\n%s", view)
	}
	for l := range strings.Lines(view) {
		if wide := len([]rune(escape.ReplaceAllString(strings.TrimRight(l, "\n"), ""))); wide > 60 {
			t.Errorf("a line of %d on a screen of 60: %q", wide, l)
		}
	}
}

// A terminal may be of any size, and of none: a pty that nobody has given one says 0.
func TestTheScreenFitsAnyTerminal(t *testing.T) {
	t.Parallel()
	halted := busy()
	halted.Halt = runs.Halt{Code: "column_missing", Reason: "会社の名前はとても長い。", Remedy: "Mend it.", Since: at, Next: at}
	idle := busy()
	idle.Works = false
	for name, model := range map[string]watch.Screen{
		"before the first look": watch.NewScreen(&fake{}, time.Hour, true),
		"busy":                  screen(t, &fake{now: busy()}),
		"halted":                screen(t, &fake{now: halted}),
		"idle":                  screen(t, &fake{now: idle}),
		"details":               press(t, screen(t, &fake{now: busy()}), "d"),
		"an address":            press(t, screen(t, &fake{now: busy(), site: "https://例え.テスト/" + strings.Repeat("0123456789", 20)}), "o"),
	} {
		for _, width := range []int{0, 1, 2, 8, 9, 10, 25, 41, 42, 60} {
			for height := range 18 {
				view := watch.Sized(model, width, height).View()
				if lines := strings.Count(view, "\n") + 1; lines > max(height, 1) {
					t.Fatalf("%s: %d lines on a screen of %d:\n%s", name, lines, height, view)
				}
				for l := range strings.Lines(view) {
					if wide := uniseg.StringWidth(escape.ReplaceAllString(strings.TrimRight(l, "\n"), "")); wide > width {
						t.Fatalf("%s: a line of %d on a screen of %d: %q", name, wide, width, l)
					}
				}
			}
		}
	}
	address := strings.Repeat("0123456789", 20)
	if view := press(t, watch.Sized(screen(t, &fake{now: busy(), site: address}), 60, 40), "o").View(); !strings.Contains(strings.ReplaceAll(view, "\n", ""), address) {
		t.Errorf("an address is not shown to its end:\n%s", view)
	}
	low := press(t, watch.Sized(screen(t, &fake{now: busy()}), 60, 5), "j", "j", "j", "j").View()
	if line(low, "▸ rep_done") == "" || line(low, "q quit") == "" {
		t.Errorf("a low screen shows neither selection nor keys:\n%s", low)
	}
}

func TestAScreenWithoutColours(t *testing.T) {
	t.Parallel()
	f := &fake{now: busy()}
	for _, colours := range []bool{true, false} {
		view := again(t, watch.NewScreen(f, time.Hour, colours)).View()
		if got := strings.Contains(view, "\x1b[31m") || strings.Contains(view, ";34m"); got != colours {
			t.Errorf("colours %t:\n%q", colours, view)
		}
		if !strings.Contains(view, "\x1b[7m▸ rep_run") {
			t.Errorf("colours %t: the selection does not stand out:\n%q", colours, view)
		}
	}
}

// escape is what switches colours.
var escape = regexp.MustCompile(`\x1b\[[\d;]*m`)

func TestKeysAreReadAsTerminalsSendThem(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string][]watch.Key{
		"j":            {"j"},
		"\x1b[A\x1b[B": {"up", "down"},
		"\x1bOAq":      {"up", "q"},
		"\r\x03":       {"enter", "ctrl+c"},
		"\x1b":         {"esc"},
		"\x1b[C":       {"\x1b[C"},
		"":             nil,
	} {
		if diff := cmp.Diff(want, watch.KeysOf(sent)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sent, diff)
		}
	}
}

// The whole of it, with a terminal that is a buffer.
func TestTheScreenIsDrawnUntilItsUserEndsIt(t *testing.T) {
	t.Parallel()
	f := &fake{now: busy()}
	keys := make(chan watch.Key)
	drawn := callback(func(p string) {
		switch {
		case strings.Contains(p, "1 of rep_fail put back"):
			go func() { keys <- "q" }()
		case strings.Contains(p, "▸ rep_run ") && len(f.done) == 0:
			f.done = append(f.done, "seen")
			go func() {
				for _, k := range []watch.Key{"j", "j", "j", "r"} {
					keys <- k
				}
			}()
		}
	})
	if err := watch.Loop(t.Context(), watch.NewScreen(f, time.Hour, true), keys, drawn); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"seen", "redrive rep_fail"}, f.done); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watch.Loop(ctx, watch.NewScreen(f, time.Hour, true), keys, drawn); err != nil {
		t.Errorf("told to end, it says %v", err)
	}
}

// callback is a writer that calls for each write.
type callback func(p string)

func (f callback) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}
