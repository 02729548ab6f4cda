package watch

import (
	"context"
	"slices"
	"strings"
	"time"

	"notionrelay/operate"
	"notionrelay/shared/runs"
)

// Relay is what the screen looks at, and what its keys do.
type Relay interface {
	Look(ctx context.Context) (Snapshot, error)
	// Redrive puts a report's dead letters back and says what became of that.
	Redrive(ctx context.Context, reportID string) (says string, err error)
	// Address is where the report can be looked at.
	Address(ctx context.Context, reportID string) (string, error)
	// Details explain a run, in lines.
	Details(ctx context.Context, reportID string) ([]string, error)
	// SetPaused stops the publisher or lets it go on.
	SetPaused(ctx context.Context, paused bool) error
}

// Screen is the live screen. Update and View have no effects: what is to be done is
// in the commands that Update returns.
type Screen struct {
	relay  Relay
	every  time.Duration
	styles styles

	width, height int
	now           Snapshot
	looked        bool   // now is there
	chosen        string // the report that is selected
	says          string // what the last key has come to
	details       []string
	scroll        int // of the details
	ended         bool
}

// plainHeight is how high a screen is that does not say so.
const plainHeight = 40

// NewScreen is a screen that looks at the relay every so often.
func NewScreen(relay Relay, every time.Duration, colours bool) Screen {
	s := Screen{relay: relay, every: every, styles: colourless, width: plainWidth, height: plainHeight, says: "looking …"}
	if colours {
		s.styles = coloured
	}
	return s
}

// Init begins to look.
func (s Screen) Init() Command { return s.look }

// Update takes what has happened into the screen.
func (s Screen) Update(message Message) (Screen, Command) {
	switch m := message.(type) {
	case looked:
		if m.err != nil {
			s.says = m.err.Error()
			return s, s.lookSoon
		}
		if !s.looked {
			s.says = ""
		}
		s.now, s.looked = m.now, true
		s.choose(0)
		return s, s.lookSoon
	case said:
		s.says = string(m)
	case detailed:
		s.details, s.scroll, s.says = m, 0, ""
	case Key:
		return s.press(m)
	}
	return s, nil
}

// press does what a key is for.
func (s Screen) press(key Key) (Screen, Command) {
	if s.details != nil {
		return s.pressInDetails(key)
	}
	run := s.run()
	switch key {
	case "q", "ctrl+c":
		s.ended = true
	case "down", "j":
		s.says = ""
		s.choose(1)
	case "up", "k":
		s.says = ""
		s.choose(-1)
	case "p":
		pause := !s.now.Pause.Paused()
		if s.says = "resuming …"; pause {
			s.says = "pausing: the request under way comes to its end …"
		}
		return s, s.setPaused(pause)
	case "r":
		if run == nil || run.Status != runs.Failed {
			s.says = "Only a report that has failed can be put back."
			return s, nil
		}
		s.says = "putting back …"
		return s, s.redrive(run.ReportID)
	case "o":
		if run != nil {
			return s, s.address(run.ReportID)
		}
	case "d", "enter":
		if run != nil {
			s.says = "looking …"
			return s, s.detail(run.ReportID)
		}
	}
	return s, nil
}

func (s Screen) pressInDetails(key Key) (Screen, Command) {
	switch key {
	case "ctrl+c":
		s.ended = true
	case "q", "d", "esc", "enter":
		s.details = nil
	case "down", "j":
		s.scroll = min(s.scroll+1, max(0, len(s.details)-1))
	case "up", "k":
		s.scroll = max(0, s.scroll-1)
	}
	return s, nil
}

// choose moves the selection by so many runs. A run that is gone leaves it to the
// first.
func (s *Screen) choose(by int) {
	all := s.runs()
	if len(all) == 0 {
		s.chosen = ""
		return
	}
	at := slices.IndexFunc(all, func(r operate.Summary) bool { return r.ReportID == s.chosen })
	if at < 0 {
		at, by = 0, 0
	}
	s.chosen = all[min(max(0, at+by), len(all)-1)].ReportID
}

// runs are those of the list, in its order.
func (s *Screen) runs() []operate.Summary {
	return slices.Concat(s.now.Running, s.now.Waiting, s.now.Failed, s.now.Complete)
}

// run is the one that is selected, nil when there is none.
func (s *Screen) run() *operate.Summary {
	for _, run := range s.runs() {
		if run.ReportID == s.chosen {
			return &run
		}
	}
	return nil
}

// View draws the screen.
func (s Screen) View() string {
	foot := s.foot()
	room := s.height - len(foot)
	var lines []string
	switch {
	case s.details != nil:
		for _, line := range s.details[s.scroll:] {
			lines = append(lines, cut(line, s.width))
		}
		lines = fit(lines, 0, room)
	case s.looked:
		top := append(head(s.now, s.width, s.styles), "")
		all, at := s.list()
		if room >= len(top)+leastListed {
			lines = slices.Concat(top, fit(all, at, room-len(top)))
		} else {
			lines = fit(append(top, all...), len(top)+at, room)
		}
	}
	lines = append(lines, foot...)
	return strings.Join(lines[max(0, min(len(lines)-1, len(lines)-s.height)):], "\n")
}

// foot is what the screen says, all of it since it may be an address, and its keys.
func (s Screen) foot() []string {
	keys := "↑↓ select  r redrive  o open  d details  p pause  q quit"
	switch {
	case s.details != nil:
		keys = "↑↓ scroll  d back  ctrl+c quit"
	case s.now.Pause.Paused():
		keys = strings.Replace(keys, "p pause", "p resume", 1)
	}
	says := wrapped(s.says, s.width)
	if run := s.run(); s.says == "" && run != nil && s.details == nil {
		says = []string{cut(run.Note, s.width)} // there was no room for all of it
	}
	return append(says, s.styles.faint.Render(cut(keys, s.width)))
}

// leastListed is how many lines of the list there are at least. On a lower screen
// what stands above gives way to it.
const leastListed = 3

// list are the lines of the runs, and which of them is selected.
func (s Screen) list() (lines []string, at int) {
	for i, r := range list(s.now, s.width, s.styles) {
		if r.run != nil && r.run.ReportID == s.chosen {
			at = i
			r.text = s.styles.chosen.Render(pad("▸"+strings.TrimPrefix(r.plain, " "), s.width))
		}
		lines = append(lines, r.text)
	}
	return lines, at
}

// fit leaves so many lines, the one at that place among them.
func fit(lines []string, at, height int) []string {
	height = max(0, height)
	if len(lines) <= height {
		return lines
	}
	from := min(max(0, at-height/2), len(lines)-height)
	return lines[from : from+height]
}
