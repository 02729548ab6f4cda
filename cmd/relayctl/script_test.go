package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"notionrelay/local/notionsim"
	"notionrelay/operate/folder"
	"notionrelay/test/golden"
	"notionrelay/test/planted"
)

// TestMain is also the command itself, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"relayctl": listenedTo})
}

// reportText is in the reports of the scripts.
const reportText = "secret words"

// listenedTo is the command, of which all that it prints is listened to. Whoever
// lists runs and dead letters sees nothing of a report; who asks for a preview does.
func listenedTo() {
	said := planted.Listen(reportText)
	code := untilSignal(io.MultiWriter(os.Stdout, said), io.MultiWriter(os.Stderr, said))
	if leaks := said.Leaks(); len(leaks) > 0 && !slices.Contains(os.Args, "preview") {
		fmt.Fprintf(os.Stderr, "it tells what it must not: %q\n", leaks)
		code = exitTold
	}
	os.Exit(code)
}

// exitTold is a code of which no script thinks that it is right.
const exitTold = 97

// The scripts call the command as an operator does, with a real cmd/local beside
// it that writes to a simulated Notion over HTTP. They have these of their own:
//
//	local start|stop|kill   cmd/local with the data folder $RELAY_DATA
//	id NAME RUN             puts the report id of the newest run into $NAME
//	notion refuse WORD      refuses what has the word in it, as invalid
//	notion rename|back      renames a column of the reports database, and back
//	notion mend             refuses nothing any more
//	notion tree             prints the pages
//	notion rows N           wants the database to have so many rows
func TestScripts(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "local")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../local")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cmd/local: %v\n%s", err, out)
	}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, error %v", len(scripts), err)
	}
	testscript.Run(t, testscript.Params{
		Files:               append(scripts, documentedScripts(t)...),
		RequireExplicitExec: true,
		UpdateScripts:       golden.Update(),
		Setup:               func(env *testscript.Env) error { return setUp(t, env, program) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"local":  func(ts *testscript.TestScript, _ bool, args []string) { stageOf(ts).local(ts, args[0]) },
			"id":     func(ts *testscript.TestScript, _ bool, args []string) { stageOf(ts).id(ts, args[0], args[1]) },
			"notion": func(ts *testscript.TestScript, _ bool, args []string) { stageOf(ts).notion(ts, args) },
		},
	})
}

// stage is what a script plays on.
type stage struct {
	program string
	env     *testscript.Env
	sim     *notionsim.Sim
	process *exec.Cmd
	log     *lockedBuffer     // of the process
	said    *planted.Listener // all logs
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func setUp(t *testing.T, env *testscript.Env, program string) error {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		return err
	}
	server := httptest.NewServer(sim)
	s := &stage{program: program, env: env, sim: sim, said: planted.Output(t, reportText)}
	env.Values[stageKey{}] = s
	env.Defer(func() {
		s.stop(os.Kill)
		server.Close()
		sim.Close()
	})
	env.Vars = append(env.Vars,
		"RELAY_DATA="+filepath.Join(env.WorkDir, "data"), "NOTION_API_KEY=secret-of-the-integration", "NOTION_DATABASE_ID="+sim.DatabaseID(),
		"NOTION_BASE_URL="+server.URL, "NOTION_MIN_GAP=0s", "NOTION_BUDGET=1000000")
	return nil
}

func (s *stage) local(ts *testscript.TestScript, what string) {
	switch what {
	case "start":
		ts.Check(s.start(ts))
	case "stop":
		s.stop(syscall.SIGTERM)
	case "kill":
		s.stop(os.Kill)
	default:
		ts.Fatalf("local %s is not known", what)
	}
}

func (s *stage) start(ts *testscript.TestScript) error {
	s.log = new(lockedBuffer)
	s.process = exec.Command(s.program, "-addr", "127.0.0.1:0", "-data", ts.Getenv("RELAY_DATA"))
	s.process.Env = append(slices.Clone(s.env.Vars), "WEBHOOK_SECRETS="+ts.Getenv("WEBHOOK_SECRETS"))
	s.process.Stderr = io.MultiWriter(s.log, s.said)
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		return fmt.Errorf("it said %q, %w:\n%s", line, err, s.log)
	}
	ts.Setenv("URL", url)
	return nil
}

func (s *stage) stop(signal os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(signal)
	_ = s.process.Wait() // by the signal
	s.process = nil
}

func (s *stage) id(ts *testscript.TestScript, name, runID string) {
	system, done, err := folder.Open(ts.Getenv("RELAY_DATA"), s.said.Log())
	ts.Check(err)
	run, err := system.Find(context.Background(), runID)
	ts.Check(errors.Join(err, done()))
	ts.Setenv(name, run.ReportID)
}

func (s *stage) notion(ts *testscript.TestScript, args []string) {
	switch args[0] {
	case "refuse":
		s.sim.Inject(notionsim.Fault{Times: -1, Status: 400, Code: "validation_error", Message: "body failed validation", Match: mentions(args[1])})
	case "rename":
		s.sim.People().RenameColumn(s.sim.DatabaseID(), "Contact Email", "Mail")
	case "back":
		s.sim.People().RenameColumn(s.sim.DatabaseID(), "Mail", "Contact Email")
	case "mend":
		s.sim.Mend()
	case "tree":
		_, err := io.WriteString(ts.Stdout(), day.ReplaceAllString(s.sim.Tree(), "MM/DD/YYYY"))
		ts.Check(err)
	case "rows":
		if rows := fmt.Sprint(strings.Count(s.sim.Tree(), "\n  #")); rows != args[1] {
			ts.Fatalf("the database has %s rows, want %s:\n%s", rows, args[1], s.sim.Tree())
		}
	default:
		ts.Fatalf("notion %s is not known", args[0])
	}
}

// day is in the titles of rows.
var day = regexp.MustCompile(`\d\d/\d\d/\d{4}`)

// mentions selects writes whose bodies have the word in them.
func mentions(word string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return err == nil && r.Method != http.MethodGet && bytes.Contains(body, []byte(word))
	}
}

// lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
