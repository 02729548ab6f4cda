// Package folder is the data folder of a Notion Relay on one machine: what its
// queues are, and the way of an operator to them, whether or not it runs.
package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/operate"
	"notionrelay/shared/notion"
)

// Open opens the data folder dir for an operator. Close gives it back.
func Open(dir string, log *slog.Logger) (system *operate.System, closeAll func() error, err error) {
	db, err := embedded.Attach(dir)
	if err != nil {
		return nil, nil, err
	}
	q := QueuesOf(db)
	return &operate.System{
		Name: "the data folder " + dir, Runs: db.Runs(), Signals: db.Runs(),
		Publish: operate.Queue{Name: "publish", FIFO: true, Main: q.Publish, Dead: q.PublishDead},
		Enrich:  operate.Queue{Name: "enrich", Main: q.Enrich, Dead: q.EnrichDead},
		Waiting: operate.Queue{Name: "waiting", Main: q.Waiting, Dead: q.WaitingDead},
		Works:   func(context.Context) (bool, error) { return embedded.InUse(dir) },
		Webhook: func(context.Context) (url, secret string, err error) { return webhook(dir) },
		Longest: publish.Timeout,
		Log:     log,
	}, db.Close, nil
}

// NotionOf is what a data folder that is begun with these settings belongs to.
func NotionOf(p publish.Settings, simulated bool) string {
	if simulated {
		return "the simulated Notion"
	}
	id := strings.ToLower(strings.ReplaceAll(p.NotionDatabaseID, "-", ""))
	return "the database " + id + " of " + cmp.Or(strings.TrimSuffix(p.NotionBaseURL, "/"), notion.DefaultBaseURL)
}

// Bound is the Notion that a data folder belongs to, or nothing when it has not been
// used yet.
func Bound(ctx context.Context, dir string) (bound string, err error) {
	db, err := embedded.Attach(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Bound(ctx)
}

// addressFile has the address of the process that works on the folder.
const addressFile = "address"

// SetAddress notes where the process that works on the folder listens.
func SetAddress(dir, url string) error {
	name := filepath.Join(dir, addressFile)
	err := os.Remove(name) // so that it is a file of ours, and for nobody else
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.WriteFile(name, []byte(url+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("note address: %w", err)
	}
	return nil
}

// webhook is the address of the process that works on the folder, and the first
// of the secrets in the environment.
func webhook(dir string) (url, secret string, err error) {
	used, err := embedded.InUse(dir)
	if err != nil {
		return "", "", err
	}
	address, err := os.ReadFile(filepath.Join(dir, addressFile)) //nolint:gosec // whoever calls says where
	if !used || err != nil {
		return "", "", fmt.Errorf("nobody works on %s: start it with go run ./cmd/local -data %s", dir, dir)
	}
	return strings.TrimSpace(string(address)), operate.FirstSecret(os.Getenv("WEBHOOK_SECRETS")), nil
}

// Queues are the queues of a data folder, with the attributes that template.yaml
// gives those on AWS.
type Queues struct {
	Publish, PublishDead *embedded.Queue
	Enrich, EnrichDead   *embedded.Queue
	Waiting, WaitingDead *embedded.Queue
}

// QueuesOf are the queues in that store.
func QueuesOf(db *embedded.DB) Queues {
	var q Queues
	q.PublishDead = db.Queue("publish-dead-letters", embedded.QueueOptions{FIFO: true})
	q.Publish = db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives, DeadLetter: q.PublishDead})
	q.EnrichDead = db.Queue("enrich-dead-letters", embedded.QueueOptions{})
	q.Enrich = db.Queue("enrich", embedded.QueueOptions{Visibility: enrich.Visibility, MaxReceives: enrich.MaxReceives, DeadLetter: q.EnrichDead})
	q.WaitingDead = db.Queue("waiting-dead-letters", embedded.QueueOptions{})
	q.Waiting = db.Queue("waiting", embedded.QueueOptions{Visibility: enrich.Visibility, MaxReceives: enrich.WaitingReceives, DeadLetter: q.WaitingDead})
	return q
}
