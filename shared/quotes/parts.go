package quotes

import (
	"errors"
	"fmt"

	"notionrelay/shared/queue"
)

// Parts divides the quotes, in order, among messages that fit a queue. Each is
// the message m with a part of the quotes, all option names and the number of
// posts; its cursor is its number, from 0. The warnings go with the first. Without
// quotes there is one message that says so. queue.ErrTooLarge says that a single
// quote is more than a message takes.
func (p Prepared) Parts(m queue.Message, posts int, warnings []string) ([]queue.Message, error) {
	var parts []queue.Message
	for from, size := 0, len(p.Quotes); ; {
		part := m
		part.Cursor = int64(len(parts))
		part.Quotes = &queue.QuotesPart{
			Offset: from, Total: len(p.Quotes), Quotes: p.Quotes[from : from+size], Posts: posts,
			Categories: p.Categories, Sentiments: p.Sentiments, Themes: p.Themes,
		}
		if from == 0 {
			part.Quotes.Warnings = warnings
		}
		switch _, err := queue.Encode(part); {
		case errors.Is(err, queue.ErrTooLarge) && size > 1:
			size = (size + 1) / 2
			continue
		case err != nil:
			return nil, fmt.Errorf("divide %d quotes of %s at %d: %w", len(p.Quotes), m.ReportID, from, err)
		}
		parts = append(parts, part)
		if from += size; from == len(p.Quotes) {
			return parts, nil
		}
		size = min(size, len(p.Quotes)-from)
	}
}
