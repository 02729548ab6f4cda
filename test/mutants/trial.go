package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stage is a part of a package's tests.
type stage struct {
	folder    string
	arguments []string
	slow      bool
}

// The tests of the publisher that take seconds: those that play one long life, and
// those that play many.
const (
	long = "TestTroubleOf|TestANewReportOvertakes|TestAFailureNames|TestAnOutage|TestALateQuote|TestAQuoteOfAnySize|TestASlicedRun|" +
		"TestSickReports|TestAFewRequests|TestALongNested|TestWhatIsWrong|TestCrashMatrix"
	many = "TestFaultMatrix|TestEverySingle|TestEveryHistory"
)

// stages are the tests that mutants are put through, the quick ones first.
var stages = []stage{
	{"shared/ledger", nil, false},
	{"shared/notion", nil, false},
	{"functions/publisher/publish", []string{"-test.short", "-test.skip", long + "|" + many}, false},
	{"test/docs", nil, false},
	{"test/template", []string{"-test.run", "TestTemplateHoldsItsInvariants"}, false},
	{"functions/publisher/publish", []string{"-test.short", "-test.run", long}, true},
	{"functions/publisher/publish", []string{"-test.run", "TestEveryHistory", "-rapid.checks=100"}, true},
	{"functions/publisher/publish", []string{"-test.short", "-test.run", many}, true},
}

func (s stage) String() string { return strings.Join(append([]string{s.folder}, s.arguments...), " ") }

// concerns tells whether a stage can notice a mutant. The unit tests of ledger and
// notion are for their own.
func (s stage) concerns(m mutant) bool {
	return !strings.HasPrefix(s.folder, "shared/") || s.folder == filepath.Dir(m.file)
}

// trial tries mutants.
type trial struct {
	dir     string
	overlay string // of the program that is all mutants

	mu       sync.Mutex
	binaries map[string]string // that were built, by their names
}

func newTrial(all []mutant) (*trial, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, fmt.Errorf("make folder for overlays: %w", err)
	}
	t := &trial{dir: dir, binaries: map[string]string{}}
	files, err := switched(all)
	if err != nil {
		return nil, err
	}
	t.overlay, err = t.writeOverlay("all", files)
	return t, err
}

func (t *trial) close() { _ = os.RemoveAll(t.dir) }

// limitOf runs a stage without a mutant, and says how long it may take with one.
func (t *trial) limitOf(s stage) (time.Duration, error) {
	binary, err := t.build(s.folder, "all", t.overlay)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	if by, output := t.test(s, binary, -1, time.Hour); by != "" {
		return 0, fmt.Errorf("the tests fail without a mutant, %s:\n%s", by, output)
	}
	return max(time.Minute, 4*time.Since(started)), nil
}

// errUnbuilt says that a mutant does not compile.
var errUnbuilt = errors.New("it does not compile")

// try puts a mutant through a stage, and says by what it was noticed, if it was.
func (t *trial) try(m mutant, s stage, limit time.Duration) (by, output string, err error) {
	name, overlay := "all", t.overlay
	if m.before == "" {
		name = strconv.Itoa(m.number)
		overlay, err = t.writeOverlay(name, map[string]string{m.file: m.source[:m.from] + m.by + m.source[m.to:]})
		if err != nil {
			return "", "", err
		}
	}
	binary, err := t.build(s.folder, name, overlay)
	if err != nil {
		return "", "", err
	}
	by, output = t.test(s, binary, m.number, limit)
	return by, output, nil
}

// writeOverlay writes files that stand in the place of those of their names.
func (t *trial) writeOverlay(name string, files map[string]string) (string, error) {
	places := map[string]string{}
	for file, text := range files {
		place, err := filepath.Abs(file)
		if err != nil {
			return "", fmt.Errorf("find what is broken: %w", err)
		}
		places[place] = filepath.Join(t.dir, name+"-"+strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(places[place], []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write what is broken: %w", err)
		}
	}
	description, err := json.Marshal(map[string]map[string]string{"Replace": places})
	if err != nil {
		return "", fmt.Errorf("describe overlay: %w", err)
	}
	overlay := filepath.Join(t.dir, name+".json")
	return overlay, os.WriteFile(overlay, description, 0o600)
}

// build makes the tests of a package, once, and says where they are.
func (t *trial) build(folder, name, overlay string) (binary string, err error) {
	binary = filepath.Join(t.dir, name+"-"+filepath.Base(folder)+".test")
	t.mu.Lock()
	built := t.binaries[binary] != ""
	t.mu.Unlock()
	if built {
		return binary, nil
	}
	said, err := exec.CommandContext(context.Background(), "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, "./"+folder).CombinedOutput() //nolint:gosec // the arguments are ours
	if err != nil {
		return "", fmt.Errorf("%w: %w\n%s", errUnbuilt, err, said)
	}
	t.mu.Lock()
	t.binaries[binary] = name
	t.mu.Unlock()
	return binary, nil
}

var failed = regexp.MustCompile(`^\s*--- FAIL: (\S+)`)

// test runs one stage with a mutant chosen, until something fails, and says what
// that was.
func (t *trial) test(s stage, binary string, number int, limit time.Duration) (by, output string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, binary, append([]string{"-test.v"}, s.arguments...)...) //nolint:gosec // it was built here
	command.Dir = s.folder
	command.Env = append(os.Environ(), switchName+"="+strconv.Itoa(number))
	said, err := command.StdoutPipe()
	if err != nil {
		return err.Error(), ""
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		return err.Error(), ""
	}
	var all strings.Builder
	for lines := bufio.NewReader(said); ; {
		line, err := lines.ReadString('\n')
		all.WriteString(line)
		if m := failed.FindStringSubmatch(line); m != nil && by == "" {
			by = m[1]
			cancel()
		}
		if err != nil {
			break
		}
	}
	switch err := command.Wait(); {
	case by != "" || err == nil:
	case ctx.Err() != nil:
		by = "no end in " + limit.String()
	default:
		by = err.Error()
	}
	return by, all.String()
}
