package lambdatest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"notionrelay/test/lambdatest"
)

// asFunction makes the test binary behave as a function's bootstrap.
const asFunction = "RELAY_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	switch os.Getenv(asFunction) {
	case "":
		goleak.VerifyTestMain(m)
	case "broken":
		log.Fatal("no settings")
	case "sleepy":
		select {}
	default:
		lambda.Start(handle)
	}
}

// seen is what a handler learns of its invocation.
type seen struct {
	Process   int
	Event     string
	RequestID string
	ARN       string
	TraceID   string
	Left      time.Duration
	Home      string
}

func handle(ctx context.Context, event string) (seen, error) {
	log.Print("handling ", event)
	switch event {
	case "fail":
		return seen{}, errors.New("it went wrong")
	case "panic":
		panic("at the disco")
	case "grow":
		grown = bytes.Repeat([]byte{1}, growth)
	case "shrink":
		grown = nil
		debug.FreeOSMemory()
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	}
	s := seen{Process: os.Getpid(), Event: event, Home: os.Getenv("HOME")}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		s.RequestID, s.ARN = invocation.AwsRequestID, invocation.InvokedFunctionArn
	}
	if deadline, ok := ctx.Deadline(); ok {
		s.Left = time.Until(deadline)
	}
	s.TraceID, _ = ctx.Value("x-amzn-trace-id").(string)
	return s, nil
}

// grown is what the function has been told to hold, growth bytes in all.
var grown []byte

const growth = 64 << 20

// function is this binary as a function that behaves in a certain way.
func function(t *testing.T, behaviour string, timeout time.Duration) *lambdatest.Function {
	t.Helper()
	return lambdatest.New(t, os.Args[0], lambdatest.Options{Timeout: timeout, Environment: map[string]string{asFunction: behaviour}})
}

// invoke sends an event that is answered.
func invoke(t *testing.T, f *lambdatest.Function, event string) (s seen) {
	t.Helper()
	answer, err := f.Invoke(t.Context(), encode(event))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func encode(event string) []byte {
	encoded, _ := json.Marshal(event)
	return encoded
}

func TestAProcessServesManyInvocations(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	first, second := invoke(t, f, "one"), invoke(t, f, "two")
	if first.Event != "one" || second.Event != "two" {
		t.Errorf("got answers to %q and %q", first.Event, second.Event)
	}
	if first.Process != second.Process || first.RequestID == second.RequestID {
		t.Errorf("got processes %d and %d, requests %s and %s, want one process and two requests", first.Process, second.Process, first.RequestID, second.RequestID)
	}
	if first.Left <= 0 || first.Left > time.Minute {
		t.Errorf("%s left of a minute", first.Left)
	}
	if !strings.HasPrefix(first.ARN, "arn:aws:lambda:") || !strings.HasPrefix(first.TraceID, "Root=1-") {
		t.Errorf("got function %q and trace %q", first.ARN, first.TraceID)
	}
	if first.Home != "" {
		t.Errorf("the function sees the environment of the test: HOME is %s", first.Home)
	}
	f.Kill() // which completes the logs
	if logs := f.Logs(); !strings.Contains(logs, "handling one\n") || !strings.Contains(logs, "handling two\n") {
		t.Errorf("got logs %q", logs)
	}
}

func TestTheMostMemoryOfAProcessIsKnown(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	if _, err := f.PeakMemory(); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("got %v before there is a process, want ErrExited", err)
	}
	peak := func(event string) int {
		invoke(t, f, event)
		peak, err := f.PeakMemory()
		if err != nil {
			t.Fatal(err)
		}
		return peak
	}
	small, grown, shrunk := peak("one"), peak("grow"), peak("shrink")
	if grown < growth || shrunk < grown {
		t.Errorf("got %d bytes after holding %d, and %d later", grown, growth, shrunk)
	}
	f.Kill()
	if fresh := peak("one"); small >= growth || fresh >= growth {
		t.Errorf("got %d and %d bytes for new processes", small, fresh)
	}
}

func TestAnInvocationThatFailsSaysHow(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	_, err := f.Invoke(t.Context(), encode("fail"))
	want := &lambdatest.FunctionError{Type: "errorString", Message: "it went wrong"}
	got, _ := errors.AsType[*lambdatest.FunctionError](err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	_, err = f.Invoke(t.Context(), encode("panic"))
	if got, ok := errors.AsType[*lambdatest.FunctionError](err); !ok || got.Message != "at the disco" {
		t.Errorf("got %v after a panic", err)
	}
	invoke(t, f, "again")
}

func TestAProcessThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	before := invoke(t, f, "before")
	if _, err := f.Invoke(t.Context(), encode("exit")); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("got %v, want ErrExited", err)
	}
	after := invoke(t, f, "after")
	f.Kill()
	last := invoke(t, f, "last")
	if before.Process == after.Process || after.Process == last.Process {
		t.Errorf("got processes %d, %d and %d, want three", before.Process, after.Process, last.Process)
	}
}

func TestAKilledProcessEndsItsInvocation(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	ended := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), encode("hang"))
		ended <- err
	}()
	for !strings.Contains(f.Logs(), "handling hang") {
		time.Sleep(time.Millisecond)
	}
	f.Kill()
	if err := <-ended; !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("got %v, want ErrExited", err)
	}
}

func TestAFunctionThatOutlivesItsTimeIsKilled(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", 5*time.Second) // of which a busy machine takes some to start it
	before := invoke(t, f, "before")
	if _, err := f.Invoke(t.Context(), encode("hang")); !errors.Is(err, lambdatest.ErrTimedOut) {
		t.Errorf("got %v, want ErrTimedOut", err)
	}
	if after := invoke(t, f, "after"); after.Process == before.Process {
		t.Error("the process has outlived its timeout")
	}
}

func TestACallerThatGivesUpEndsTheProcess(t *testing.T) {
	t.Parallel()
	f := function(t, "normal", time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, encode("hang")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	invoke(t, f, "after")
}

func TestABootstrapThatCannotStart(t *testing.T) {
	t.Parallel()
	f := function(t, "broken", time.Minute)
	if _, err := f.Invoke(t.Context(), encode("any")); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("got %v, want ErrExited", err)
	}
	if !strings.Contains(f.Logs(), "no settings") {
		t.Errorf("got logs %q", f.Logs())
	}
	missing := lambdatest.New(t, t.TempDir()+"/bootstrap", lambdatest.Options{})
	if _, err := missing.Invoke(t.Context(), encode("any")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a bootstrap that is not there", err)
	}
}

func TestBuildMakesAProductionBinary(t *testing.T) {
	t.Parallel()
	bootstrap, err := lambdatest.Build(t.Context(), "enricher", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	described, err := exec.CommandContext(t.Context(), "go", "version", "-m", bootstrap).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-tags=lambda.norpc", "-trimpath=true", "CGO_ENABLED=0"} {
		if !strings.Contains(string(described), want) {
			t.Errorf("it was not built with %s:\n%s", want, described)
		}
	}
	if _, err := lambdatest.Build(t.Context(), "nonsense", t.TempDir()); err == nil {
		t.Error("built a function that does not exist")
	}
}
