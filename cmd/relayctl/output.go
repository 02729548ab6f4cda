package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"notionrelay/operate"
)

// printJSON prints a value as indented JSON.
func (s *session) printJSON(v any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table prints rows of cells in columns; the first row is the heading.
func (s *session) table(rows [][]string) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = operate.HarmlessLine(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// say prints a text of some lines.
func (s *session) say(text string) { fmt.Fprintln(s.out, operate.Harmless(text)) }

// facts prints names and values below each other, and leaves out what is empty.
func (s *session) facts(pairs ...string) error {
	var rows [][]string
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			rows = append(rows, pair)
		}
	}
	return s.table(rows)
}

// when is a time as people read it: how long ago or ahead, and the clock.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ago(time.Since(t)) + ", " + operate.Clock(t)
}

// ago is a duration in one unit.
func ago(d time.Duration) string {
	form := "%s ago"
	if d < 0 {
		form, d = "in %s", -d
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf(form, fmt.Sprint(int(d.Seconds()), " s"))
	case d < time.Hour:
		return fmt.Sprintf(form, fmt.Sprint(int(d.Minutes()), " min"))
	case d < 48*time.Hour:
		return fmt.Sprintf(form, fmt.Sprint(int(d.Hours()), " h"))
	}
	return fmt.Sprintf(form, fmt.Sprint(int(d.Hours()/24), " days"))
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
