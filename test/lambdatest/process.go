package lambdatest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// process is a running bootstrap and the runtime API that it alone speaks to,
// so that no event can go to a process that is gone.
type process struct {
	command *exec.Cmd
	server  *http.Server
	events  chan *invocation // taken by the process when it asks for the next
	current chan *invocation // of length one: what it has taken and not answered
	failed  chan error       // of length one: why its initialisation has failed
	exited  chan struct{}
	served  chan struct{} // closed when the server is
}

// invocation is an event on its way through a function.
type invocation struct {
	id      string
	event   []byte
	timeout time.Duration
	taken   chan time.Time // of length one: until when it is to be answered
	result  chan result    // of length one
}

type result struct {
	answer []byte
	err    error
}

func newInvocation(event []byte, timeout time.Duration) *invocation {
	return &invocation{
		id: uuid.NewString(), event: event, timeout: timeout,
		taken: make(chan time.Time, 1), result: make(chan result, 1),
	}
}

// start runs a bootstrap with the environment that Lambda gives it
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
func start(bootstrap string, environment map[string]string, said io.Writer) (*process, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{
		command: exec.Command(bootstrap), //nolint:noctx // it ends when it is killed
		events:  make(chan *invocation), current: make(chan *invocation, 1), failed: make(chan error, 1),
		exited: make(chan struct{}), served: make(chan struct{}),
	}
	p.server = &http.Server{Handler: p.api(), ReadHeaderTimeout: time.Minute}
	p.command.Dir = filepath.Dir(bootstrap)
	p.command.Stdout, p.command.Stderr = said, said
	p.command.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=" + filepath.Base(p.command.Dir),
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02/[$LATEST]") + rand.Text(),
		"_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + p.command.Dir, "TZ=:UTC", "PATH=/usr/local/bin:/usr/bin:/bin",
	}
	for name, value := range environment {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener) // until it is closed
	}()
	if err := p.command.Start(); err != nil {
		close(p.exited)
		p.stopServing()
		return nil, err
	}
	go func() {
		_ = p.command.Wait() // a killed process always ends with an error
		close(p.exited)
	}()
	return p, nil
}

// kill ends the process and its runtime API, more than once if need be.
func (p *process) kill() {
	_ = p.command.Process.Kill() // fails when it has ended
	<-p.exited
	p.stopServing()
}

func (p *process) stopServing() {
	_ = p.server.Close() // whoever is connected is gone
	<-p.served
}

func (p *process) peakMemory() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the process's memory: %w", err)
	}
	_, peak, found := strings.Cut(string(status), "\nVmHWM:")
	if !found { // a process that has ended has no memory
		return 0, ErrExited
	}
	var kilobytes int
	_, err = fmt.Sscan(peak, &kilobytes)
	return kilobytes << 10, err
}

// take gives the process an event as soon as it asks for one.
func (p *process) take(ctx context.Context, i *invocation, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case p.events <- i:
		return nil
	case err := <-p.failed:
		return err
	case <-p.exited:
		return ErrExited
	case <-timer.C:
		return fmt.Errorf("it did not ask for an event in %s: %w", patience, ErrTimedOut)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait returns the answer to an event that the process has taken.
func (p *process) wait(ctx context.Context, i *invocation) ([]byte, error) {
	timer := time.NewTimer(time.Until(<-i.taken))
	defer timer.Stop()
	select {
	case r := <-i.result:
		return r.answer, r.err
	case <-p.exited:
	case <-timer.C:
		return nil, ErrTimedOut
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-i.result: // it came just before the end
		return r.answer, r.err
	default:
		return nil, ErrExited
	}
}

// api is the runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
func (p *process) api() http.Handler {
	const base = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/invocation/next", p.next)
	mux.HandleFunc("POST "+base+"/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		p.answered(w, r, func(body []byte) result { return result{answer: body} })
	})
	mux.HandleFunc("POST "+base+"/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		p.answered(w, r, func(body []byte) result { return result{err: functionError(body)} })
	})
	mux.HandleFunc("POST "+base+"/init/error", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it has gone
		}
		select {
		case p.failed <- functionError(body):
			w.WriteHeader(http.StatusAccepted)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	return mux
}

func (p *process) next(w http.ResponseWriter, r *http.Request) {
	var i *invocation
	select {
	case i = <-p.events:
	case <-r.Context().Done():
		return
	}
	deadline := time.Now().Add(i.timeout)
	p.current <- i
	i.taken <- deadline
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", i.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:"+filepath.Base(p.command.Dir))
	header.Set("Lambda-Runtime-Trace-Id", traceID(time.Now()))
	_, _ = w.Write(i.event) // a process that has gone is noticed by its exit
}

// answered ends the invocation that the process is at; an answer to any other
// is refused.
func (p *process) answered(w http.ResponseWriter, r *http.Request, read func(body []byte) result) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // half an answer is none
	}
	var i *invocation
	select {
	case i = <-p.current:
	default:
	}
	if i == nil || i.id != r.PathValue("id") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.result <- read(body)
	w.WriteHeader(http.StatusAccepted)
}

func functionError(body []byte) error {
	e := new(FunctionError)
	if err := json.Unmarshal(body, e); err != nil {
		return errors.Join(errors.New("read the function's error"), err)
	}
	return e
}

// traceID is one of X-Ray's, not sampled.
func traceID(at time.Time) string {
	id := uuid.New()
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", at.Unix(), id[:12], id[8:])
}
