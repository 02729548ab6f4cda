// Package awstest runs servers that speak SQS and DynamoDB for the time of a
// test: ElasticMQ, and Amazon's own DynamoDB Local. `make servers` installs
// them; they need Java 17.
package awstest

import (
	"bytes"
	"context"
	"fmt"
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
	name      string                     // of its folder below bin, where its jars are
	main      string                     // class
	options   func(port string) []string // of the virtual machine
	arguments func(port string) []string // of the program
	health    string                     // path that answers as soon as the server is ready
}

const (
	startTime = 2 * time.Minute // that a busy machine may need
	pollGap   = 50 * time.Millisecond
)

// start runs a server until the test ends and returns its address. Where it is
// not installed the test fails.
func (j java) start(tb testing.TB) (endpoint string) {
	tb.Helper()
	program, jars := j.installed(tb)
	port := freePort(tb)
	arguments := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", filepath.Join(jars, "*")}
	arguments = append(arguments, j.options(port)...)
	arguments = append(append(arguments, j.main), j.arguments(port)...)
	// Not the test's context, which ends before the server is told to stop.
	server := exec.CommandContext(context.WithoutCancel(tb.Context()), program, arguments...) //nolint:gosec // paths of ours
	server.Dir = tb.TempDir()
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = server.Wait() // how it ends says nothing: it is stopped by a signal
		close(exited)
	}()
	tb.Cleanup(func() {
		if err := server.Process.Signal(syscall.SIGTERM); err != nil {
			tb.Errorf("stop %s, which has ended before: %v\n%s", j.name, err, said.String())
		}
		<-exited
	})
	endpoint = "http://" + net.JoinHostPort("127.0.0.1", port)
	if err := waitUntilHealthy(tb.Context(), endpoint+j.health, exited); err != nil {
		_ = server.Process.Kill()
		<-exited
		tb.Fatalf("start %s: %v\n%s", j.name, err, said.String())
	}
	return endpoint
}

// installed finds Java and the folder with the server's jars.
func (j java) installed(tb testing.TB) (program, jars string) {
	tb.Helper()
	program, err := exec.LookPath("java")
	if err != nil {
		tb.Fatalf("Java is not installed: %v", err)
	}
	jars = filepath.Join(root(tb), "bin", j.name)
	if _, err := os.Stat(filepath.Join(jars, "pom.xml")); err != nil {
		tb.Fatalf("%s is not installed; `make servers` does it: %v", j.name, err)
	}
	return program, jars
}

// root is the project's folder.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("the test does not run inside of the project")
		}
	}
}

// freePort finds a port that nothing listens on.
func freePort(tb testing.TB) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
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

// config is for a client of a server, which has no connection left when the
// test is over.
func config(tb testing.TB, endpoint string) aws.Config {
	tb.Helper()
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		BaseEndpoint: &endpoint,
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, AccessKey, ""),
		HTTPClient:   &http.Client{Transport: transport},
	}
}
