// Command smoke shows that the whole system and a Notion get on with each other.
// It looks at the set-up, has a real cmd/local publish one report with every
// kind of block and with quotes, kills it in the middle of writes, sends the
// report once more, reads the pages back, and asks Notion what the simulator
// takes for granted about it. All that it made goes to the trash in the end.
//
// Where NOTION_API_KEY and NOTION_DATABASE_ID are set it speaks to that Notion,
// which needs a few minutes and makes some 400 blocks; else to a simulator. What
// is compared with is in either case a simulator on which the same report was
// published without a disturbance. The exit code is 1 if anything differs.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"notionrelay/shared/notion"
	"notionrelay/shared/tree"
)

// patience is with all of it. Up to 65 s pass after each kill, where Notion
// shows late what it has written.
const patience = 20 * time.Minute

func main() { os.Exit(run()) }

func run() (exitCode int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	differences, err := smoke(ctx, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
	}
	if err != nil || differences > 0 {
		return 1
	}
	return 0
}

// smoke goes through everything and says how many things differ.
func smoke(ctx context.Context, out io.Writer) (differences int, err error) {
	work, err := os.MkdirTemp("", "notion-smoke-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	program, err := build(ctx, work)
	if err != nil {
		return 0, err
	}
	reference, err := startSimulator(ctx)
	if err != nil {
		return 0, err
	}
	defer reference.close()
	target, err := chooseTarget(ctx)
	if err != nil {
		return 0, err
	}
	defer target.close()
	fmt.Fprintln(out, target.introduction())
	if err := inspect(ctx, out, target); err != nil {
		return 0, err
	}
	token := strings.ReplaceAll(uuid.NewString(), "-", "")[:8]
	body := payload(token)
	undisturbed, err := publish(ctx, reference, program, filepath.Join(work, "reference"), body, nil)
	if err != nil {
		return 0, fmt.Errorf("publish to the simulator: %w", err)
	}
	want, err := readPages(ctx, reference, undisturbed, nil)
	if err != nil {
		return 0, err
	}

	defer func() {
		trashed, trashErr := target.trash(context.WithoutCancel(ctx))
		sayf(out, "trash", "%d rows, with everything below them", trashed)
		if err == nil {
			err = trashErr
		}
	}()
	published, err := publish(ctx, target, program, filepath.Join(work, "target"), body, slices.Clone(deaths))
	if err != nil {
		return 0, fmt.Errorf("publish to %s: %w", target.name, err)
	}
	sayf(out, "report", "%d requests, %d of them writes; killed %d times; complete after %s", published.requests, published.writes, published.killed, published.took.Round(time.Second))
	sayf(out, "repeat", "the same pages, and no write")
	got, err := readPages(ctx, target, published, want.lines)
	if err != nil {
		return 0, err
	}
	differences += comparePages(out, want, got)
	differences += reportRefusals(out, published.refusals)
	found, err := compareAnswers(ctx, out, expectations, reference, undisturbed.rowID, target, published.rowID)
	return differences + found, err
}

// inspect stops at a set-up with which no report would be published.
func inspect(ctx context.Context, out io.Writer, t *target) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	who, err := client.Whoami(ctx)
	if p := notion.ProblemOf(err); p != nil {
		return p
	}
	if err != nil {
		return err
	}
	problems, err := client.Inspect(ctx, notion.Setup{
		DatabaseID: t.databaseID, CoverURL: os.Getenv("HOMEPAGE_COVER_URL"),
		Columns: []notion.Column{{Type: "title"}, {Name: tree.StandardColumns.ReportType, Type: "rich_text"}, {Name: tree.StandardColumns.ContactEmail, Type: "email"}},
	})
	if err != nil {
		return err
	}
	for _, p := range problems {
		sayf(out, "preflight", "%s: %s", p.Code, p)
	}
	if len(problems) > 0 {
		return problems[0]
	}
	sayf(out, "preflight", "integration “%s” of the workspace “%s”, and nothing wrong", who.Name, who.Workspace)
	return nil
}

// comparePages tells what a reader sees otherwise than on the simulator.
func comparePages(out io.Writer, want, got pages) (differences int) {
	if missing := got.without(everyKind); len(missing) > 0 {
		sayf(out, "pages", "no block of the kinds %v", missing)
		differences++
	}
	diff := cmp.Diff(want.lines, got.lines)
	if diff == "" {
		sayf(out, "pages", "%d blocks and rows, as on the simulator", len(got.lines))
		return differences
	}
	sayf(out, "pages", "they differ (-simulator +Notion):\n%s", diff)
	return differences + 1
}

// reportRefusals tells which requests of the program were not answered 200.
func reportRefusals(out io.Writer, refusals []string) int {
	for _, r := range refusals {
		sayf(out, "refused", "%s", r)
	}
	return len(refusals)
}

func sayf(out io.Writer, subject, format string, args ...any) {
	fmt.Fprintf(out, "%-13s %s\n", subject, fmt.Sprintf(format, args...))
}
