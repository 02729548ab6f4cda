package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"notionrelay/operate"
	"notionrelay/operate/folder"
	"notionrelay/operate/stack"
	"notionrelay/shared/logs"
	"notionrelay/shared/runs"
)

const name = "relayctl"

// Exit codes.
const (
	exitFailed  = 1 // the command did not get to its end
	exitUsage   = 2 // it was called wrongly
	exitTrouble = 3 // it has worked, and found something that needs a person
	exitUnknown = 4 // there is no such report, run or dead letter
)

// cli is what can be asked for. Kong reads it.
type cli struct {
	target

	JSON    bool             `help:"Print JSON instead of text." short:"j"`
	Version kong.VersionFlag `help:"Print the version, for a report of a mistake."`

	Runs        runsCommand        `cmd:"" help:"List runs, the newest first."`
	Status      statusCommand      `cmd:"" help:"Show how far a report has come."`
	Watch       watchCommand       `cmd:"" help:"Watch queues and runs on a live screen, with keys for what is to be done."`
	Explain     explainCommand     `cmd:"" help:"Say what has happened to a report or what a code means, and what to do."`
	DeadLetters deadLettersCommand `cmd:"" help:"List, show, put back or drop dead letters."`
	Send        sendCommand        `cmd:"" help:"Send a report and follow it until it is complete."`
	Preview     previewCommand     `cmd:"" help:"Show what would become of a report, without any Notion."`
	Doctor      doctorCommand      `cmd:"" help:"Look at everything that is needed, and say what is wrong and what to do."`
	Pause       pauseCommand       `cmd:"" help:"Stop the publisher within one request. What is sent meanwhile waits."`
	Resume      resumeCommand      `cmd:"" help:"Let the publisher go on."`
	Completion  completionCommand  `cmd:"" help:"Print what makes a shell complete commands and flags."`
}

// target says which Notion Relay is meant.
type target struct {
	Data  string `help:"The data folder of a Notion Relay on this machine, else $RELAY_DATA." placeholder:"DIR" xor:"target"`
	Stack string `help:"The name of a stack on AWS, else $RELAY_STACK." placeholder:"NAME" xor:"target"`
}

// orEnvironment is what the environment says where no flag does.
func (t target) orEnvironment() (target, error) {
	if t != (target{}) {
		return t, nil
	}
	t = target{Data: os.Getenv("RELAY_DATA"), Stack: os.Getenv("RELAY_STACK")}
	if t.Data != "" && t.Stack != "" {
		return t, errors.New("RELAY_DATA and RELAY_STACK are both set: say --data DIR or --stack NAME")
	}
	return t, nil
}

// defaultData is where cmd/local keeps its data unless it is told otherwise.
const defaultData = ".notionrelay"

// errTrouble ends a command that has worked and said what needs a person.
var errTrouble = errors.New("something needs a person")

// session is what commands work with.
type session struct {
	context.Context //nolint:containedctx // it lives as long as the command

	in       io.Reader
	out      io.Writer
	errs     io.Writer
	json     bool
	log      *slog.Logger
	target   target
	closeAll func() error
}

// run is the whole command. It returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name(name), kong.Description(description), kong.Writers(out, errs),
		kong.Exit(func(n int) { code = n }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError(),
		kong.Vars{"version": version(), "states": states(), "pauseReason": defaultPauseReason, "pauseWait": defaultPauseWait.String()})
	if err != nil {
		panic(err) // the grammar is ours
	}
	if complete(out, parser.Model.Node) {
		return 0
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // help was asked for
		return code
	}
	if err == nil {
		c.target, err = c.orEnvironment()
	}
	if err != nil {
		fmt.Fprintf(errs, "relayctl: %s; see relayctl --help\n", err)
		return exitUsage
	}
	s := &session{
		Context: ctx, in: in, out: out, errs: errs, json: c.JSON, target: c.target,
		log: slog.New(logs.NewHandler(slog.NewTextHandler(errs, nil))), closeAll: func() error { return nil },
	}
	err = parsed.Run(s)
	return s.end(errors.Join(err, s.closeAll()))
}

// version is that of the commit that the program was built from, as far as Go has
// noted it, and that of Go.
func version() string {
	built, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	return name + " " + built.Main.Version + " " + built.GoVersion
}

const description = `The operator's tool of Notion Relay.

It works on a stack on AWS (--stack, with the credentials of the AWS CLI), on a data folder of this machine (--data, running or not), or on what the environment of a function names. Without any of them it takes ` + defaultData + `/ in the current folder.

Exit codes: 0 done; 1 failed; 2 called wrongly; 3 done, and something needs a person; 4 there is no such report, run or dead letter.`

// end says what went wrong, if anything, and returns the exit code.
func (s *session) end(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errTrouble):
		return exitTrouble
	}
	if errors.Is(err, context.Canceled) && s.Err() != nil {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(s.errs, "relayctl:", operate.Harmless(err.Error()))
	if errors.Is(err, runs.ErrNotFound) || errors.Is(err, errNoLetter) {
		return exitUnknown
	}
	return exitFailed
}

// inEnvironment tells whether the environment is that of a function, and nothing
// else was meant.
func (s *session) inEnvironment() bool {
	return s.target.Stack == "" && s.target.Data == "" && os.Getenv("PUBLISH_QUEUE_URL") != ""
}

// open finds the Notion Relay that is meant.
func (s *session) open() (system *operate.System, err error) {
	switch {
	case s.target.Stack != "":
		return stack.Open(s, s.target.Stack, s.log)
	case s.inEnvironment():
		return stack.FromEnvironment(s, s.log)
	}
	if s.target.Data == "" {
		if _, err := os.Stat(defaultData); err != nil {
			return nil, fmt.Errorf("there is no data folder %s/ here: say --data DIR or --stack NAME", defaultData)
		}
	}
	system, s.closeAll, err = folder.Open(s.folder(), s.log)
	if err != nil {
		s.closeAll = func() error { return nil }
	}
	return system, err
}

// folder is the data folder that is meant.
func (s *session) folder() string { return strings.TrimSuffix(cmp.Or(s.target.Data, defaultData), "/") }
