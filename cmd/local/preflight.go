package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/shared/notion"
)

// bind makes sure that a data folder goes on with the Notion and the database that
// it was begun with: its records hold ids of pages there.
func bind(ctx context.Context, db *embedded.DB, data, target string) error {
	bound, err := db.Bind(ctx, target)
	if err != nil {
		return err
	}
	if bound != target {
		return fmt.Errorf("the data folder %s belongs to %s, and its records name pages there: for %s give another folder with -data, or delete this one", data, bound, target)
	}
	return nil
}

// lookAgain is how often a Notion with which something is wrong is looked at.
const lookAgain = 30 * time.Second

// lookAtNotion tells whether reports can be published to this Notion, and says in
// the log what is wrong and what to do about it. It changes nothing.
func lookAtNotion(ctx context.Context, client *notion.Client, setup notion.Setup, log *slog.Logger) bool {
	found, err := client.Inspect(ctx, setup)
	if ctx.Err() != nil { // nobody asks any more
		return false
	}
	if err != nil {
		log.ErrorContext(ctx, "Notion cannot be asked", "error", err, "remedy", "Check the network and NOTION_BASE_URL; it is tried again.")
		return false
	}
	for _, p := range found {
		log.ErrorContext(ctx, p.Message, "code", p.Code, "remedy", p.Remedy)
	}
	if len(found) > 0 {
		return false
	}
	if who, err := client.Whoami(ctx); err == nil {
		log.InfoContext(ctx, "Notion is ready", "integration", who.Name, "workspace", who.Workspace)
	}
	return true
}

// watchNotion looks again until all is well. Reports are accepted meanwhile, and
// wait.
func (s *system) watchNotion(ctx context.Context) {
	for !lookAtNotion(ctx, s.publisher.Notion, publish.Setup(s.publisher.Database, s.publisher.CoverURL), s.log) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookAgain):
		}
	}
}
