// Package runbook is what can go wrong with a Notion Relay that runs: each alarm,
// each reason of a failure and of a halt, with what it means, what the client sees
// of it and what to do. `relayctl explain` tells it of one run, docs/runbook.md of all.
package runbook

import (
	"slices"
	"strings"
)

// Trouble is something that goes wrong.
type Trouble struct {
	Codes    []string `json:"codes"` // by which it is known; several where the same is to be done
	Kind     Kind     `json:"kind"`
	Means    string   `json:"means"`    // in one sentence
	Client   string   `json:"client"`   // what the client sees
	Do       string   `json:"do"`       // in words
	Commands []string `json:"commands"` // for it, with Example in the place of a report's id
}

// Kind is where a code comes from.
type Kind string

// The kinds of trouble.
const (
	Alarm   Kind = "alarm"         // of template.yaml
	Halt    Kind = "halt"          // everyone waits
	Failure Kind = "failure"       // the publisher put a message aside
	Notion  Kind = "notion's code" // Notion refused what the message is about
)

// Example stands for the id of a report.
const Example = "rep_…"

// Troubles are those of a kind, in the order in which they are worth reading.
func Troubles(k Kind) []Trouble {
	return slices.DeleteFunc(slices.Clone(table), func(t Trouble) bool { return t.Kind != k })
}

// Find finds what is known by a code. A halt and a refusal of Notion may have the
// same, and an alarm is found without regard to how its name is written.
func Find(code string) (found []Trouble) {
	for _, t := range table {
		if slices.ContainsFunc(t.Codes, func(c string) bool { return strings.EqualFold(c, code) }) {
			found = append(found, t)
		}
	}
	return found
}

// OfFailure is what a failed run's code stands for. One that is not listed is
// Notion's, and says that what was sent is malformed.
func OfFailure(code string) Trouble {
	for _, t := range Find(code) {
		if t.Kind == Failure || t.Kind == Notion {
			return t
		}
	}
	return malformed
}

// OfHalt is what a halt's code stands for.
func OfHalt(code string) Trouble {
	for _, t := range Find(code) {
		if t.Kind == Halt {
			return t
		}
	}
	return Trouble{Codes: []string{code}, Kind: Halt, Means: "Another version of the publisher has halted.", Client: untouched, Do: "Its log says why."}
}

// For are the commands as they are typed for a report and a Notion Relay: call is
// relayctl with the flags that say which.
func (t Trouble) For(call, reportID string) (lines []string) {
	for _, c := range t.Commands {
		c = strings.ReplaceAll(c, Example, reportID)
		lines = append(lines, call+strings.TrimPrefix(c, "relayctl"))
	}
	return lines
}
