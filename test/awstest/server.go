// Package awstest runs servers that speak SQS, DynamoDB and SSM, for the time of
// a test or for as long as somebody tries the functions by hand: ElasticMQ,
// Amazon's own DynamoDB Local, and a few lines of ours. `make servers` installs
// the first two; they need Java 17.
package awstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// The servers look at neither, but a client has to send both.
const (
	Region    = "us-east-1"
	AccessKey = "test" // and secret
)

// java describes a server that is a Java program.
type java struct {
	name      string                           // of its folder below bin, where its jars are
	main      string                           // class
	options   func(port, jars string) []string // of the virtual machine
	arguments func(port string) []string       // of the program
	health    string                           // path that answers as soon as the server is ready
}

const (
	startTime = 2 * time.Minute // that a busy machine may need
	pollGap   = 50 * time.Millisecond
)

// server is a Java program that runs.
type server struct {
	endpoint string
	client   *http.Transport // of the clients that config makes
	process  *os.Process
	exited   chan struct{}
	said     *bytes.Buffer // may be read when it has ended
	dir      string        // its own, where it leaves what it likes
}

// start runs a server and returns when it answers.
func (j java) start(ctx context.Context) (*server, error) {
	program, jars, err := j.installed()
	if err != nil {
		return nil, err
	}
	port, err := FreePort(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", j.name)
	if err != nil {
		return nil, err
	}
	arguments := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", filepath.Join(jars, "*")}
	arguments = append(arguments, j.options(port, jars)...)
	arguments = append(append(arguments, j.main), j.arguments(port)...)
	// Not the caller's context, which may end before the server is told to stop.
	command := exec.CommandContext(context.WithoutCancel(ctx), program, arguments...) //nolint:gosec // paths of ours
	s := &server{
		endpoint: "http://" + net.JoinHostPort("127.0.0.1", port), client: &http.Transport{},
		exited: make(chan struct{}), said: new(bytes.Buffer), dir: dir,
	}
	command.Dir, command.Stdout, command.Stderr = dir, s.said, s.said
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", j.name, err), os.RemoveAll(dir))
	}
	s.process = command.Process
	go func() {
		_ = command.Wait() // how it ends says nothing: it is stopped by a signal
		close(s.exited)
	}()
	if err := waitUntilHealthy(ctx, s.endpoint+j.health, s.exited); err != nil {
		_ = s.process.Kill()
		<-s.exited
		return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", j.name, err, s.said), os.RemoveAll(dir))
	}
	return s, nil
}

// Close stops the server. It is an error when the server has ended before.
func (s *server) Close() error {
	s.client.CloseIdleConnections()
	err := s.process.Signal(syscall.SIGTERM)
	<-s.exited
	if err != nil {
		err = fmt.Errorf("stop a server, which has ended before: %w\n%s", err, s.said)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// untilTheEnd closes a server when the test ends.
func untilTheEnd[S io.Closer](tb testing.TB, s S, err error) S {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// installed finds Java and the folder with the server's jars.
func (j java) installed() (program, jars string, err error) {
	if program, err = exec.LookPath("java"); err != nil {
		return "", "", fmt.Errorf("find Java: %w", err)
	}
	root, err := Root()
	if err != nil {
		return "", "", err
	}
	jars = filepath.Join(root, "bin", j.name)
	if _, err := os.Stat(filepath.Join(jars, "pom.xml")); err != nil {
		return "", "", fmt.Errorf("%s is not installed; `make servers` does it: %w", j.name, err)
	}
	return program, jars, nil
}

// Root is the project's folder, in which or below which the program has to run.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("this does not run inside of the project")
		}
	}
}

// FreePort finds a port that nothing listens on. It is below those that a kernel
// gives to whoever asks for any (ip(7), ip_local_port_range), so that nobody is given
// it before the server that is to have it has started.
func FreePort(ctx context.Context) (string, error) {
	const lowest, end = 10_000, 32_768
	for {
		port := strconv.Itoa(lowest + rand.IntN(end-lowest)) //nolint:gosec // it is no secret
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+port)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return port, listener.Close()
	}
}

// waitUntilHealthy returns when the address answers, whatever it says.
func waitUntilHealthy(ctx context.Context, url string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for {
		answer, err := client.Do(request)
		if err == nil {
			return answer.Body.Close()
		}
		select {
		case <-exited:
			return fmt.Errorf("it has ended")
		case <-ctx.Done():
			return fmt.Errorf("wait for it: %w", err)
		case <-time.After(pollGap):
		}
	}
}

// config is for a client of the server, which has no connection left when the
// server is closed.
func (s *server) config() aws.Config {
	return aws.Config{
		BaseEndpoint: &s.endpoint,
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, AccessKey, ""),
		HTTPClient:   &http.Client{Transport: s.client},
	}
}
