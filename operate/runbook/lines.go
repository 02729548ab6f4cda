package runbook

// Line is a line of the log with level INFO that tells what becomes of a report,
// or of all.
type Line struct{ Message, From, Says string }

// Lines are those lines, in the order in which a report meets them.
func Lines() []Line {
	return []Line{
		{"accepted", "webhook", "`status`, which is another than `queued` where the same was sent before"},
		{"waiting", "publisher", "`wait` until the next attempt, and its `error`"},
		{"published", "publisher", "`after` so long since it was accepted"},
		{"complete", "publisher", "`after` so long, and how many `warnings`"},
		{"failed", "publisher", "`after` so long, `code`, `step` and `notionRequestId`"},
		{"redriven", "publisher", "the `code` of the failure that is over; relayctl says it as well when it moves the letter"},
		{"halted", "publisher", "`code`, `reason` and `remedy`; for all reports"},
		{"going on", "publisher", "the `code` of the halt that is over, and how long it `lasted`"},
		{"paused", "relayctl; where it runs on one machine also the publisher", "`reason`"},
		{"resumed", "as above", "how long it `lasted`, where that is known"},
	}
}
