package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"notionrelay/operate"
	"notionrelay/shared/runs"
)

// queues says what waits in each.
func queues(ctx context.Context, c Case) (found []Finding) {
	if c.System == nil {
		return nil
	}
	for _, q := range c.System.Queues() {
		depth, err := q.Main.Depth(ctx)
		if err != nil {
			found = append(found, unanswered(q.Name+" queue", err))
			continue
		}
		found = append(found, well(q.Name+" queue", fmt.Sprintf("%d to be taken, %d in hand, %d delayed.", depth.Ready, depth.InFlight, depth.Delayed)))
	}
	return found
}

// unanswered is what AWS, or the data folder, does not answer.
func unanswered(thing string, err error) Finding {
	api, ok := errors.AsType[smithy.APIError](err)
	code := ""
	if ok {
		code = api.ErrorCode()
	}
	switch {
	case strings.Contains(code, "NonExistentQueue"), code == "ResourceNotFoundException":
		return wrong(thing, "It does not exist. "+sentence(brief(err)), "Deploy the stack again; if the names are from the environment, correct them. What was in it is lost, and may be sent again.")
	case strings.Contains(code, "AccessDenied"), strings.Contains(code, "UnrecognizedClient"), strings.Contains(code, "ExpiredToken"):
		return wrong(thing, "It may not be asked. "+sentence(brief(err)), "Sign in to the account of the stack, with the right to read it.")
	}
	return wrong(thing, "It does not answer. "+sentence(brief(err)), "Check the region, the network and AWS_ENDPOINT_URL.")
}

// table reads the record as functions do, and by the index as an operator does.
func table(ctx context.Context, c Case) []Finding {
	if c.System == nil {
		return nil
	}
	if _, err := c.System.Signals.Halt(ctx); err != nil {
		return []Finding{unanswered("table", err)}
	}
	failed, err := c.System.Runs.List(ctx, runs.Query{Status: runs.Failed, Limit: 100})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ValidationException" {
		return []Finding{wrong("table", "It has no index by status, so that runs cannot be listed. "+sentence(brief(err)), "Deploy the current template; the index is built in the background.")}
	}
	if err != nil {
		return []Finding{unanswered("table", err)}
	}
	if len(failed) > 0 {
		return []Finding{well("table", fmt.Sprintf("It can be read. %d runs have failed: relayctl runs --state failed --since 2160h.", len(failed)))}
	}
	return []Finding{well("table", "It can be read.")}
}

// halt says what keeps all reports.
func halt(ctx context.Context, c Case) []Finding {
	if c.System == nil {
		return nil
	}
	h, err := c.System.Signals.Halt(ctx)
	switch {
	case err != nil:
		return nil // table says so
	case h.Halted():
		return []Finding{wrong("halt", fmt.Sprintf("Nothing is written since %s: %s", operate.Clock(h.Since), h.Reason), h.Remedy+" It goes on by itself then.")}
	}
	return []Finding{well("halt", "There is none.")}
}

// pause says whether an operator has stopped the publisher.
func pause(ctx context.Context, c Case) []Finding {
	if c.System == nil {
		return nil
	}
	p, err := c.System.Signals.Pause(ctx)
	switch {
	case err != nil:
		return nil // table says so
	case p.Paused():
		return []Finding{wrong("pause", fmt.Sprintf("The publisher is paused since %s: %s", operate.Clock(p.Since), p.Reason), "relayctl resume lets it go on.")}
	}
	return []Finding{well("pause", "There is none.")}
}

// deliveries says whether anybody takes messages out of the queues.
func deliveries(ctx context.Context, c Case) []Finding {
	if c.System == nil {
		return nil
	}
	const thing = "deliveries"
	if c.Mapping == nil {
		works, err := c.System.Works(ctx)
		switch {
		case err != nil:
			return []Finding{unanswered(thing, err)}
		case !works:
			return []Finding{absent(thing, "Nobody works on the queues at present. What is in them is handled at the next start.")}
		}
		return []Finding{well(thing, "The queues are worked on.")}
	}
	states, err := c.Mapping.States(ctx)
	paused, pauseErr := c.System.Signals.Pause(ctx)
	switch {
	case err != nil:
		return []Finding{unanswered(thing, err)}
	case len(states) == 0:
		return []Finding{wrong(thing, "The publish queue has no event source mapping, so that the publisher gets no messages.", "Deploy the stack again.")}
	case len(states) > 1:
		return []Finding{wrong(thing, fmt.Sprintf("The publish queue has %d event source mappings, and would have more than one publisher.", len(states)), "Delete those that the stack did not make: aws lambda list-event-source-mappings.")}
	case slices.Contains(states, "Enabled"):
		return []Finding{well(thing, "The publisher gets the messages of its queue.")}
	case pauseErr == nil && paused.Paused():
		return []Finding{absent(thing, "The event source mapping is "+strings.ToLower(states[0])+" while the publisher is paused.")}
	}
	return []Finding{wrong(thing, "The event source mapping of the publisher is "+strings.ToLower(states[0])+", and nobody has paused it.", "relayctl resume enables it.")}
}

// deadLetters counts them.
func deadLetters(ctx context.Context, c Case) (found []Finding) {
	if c.System == nil {
		return nil
	}
	for _, q := range c.System.Queues() {
		thing := "dead letters, " + q.Name
		depth, err := q.Dead.Depth(ctx)
		switch n := depth.All(); {
		case err != nil:
			found = append(found, unanswered(thing, err))
		case n > 0:
			found = append(found, wrong(thing, fmt.Sprintf("There are %d.", n), "relayctl dead-letters list says why; mend that, then relayctl dead-letters redrive --all."))
		default:
			found = append(found, well(thing, "There are none."))
		}
	}
	return found
}
