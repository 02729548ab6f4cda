// Package doctor looks at everything that a Notion Relay needs, and says of each
// thing whether it is well, and what to do when it is not. It changes nothing.
//
// A check is a function from a Case to findings; Examine runs them all. What a
// check needs is an interface of its own, which is nil in a Case where there is no
// such thing.
package doctor

import (
	"context"
	"net/http"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/operate"
	"notionrelay/shared/notion"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
)

// State is what was found.
type State string

// A thing is well, or wrong, or is not there and need not be, or could not be
// looked at because of something else that is wrong.
const (
	Well   State = "ok"
	Wrong  State = "wrong"
	Absent State = "absent"
)

// Finding is what a check says, in a line.
type Finding struct {
	Thing  string `json:"thing"`
	State  State  `json:"state"`
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"` // where it is wrong
}

// Settings are those of the three functions.
type Settings struct {
	Webhook   intake.Settings
	Publisher publish.Settings
	Enricher  enrich.Settings
}

// Case is a Notion Relay as the checks see it.
type Case struct {
	Settings Settings
	// Deployed says that they are those of functions.
	Deployed bool
	// Unread are the variables whose values could not be had.
	Unread map[string]bool
	Setup  notion.Setup
	// Named is the Notion that the settings name, and Bound the one that the data
	// belong to; empty where nothing binds them.
	Named, Bound string
	// Simulated says that a simulator stands in Notion's place.
	Simulated bool
	Notion    Notion
	AI        AI
	Research  Research
	System    *operate.System
	Mapping   Mapping
	// HTTP is the way to the webhook.
	HTTP *http.Client
}

// Notion tells what is wrong with a workspace, and who asks.
type Notion interface {
	Inspect(ctx context.Context, s notion.Setup) ([]*notion.Problem, error)
	Whoami(ctx context.Context) (notion.Identity, error)
}

// AI tries the models; its error is a *copywriter.RefusalError.
type AI interface {
	Try(ctx context.Context) error
}

// Research is the research database, asked as the functions ask it.
type Research interface {
	Account(ctx context.Context, accountID, runID string) (research.Account, bool, error)
	Statistics(ctx context.Context, runID string) (report.Statistics, bool, error)
	Quotes(ctx context.Context, runID string) ([]report.Quote, error)
}

// Mapping tells the states of the event source mappings of the publish queue.
type Mapping interface {
	States(ctx context.Context) ([]string, error)
}

var (
	_ Notion   = (*notion.Client)(nil)
	_ Research = (*research.DB)(nil)
)

// limit is how long a check may take.
const limit = 30 * time.Second

// Examine looks at everything.
func Examine(ctx context.Context, c Case) (all []Finding) {
	for _, check := range []func(context.Context, Case) []Finding{
		secrets, belonging, workspace, ai, database, queues, table, halt, pause, deliveries, deadLetters, webhook,
	} {
		limited, cancel := context.WithTimeout(ctx, limit)
		all = append(all, check(limited, c)...)
		cancel()
	}
	return all
}

// Ill tells whether anything is wrong.
func Ill(all []Finding) bool {
	for _, f := range all {
		if f.State == Wrong {
			return true
		}
	}
	return false
}

// later is said of what depends on something else that is wrong.
const later = "Not to be seen before the above is mended."

func well(thing, says string) Finding          { return Finding{Thing: thing, State: Well, Says: says} }
func absent(thing, says string) Finding        { return Finding{Thing: thing, State: Absent, Says: says} }
func wrong(thing, says, remedy string) Finding { return Finding{thing, Wrong, says, remedy} }
