package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/local/notionview"
	"notionrelay/operate/folder"
	"notionrelay/shared/config"
	"notionrelay/shared/copywriter"
	"notionrelay/shared/logs"
	"notionrelay/shared/notion"
	"notionrelay/shared/parameters"
	"notionrelay/shared/queue"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
)

// settings are those of the three functions, all optional on one machine.
type settings struct {
	Webhook   intake.Settings
	Publisher publish.Settings
	Enricher  enrich.Settings
}

// simulatorKeeps is how many bytes of pages the simulated Notion keeps, some
// 30,000 blocks, before it forgets the oldest rows: 75 MB of memory.
const simulatorKeeps = 24 << 20

// run starts the system, says that it is ready, and stops it when ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is in the error
	var at place
	flags.StringVar(&at.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flags.StringVar(&at.data, "data", ".notionrelay/", "`folder` that keeps everything durable")
	flags.StringVar(&at.url, "url", "", "`address` at which others reach it, such as https://relay.example.org, where a proxy is in between")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		usage(flags, stdout)
		return nil
	} else if err != nil {
		return fmt.Errorf("%w: see -h", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q is not known: see -h", flags.Arg(0))
	}
	if at.data == "" { // as "$DIR" is where it is not set; it would be the current folder
		return errors.New("-data names no folder")
	}
	log := slog.New(logs.NewHandler(slog.NewTextHandler(stderr, nil)))
	env, err := config.ForMachine[settings](ctx, parameters.OnDemand{}, log)
	if err != nil {
		return err
	}
	s, err := open(ctx, env, at, log)
	if err != nil {
		return err
	}
	well := s.simulator != nil || lookAtNotion(ctx, s.publisher.Notion, publish.Setup(s.publisher.Database, s.publisher.CoverURL), s.log)
	if ctx.Err() != nil { // it was told to end meanwhile
		return s.close()
	}
	if err := folder.SetAddress(at.data, s.url()); err != nil {
		return errors.Join(err, s.close())
	}
	fmt.Fprintf(stdout, "ready %s\n", s.url())
	s.greet(stderr)
	if !well {
		go s.watchNotion(ctx)
	}
	return errors.Join(s.serve(ctx), s.close())
}

// url is where the system can be reached from this machine.
func (s *system) url() string {
	addr := s.listener.Addr().String()
	if tcp, ok := s.listener.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port)) // also where it is [::]
	}
	return "http://" + addr
}

// greet says where to look and what to send.
func (s *system) greet(out io.Writer) {
	address := cmp.Or(s.public, s.url())
	fmt.Fprintf(out, "\nNotion Relay is at %s\n\n  send a report:  %s\n", address, curl(address, s.auth.Open()))
	pages := s.target
	if s.simulator != nil {
		pages = address + notionview.Path
	}
	fmt.Fprintf(out, "  see how it is:  %s\n  see the pages:  %s\n\n", address+runsPath, pages)
}

// usage says which flags and which variables of the environment there are.
func usage(flags *flag.FlagSet, out io.Writer) {
	fmt.Fprintln(out, "Runs the whole of Notion Relay on this machine.\n\nFlags:")
	flags.SetOutput(out)
	flags.PrintDefaults()
	fmt.Fprintln(out, "\nEnvironment, all of it optional; docs/contract.md explains each:")
	named := map[string]bool{}
	for _, s := range config.Settings[settings]() {
		if named[s.Variable] { // two functions read it
			continue
		}
		named[s.Variable] = true
		if !strings.HasSuffix(s.Variable, "QUEUE_URL") && !strings.HasSuffix(s.Variable, "DLQ_URL") && s.Variable != "RUNS_TABLE" { // AWS's
			fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %-22s %s", s.Variable, s.Default), " "))
		}
	}
}

// place is where the system is: where it listens, where it keeps what is durable,
// and at which address others reach it, if that is another one.
type place struct{ addr, data, url string }

// system is everything that runs, wired.
type system struct {
	log       *slog.Logger
	public    string // where others reach it, if that is said
	auth      *intake.Auth
	webhook   *intake.Handler
	members   *members
	db        *embedded.DB
	simulator *notionsim.Sim // nil when there is a real Notion
	listener  net.Listener
	server    *http.Server
	target    string // where reports are published
	publishes *embedded.Queue
	publisher *publish.Publisher
	enriches  *embedded.Queue
	waits     *embedded.Queue
	enricher  *enrich.Enricher
}

func open(ctx context.Context, env settings, at place, log *slog.Logger) (s *system, err error) {
	public, err := publicURL(at.url)
	if err != nil {
		return nil, err
	}
	auth, err := newAuth(env, at.addr, public)
	if err != nil {
		return nil, err
	}
	s = &system{log: log, public: public, auth: auth, members: newMembers(auth)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.db, err = embedded.Open(at.data); err != nil {
		return s, err
	}
	if s.listener, err = listen(ctx, at.addr); err != nil {
		return s, err
	}
	pageBase, err := s.openNotion(&env, at.data)
	if err != nil {
		return s, err
	}
	s.target = folder.NotionOf(env.Publisher, s.simulator != nil)
	if err := bind(ctx, s.db, at.data, s.target); err != nil {
		return s, err
	}
	if err := s.connect(env); err != nil {
		return s, err
	}
	s.webhook = &intake.Handler{
		Runs: s.db.Runs(), Queue: turnEnding{s.publishes}, Accept: s.accept,
		Auth: auth, PageBase: pageBase, Base: public, Log: log.With("function", "webhook"),
	}
	s.server = s.newServer(s.routes(s.webhook.Routes()), log)
	return s, nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: another program does: stop that one, or give another address with -addr", addr)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// accept stores a report, which ends its request's turn.
func (s *system) accept(ctx context.Context, run runs.Run, m queue.Outgoing) (stored runs.Run, created bool, err error) {
	if stored, created, err = s.db.Runs().CreateAndSend(ctx, run, s.publishes, m); created {
		endTurn(ctx)
	}
	return stored, created, err
}

// connect puts the queues between the publisher and the enricher, and gives
// them the AI and the research database that are configured.
func (s *system) connect(env settings) error {
	queues := folder.QueuesOf(s.db)
	s.publishes, s.enriches, s.waits = queues.Publish, queues.Enrich, queues.Waiting
	s.publisher.Runs, s.publisher.PublishQueue, s.publisher.DeadLetters = store{s.db.Runs(), s.waits, s.log}, s.publishes, queues.PublishDead
	s.publisher.Pauses = s.db.Runs()
	s.publisher.EnrichQueue, s.publisher.WaitingQueue = s.enriches, waitingQueue{s.waits}
	s.enricher = &enrich.Enricher{PublishQueue: s.publishes, EnrichQueue: s.enriches, WaitingQueue: s.waits, Log: s.log.With("function", "enricher")}
	if env.Enricher.AIAPIKey != "" {
		s.enricher.Writer = copywriter.New(copywriter.Options{
			APIKey: env.Enricher.AIAPIKey.Reveal(), BaseURL: env.Enricher.AIBaseURL, TitleModel: env.Enricher.AITitleModel, IntroModel: env.Enricher.AIIntroModel,
		})
	}
	if env.Publisher.ResearchDatabaseURL != "" {
		database, err := research.Open(env.Publisher.ResearchDatabaseURL.Reveal())
		if err != nil {
			return err
		}
		s.publisher.Research, s.enricher.Research = database, database
	}
	return nil
}

// openNotion makes the publisher with its way to Notion: the configured one,
// else a simulator. It returns what comes before a page id in links.
func (s *system) openNotion(env *settings, data string) (pageBase string, err error) {
	options := notion.Options{
		Token: env.Publisher.NotionAPIKey.Reveal(), BaseURL: env.Publisher.NotionBaseURL,
		MinGap: env.Publisher.NotionMinGap, Budget: env.Publisher.NotionBudget, Log: s.log.With("function", "publisher"),
	}
	switch {
	case env.Publisher.NotionAPIKey == "" && env.Publisher.NotionBaseURL == "":
		s.simulator, err = notionsim.Open(notionsim.Options{Budget: max(env.Publisher.NotionBudget, notionsim.DefaultBudget), Dir: filepath.Join(data, "notion"), Keep: simulatorKeeps, Spare: s.isWritten})
		if err != nil {
			return "", err
		}
		options.Token, options.Transport = "simulator", s.simulator.Transport()
		env.Publisher.NotionDatabaseID = s.simulator.DatabaseID()
		pageBase = notionview.Path
	case env.Publisher.NotionAPIKey == "" || env.Publisher.NotionDatabaseID == "":
		return "", errors.New("a Notion is configured, so NOTION_API_KEY and NOTION_DATABASE_ID are both needed")
	}
	client, err := notion.New(options)
	s.publisher = &publish.Publisher{
		Notion: client, Database: env.Publisher.Database(), CoverURL: env.Publisher.HomepageCoverURL,
		// Only one process can have the data folder, so a lease of this name was
		// left by one that has died.
		Owner: "local", Log: s.log.With("function", "publisher"),
	}
	return pageBase, err
}

// isWritten tells whether the run is under way that a row belongs to. The simulator
// keeps it then: without its pages the run would fail.
func (s *system) isWritten(row string) bool {
	id, err := s.db.Runs().OwnerOf(context.Background(), row)
	if err != nil || id == "" {
		return err != nil // nobody knows
	}
	run, err := s.db.Runs().Get(context.Background(), id)
	return err != nil || !run.Ended()
}

// newAuth refuses to offer an unprotected webhook to other machines.
func newAuth(env settings, addr, public string) (*intake.Auth, error) {
	auth, err := intake.NewAuth(config.Reveal(env.Webhook.WebhookSecrets), env.Webhook.StatusTokenKey.Reveal())
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("read address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); auth.Open() && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("without WEBHOOK_SECRETS there is no authentication, so %s cannot be listened on: use a loopback address or set a secret", addr)
	}
	if auth.Open() && !isThisMachine(public) {
		return nil, fmt.Errorf("without WEBHOOK_SECRETS there is no authentication, so nobody else may reach it at %s: set a secret", public)
	}
	return auth, nil
}

// serve works until ctx ends, then lets running requests and the delivery's
// current write finish.
func (s *system) serve(ctx context.Context) error {
	var wait sync.WaitGroup
	s.publisher.Stop, s.webhook.Stop = ctx.Done(), ctx.Done()
	requests, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	s.server.BaseContext = func(net.Listener) context.Context { return requests }
	pollCtx, stopPolling := context.WithCancel(ctx)
	poll := func(source queue.Source, name string, handler queue.Handler, timeout time.Duration) {
		wait.Go(func() {
			queue.Poll(pollCtx, source, handler, queue.Mapping{
				ARN: "arn:aws:sqs:local:000000000000:" + name, BatchSize: 1, Timeout: timeout, Logger: s.log,
			})
		})
	}
	poll(&pausable{Source: s.publishes, runs: s.db.Runs(), log: s.log}, "publish.fifo", s.publisher.Handle, publish.Timeout)
	enricher := brokenOffBy(requests, s.enricher.Handle)
	poll(s.enriches, "enrich", enricher, enrich.Timeout)
	poll(s.waits, "waiting", enricher, enrich.Timeout)
	failed := make(chan error, 1)
	wait.Go(func() { failed <- s.server.Serve(newDoor(s.listener, maxConnections)) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopPolling()
	defer time.AfterFunc(lastPatience, cutOff).Stop()
	shutdownCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if s.server.Shutdown(shutdownCtx) != nil { // someone does not take his answer
		err = errors.Join(err, s.server.Close())
	}
	wait.Wait()
	return err
}

// brokenOffBy ends a handler's work with end as well. What the enricher has asked for
// is asked for again at the next start, so nobody waits until an AI has answered.
func brokenOffBy(end context.Context, handler queue.Handler) queue.Handler {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(end, cancel)()
		return handler(ctx, event)
	}
}

// close gives back the files and the address, in the reverse order of open.
func (s *system) close() error {
	var errs []error
	if s.simulator != nil {
		errs = append(errs, s.simulator.Close())
	}
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
