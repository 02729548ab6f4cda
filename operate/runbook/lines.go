package runbook

// Line is a line of the log with level INFO that tells what becomes of a report,
// or of all.
type Line struct {
	Message string
	From    string   // who writes it
	Keys    []string // what it has besides the ids of report, run and message
}

// Lines are those lines, in the order in which a report meets them.
func Lines() []Line {
	return []Line{
		{"accepted", "webhook", []string{"status", "bytes"}},
		{"waiting", "publisher", []string{"wait", "error"}},
		{"published", "publisher", []string{"after"}},
		{"complete", "publisher", []string{"after", "warnings"}},
		{"failed", "publisher", []string{"after", "code", "step", "notionRequestId"}},
		{"redriven", "publisher, relayctl", []string{"code"}},
		{"dropped", "relayctl", []string{"code"}},
		{"halted", "publisher", []string{"code", "reason", "remedy"}},
		{"going on", "publisher", []string{"code", "lasted"}},
		{"paused", "relayctl, cmd/local", []string{"reason"}},
		{"resumed", "relayctl, cmd/local", []string{"lasted"}},
	}
}
