// Package samlocal runs what the functions need when the SAM CLI runs them on
// this machine (`sam local`): servers that stand in for SQS, DynamoDB, SSM and
// Notion, within reach of containers, with queues, table and secrets in them.
//
// The SAM CLI hands a function only those settings that its template declares,
// and has no value for what CloudFormation would know. So there is a copy of
// template.yaml that declares a few more, and a file with the values of all.
//
// `make sam-local` starts it for a developer, and `make e2e-sam` for a test of
// the very commands that the developer is told.
package samlocal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/local/notionview"
	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/awstest"
)

// Secret is what reports have to be sent with; it is in the events below events/.
const Secret = "local-webhook-secret" //nolint:gosec // it opens nothing but this

// Table is the name of the table of the run records.
const Table = "runs"

const notionToken = "notion-token"

// Cloud is what stands in for AWS and Notion.
type Cloud struct {
	SQS      *awstest.SQS
	DynamoDB *awstest.DynamoDB
	Notion   *notionsim.Sim

	// The queues by their addresses on this machine.
	PublishURL, EnrichURL, WaitingURL, DeadURL string

	root, dir string // the project's, and the one for template and settings
	pages     string // where Notion's pages are seen
	network   network
	closers   []func() error
}

// Start starts everything, and writes template and settings into the folder,
// which Close removes. The functions have to be built: the SAM CLI finds them
// where `sam build` leaves them.
func Start(ctx context.Context, dir string) (*Cloud, error) {
	root, err := awstest.Root()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	c := &Cloud{root: root, dir: dir}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close stops everything that Start has started.
func (c *Cloud) Close() error {
	var problems []error
	for _, stop := range slices.Backward(c.closers) {
		problems = append(problems, stop())
	}
	c.closers = nil
	return errors.Join(problems...)
}

func (c *Cloud) start(ctx context.Context) error {
	if err := c.makeNetwork(ctx); err != nil {
		return err
	}
	addresses, err := c.startServers(ctx)
	if err != nil {
		return err
	}
	settings := map[string]string{
		"PUBLISH_QUEUE_URL": c.PublishURL, "PUBLISH_DLQ_URL": c.DeadURL, "ENRICH_QUEUE_URL": c.EnrichURL, "WAITING_QUEUE_URL": c.WaitingURL,
		"RUNS_TABLE": Table, "NOTION_DATABASE_ID": c.Notion.DatabaseID(),
		// In the place of the developer's own, which the SAM CLI hands on.
		"AWS_ACCESS_KEY_ID": awstest.AccessKey, "AWS_SECRET_ACCESS_KEY": awstest.AccessKey, "AWS_SESSION_TOKEN": "", "AWS_REGION": awstest.Region,
	}
	for name, address := range addresses {
		if settings[name], err = c.reachable(ctx, address); err != nil {
			return err
		}
	}
	return c.writeFiles(settings)
}

// startServers starts the servers, and returns the settings that name them with
// their addresses on this machine.
func (c *Cloud) startServers(ctx context.Context) (map[string]string, error) {
	var err error
	if c.SQS, err = awstest.OpenSQS(ctx); err != nil {
		return nil, err
	}
	c.closeServer(c.SQS)
	if c.DynamoDB, err = awstest.OpenDynamoDB(ctx); err != nil {
		return nil, err
	}
	c.closeServer(c.DynamoDB)
	if err := c.makeQueuesAndTable(ctx); err != nil {
		return nil, err
	}
	const path = "/notion-relay/"
	parameters := awstest.OpenParameters(map[string]string{
		path + "notion-api-key": notionToken, path + "webhook-secrets": "an-older-webhook-secret," + Secret, path + "status-token-key": "key-of-the-status-links",
	})
	c.closeLast(parameters.Close)
	if c.Notion, err = notionsim.Open(notionsim.Options{Token: notionToken}); err != nil {
		return nil, err
	}
	notion := http.NewServeMux()
	notion.Handle("/", c.Notion)
	notion.Handle(notionview.Path, notionview.New(c.Notion, notionview.Options{}))
	address, err := c.serve(ctx, "127.0.0.1", notion)
	c.pages = address + notionview.Path
	return map[string]string{
		"AWS_ENDPOINT_URL_SQS": c.SQS.Endpoint, "AWS_ENDPOINT_URL_DYNAMODB": c.DynamoDB.Endpoint, "AWS_ENDPOINT_URL_SSM": parameters.Endpoint, "NOTION_BASE_URL": address,
	}, err
}

func (c *Cloud) makeQueuesAndTable(ctx context.Context) (err error) {
	if c.PublishURL, c.DeadURL, err = c.SQS.CreateQueues(ctx, "publish", awstest.Queues{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives}); err != nil {
		return err
	}
	if c.EnrichURL, _, err = c.SQS.CreateQueues(ctx, "enrich", awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.MaxReceives}); err != nil {
		return err
	}
	if c.WaitingURL, _, err = c.SQS.CreateQueues(ctx, "waiting", awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.WaitingReceives}); err != nil {
		return err
	}
	_, err = c.DynamoDB.Client.CreateTable(ctx, dynamoruns.Table(Table))
	return err
}

func (c *Cloud) closeLast(f func() error) { c.closers = append(c.closers, f) }

// closeServer closes a server that Ctrl-C in a terminal has ended already, which
// is then no error.
func (c *Cloud) closeServer(server io.Closer) {
	c.closeLast(func() error {
		_ = server.Close()
		return nil
	})
}

// serve serves on a free port of one of this machine's addresses.
func (c *Cloud) serve(ctx context.Context, host string, handler http.Handler) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("serve on %s: %w", host, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	c.closeLast(server.Close)
	return "http://" + listener.Addr().String(), nil
}

func (c *Cloud) templatePath() string { return filepath.Join(c.dir, "template.yaml") }
func (c *Cloud) settingsPath() string { return filepath.Join(c.dir, "settings.json") }

func (c *Cloud) writeFiles(settings map[string]string) error {
	if err := os.MkdirAll(c.dir, 0o750); err != nil {
		return err
	}
	c.closeLast(func() error { return os.RemoveAll(c.dir) })
	template, err := localTemplate(c.root, settings)
	if err != nil {
		return err
	}
	values, err := json.MarshalIndent(map[string]any{"Parameters": settings}, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(c.templatePath(), template, 0o600), os.WriteFile(c.settingsPath(), values, 0o600))
}
