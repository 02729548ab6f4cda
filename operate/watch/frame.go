package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"notionrelay/operate"
	"notionrelay/shared/runs"
)

// styles are how a screen looks: what switches each on. The zero ones change nothing.
type styles struct{ title, heading, faint, good, bad, chosen style }

// style is a select graphic rendition of ECMA-48.
type style string

// Render switches the style on for a text.
func (st style) Render(text string) string {
	if st == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// coloured has the colours that the terminal's user has chosen for these names, and
// colourless has none.
var (
	coloured   = styles{title: "1", heading: "1;34", faint: "90", good: "32", bad: "31", chosen: "7"}
	colourless = styles{title: "1", heading: "1", chosen: "7"}
)

// plainWidth is how wide a frame is that is not on a screen.
const plainWidth = 130

// Frame is the screen as text, without a selection and the keys.
func Frame(now Snapshot, colours bool) string {
	var st styles
	if colours {
		st = coloured
	}
	lines := append(head(now, plainWidth, st), "")
	for _, r := range list(now, plainWidth, st) {
		lines = append(lines, strings.TrimRight(r.text, " "))
	}
	return strings.Join(lines, "\n") + "\n"
}

// head says how all of it is.
func head(now Snapshot, width int, st styles) []string {
	lines := []string{title(now, width, st)}
	switch {
	case now.Pause.Paused():
		lines = append(lines, st.bad.Render(cut(fmt.Sprintf("‖ paused since %s: %s", clock(now.Pause.Since), now.Pause.Reason), width)))
	case !now.Works:
		lines = append(lines, st.bad.Render(cut("○ nobody works on the queues", width)))
	case now.Halt.Halted():
	default:
		lines = append(lines, st.good.Render(cut("● working", width)))
	}
	if now.Halt.Halted() {
		lines = append(lines,
			st.bad.Render(cut(fmt.Sprintf("✗ halted since %s (%s): %s", clock(now.Halt.Since), now.Halt.Code, now.Halt.Reason), width)),
			cut(fmt.Sprintf("  %s The next attempt is at %s.", now.Halt.Remedy, clock(now.Halt.Next)), width))
	}
	lines = append(lines, "", st.heading.Render(cut("QUEUE      READY  IN FLIGHT  DELAYED  DEAD", width)))
	for _, q := range now.Queues {
		lines = append(lines, queueLine(q, width, st))
	}
	return lines
}

// title has the time at its end, where there is room.
func title(now Snapshot, width int, st styles) string {
	name, at := "Notion Relay · "+now.Name, " "+clock(now.At)
	if room := width - len(at); room > 0 {
		return st.title.Render(pad(name, room)) + st.faint.Render(at)
	}
	return st.title.Render(cut(name, width))
}

func queueLine(q Depths, width int, st styles) string {
	line, dead := fmt.Sprintf("%-9s  %5d  %9d  %7d", q.Name, q.Ready, q.InFlight, q.Delayed), fmt.Sprintf("  %4d", q.Dead)
	if q.Dead > 0 && len(line+dead) <= width {
		return line + st.bad.Render(dead)
	}
	return cut(line+dead, width)
}

// row is a line of the list: a heading, or a run.
type row struct {
	text, plain string
	run         *operate.Summary
}

// list are the runs below their headings.
func list(now Snapshot, width int, st styles) (rows []row) {
	for _, section := range []struct {
		name  string
		runs  []operate.Summary
		style style
	}{
		{"RUNNING", now.Running, st.good},
		{"WAITING", now.Waiting, st.heading},
		{"FAILED", now.Failed, st.bad},
		{"COMPLETE", now.Complete, st.faint},
	} {
		if len(rows) > 0 {
			rows = append(rows, row{})
		}
		rows = append(rows, row{text: section.style.Render(cut(section.name, width))})
		if len(section.runs) == 0 {
			rows = append(rows, row{text: st.faint.Render(cut("  none", width))})
		}
		for _, run := range section.runs {
			text := runLine(run, now.At, width)
			rows = append(rows, row{text: text, plain: text, run: &run})
		}
	}
	return rows
}

// progressWidth is how many characters a run's progress has.
const progressWidth = 10

func runLine(run operate.Summary, at time.Time, width int) string {
	name := run.Company
	if name == "" {
		name = run.ResearchRunID
	}
	filled := 0
	if run.Total > 0 {
		filled = progressWidth * run.Done / run.Total
	}
	state := strings.Repeat("█", filled) + strings.Repeat("░", progressWidth-filled) + fmt.Sprintf(" %d/%d", run.Done, run.Total)
	if run.Status == runs.Queued {
		state = "queued"
	}
	line := "  " + pad(run.ReportID, 30) + "  " + pad(name, 22) + "  " + pad(state, 17) + "  " + pad(since(at.Sub(run.AcceptedAt)), 6) + "  " + run.Note
	return pad(line, width)
}

// since is a duration in one unit.
func since(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprint(int(d.Seconds()), " s")
	case d < time.Hour:
		return fmt.Sprint(int(d.Minutes()), " min")
	case d < 48*time.Hour:
		return fmt.Sprint(int(d.Hours()), " h")
	}
	return fmt.Sprint(int(d.Hours()/24), " d")
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") } //nolint:gosmopolitan // whoever reads it is here

// cut shortens a text to that width.
func cut(text string, width int) string { return strings.TrimRight(pad(text, width), " ") }

// pad makes a text as wide as that, and harmless: what others have written may
// hold what a terminal obeys.
func pad(text string, width int) string {
	text = operate.HarmlessLine(text)
	if width <= 0 {
		return ""
	}
	if uniseg.StringWidth(text) <= width {
		return text + strings.Repeat(" ", width-uniseg.StringWidth(text))
	}
	runes := []rune(text)
	for len(runes) > 0 && uniseg.StringWidth(string(runes)) > width-1 {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + strings.Repeat(" ", width-1-uniseg.StringWidth(string(runes))) + "…"
}

// wrapped is a text on as many lines of that width as it takes, at least one.
func wrapped(text string, width int) (lines []string) {
	line, wide := "", 0
	for rest, state := operate.HarmlessLine(text), -1; rest != "" && width > 0; {
		var character string
		var boundaries int
		character, rest, boundaries, state = uniseg.StepString(rest, state)
		if w := boundaries >> uniseg.ShiftWidth; wide+w > width {
			lines, line, wide = append(lines, line), "", 0
			if w > width {
				continue
			}
		}
		line, wide = line+character, wide+boundaries>>uniseg.ShiftWidth
	}
	return append(lines, line)
}
