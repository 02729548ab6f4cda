package publish

import (
	"context"

	"notionrelay/shared/ledger"
	"notionrelay/shared/queue"
	"notionrelay/shared/tree"
)

// writeTexts writes the title and the introduction that the enricher has found.
func writeTexts(ctx context.Context, l *ledger.Ledger, m queue.Message) error {
	l.Run.TextsAsked = m.Asked
	for _, warning := range m.Texts.Warnings {
		l.Run.Warn(warning)
	}
	if err := l.Rename(ctx, stepTitle, stepHomepage, m.Texts.Title); err != nil {
		return err
	}
	return l.Replace(ctx, stepIntroduction, stepHomepage, tree.Introduction(m.Texts.Introduction))
}
