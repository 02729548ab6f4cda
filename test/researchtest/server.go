// Package researchtest runs a real PostgreSQL server for the time of a test,
// with the tables of the research platform and runs to fill them with.
//
// The kept library for this, embedded-postgres, was tried: it starts the server
// as the user of the test, and PostgreSQL refuses to run as root, which is what
// a container's user is.
package researchtest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

const (
	name     = "research"
	password = "not a secret: p@ss/word"
)

// Server is a running PostgreSQL server.
type Server struct {
	dir string // its socket is here, and it listens nowhere else
}

// Start runs a server until the test ends. Where PostgreSQL is not installed
// the test fails.
func Start(tb testing.TB) *Server {
	tb.Helper()
	bin := binaries(tb)
	dir := tb.TempDir()
	s := &Server{dir: dir}
	owner := unprivileged(tb, dir)
	data, secret := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil { //nolint:gosec // initdb reads it as another user
		tb.Fatal(err)
	}
	initdb := owner.command(tb, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", name, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	owner.run(tb, filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off")
	s.Exec(tb, schema)
	return s
}

// URL is the address of the server's database for its owner.
func (s *Server) URL() string { return s.url(password) }

// URLWithWrongPassword is the address with a password that is refused.
func (s *Server) URLWithWrongPassword() string { return s.url("wrong " + password) }

func (s *Server) url(password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(name, password), Path: "/postgres", RawQuery: "host=" + url.QueryEscape(s.dir)}
	return u.String()
}

// Exec runs a statement.
func (s *Server) Exec(tb testing.TB, statement string, arguments ...any) {
	tb.Helper()
	conn := s.Connect(tb)
	if _, err := conn.Exec(tb.Context(), statement, arguments...); err != nil {
		tb.Fatal(err)
	}
	if err := conn.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// Connect opens a connection, which is closed at the latest when the test ends.
func (s *Server) Connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), s.URL())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
	})
	return conn
}

// binaries finds the newest PostgreSQL, which Debian does not put on the PATH.
func binaries(tb testing.TB) string {
	tb.Helper()
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // fails for no other pattern than a wrong one
	if onPath, err := exec.LookPath("postgres"); err == nil {
		installed = append(installed, onPath)
	}
	if len(installed) == 0 {
		tb.Fatal("PostgreSQL is not installed (Debian has it in postgresql)")
	}
	return filepath.Dir(slices.Max(installed))
}

// account is the user that the server runs as; nil is the test's own.
type account struct{ credential *syscall.Credential }

// unprivileged finds a user for the server, which refuses to run as root, and
// gives it the folder.
func unprivileged(tb testing.TB, dir string) account {
	tb.Helper()
	if os.Getuid() != 0 {
		return account{}
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		tb.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(owner.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(owner.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		tb.Fatal(err)
	}
	// The folder above is the test's, too, and closed to others.
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chown(d, int(uid), int(gid)); err != nil {
			tb.Fatal(err)
		}
	}
	return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func (a account) command(tb testing.TB, path string, arguments ...string) *exec.Cmd {
	tb.Helper()
	// Not the test's context, which ends before the server is told to stop.
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), path, arguments...) //nolint:gosec // paths of ours
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return command
}

// run starts the server, returns when it says that it is ready, and stops it
// when the test ends.
func (a account) run(tb testing.TB, path string, arguments ...string) {
	tb.Helper()
	server := a.command(tb, path, arguments...)
	stderr, err := server.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "ready to accept connections") {
		said.WriteString(lines.Text() + "\n")
	}
	drained := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, stderr)
		drained <- err
	}()
	tb.Cleanup(func() { // SIGINT is PostgreSQL's fast shutdown
		if err := errors.Join(server.Process.Signal(os.Interrupt), <-drained, server.Wait()); err != nil {
			tb.Errorf("stop PostgreSQL: %v\n%s", err, said.String())
		}
	})
	if !strings.Contains(lines.Text(), "ready to accept connections") {
		tb.Fatalf("PostgreSQL did not start:\n%s", said.String())
	}
}
