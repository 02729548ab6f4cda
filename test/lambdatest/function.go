// Package lambdatest runs the bootstrap of a Lambda function, as it is
// deployed, under a server that speaks Lambda's runtime API.
package lambdatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"notionrelay/test/planted"
)

// ErrExited is returned by Invoke when the process has ended without an
// answer. The next invocation starts a new one.
var ErrExited = errors.New("the function's process has ended")

// ErrTimedOut is returned by Invoke when the function has not answered in its
// time. Its process has been killed, as Lambda does.
var ErrTimedOut = errors.New("the function timed out")

// FunctionError is what a function's handler has failed with.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// initTime is how long a process may take until it asks for its first event
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
const initTime = 10 * time.Second

// Options says how a function is configured.
type Options struct {
	Timeout     time.Duration     // of one invocation
	Environment map[string]string // all of it, but for what Lambda itself sets
}

// Function is one execution environment of a function: it works on one
// invocation at a time, in one process, which is started when it is needed.
type Function struct {
	bootstrap string
	options   Options
	logs      logs
	turn      sync.Mutex // held by the running invocation

	mu      sync.Mutex
	process *process // nil when there is none
}

// New makes an environment for the bootstrap at that path. It ends with the
// test; the process is killed then, if it is still there.
func New(tb testing.TB, bootstrap string, o Options) *Function {
	tb.Helper()
	f := &Function{bootstrap: bootstrap, options: o}
	tb.Cleanup(func() {
		f.Kill()
		for _, leak := range planted.Find(f.Logs()) {
			tb.Errorf("%s tells what it must not: %s", bootstrap, leak)
		}
	})
	return f
}

// Build compiles a function as `make build` does, but for this machine, into
// the folder, and returns the path of its bootstrap.
func Build(ctx context.Context, function, folder string) (bootstrap string, err error) {
	root, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return "", err
	}
	architecture, err := output(ctx, "go", "env", "GOHOSTARCH")
	if err != nil {
		return "", err
	}
	_, err = output(ctx, "make", "-C", root, "build", "FUNCTIONS="+function, "GOARCH="+architecture, "OUT="+folder)
	return filepath.Join(folder, function, "bootstrap"), err
}

func output(ctx context.Context, name string, arguments ...string) (string, error) {
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // commands of ours
	command.Stderr = &stderr
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, stderr.String())
	}
	return strings.TrimSpace(string(said)), nil
}

// Invoke gives the function an event and returns its answer: an error of its
// own as a *FunctionError, else ErrExited, ErrTimedOut or the context's error.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	i := newInvocation(event, f.options.Timeout)
	p, err := f.give(ctx, i)
	if err != nil {
		f.Kill()
		return nil, fmt.Errorf("start %s: %w", f.bootstrap, err)
	}
	answer, err := p.wait(ctx, i)
	if errors.Is(err, ErrTimedOut) || ctx.Err() != nil {
		f.Kill()
	}
	return answer, err
}

// Kill ends the process at once with SIGKILL, wherever it is, and returns when
// it is gone. An invocation in progress ends with ErrExited.
func (f *Function) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process != nil {
		f.process.kill()
		f.process = nil
	}
}

// Logs is what the function's processes have written so far. After Kill
// nothing is missing.
func (f *Function) Logs() string { return f.logs.String() }

// PeakMemory is how many bytes the function's process has had in memory at most
// since it was started (VmHWM, see proc_pid_status(5)).
func (f *Function) PeakMemory() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		return 0, ErrExited
	}
	return f.process.peakMemory()
}

// give has an event taken by the environment's process, or by a new one when
// there is none or it ends instead, as after a panic.
func (f *Function) give(ctx context.Context, i *invocation) (*process, error) {
	f.mu.Lock()
	p := f.process
	f.mu.Unlock()
	if p != nil {
		if err := p.take(ctx, i, initTime); !errors.Is(err, ErrExited) {
			return p, err
		}
		f.Kill()
	}
	p, err := start(f.bootstrap, f.options.Environment, &f.logs)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.process = p
	f.mu.Unlock()
	return p, p.take(ctx, i, initTime)
}

// logs keeps what several processes write.
type logs struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}
