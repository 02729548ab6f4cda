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
	"strings"
	"time"
)

// stage is a part of a package's tests.
type stage struct {
	folder    string
	arguments []string
}

// The tests of the publisher that take seconds: those that play one long life, and
// those that play many.
const (
	long = "TestTroubleOf|TestANewReportOvertakes|TestAFailureNames|TestAnOutage|TestALateQuote|TestAQuoteOfAnySize|TestASlicedRun"
	many = "TestFaultMatrix|TestEverySingle|TestEveryHistory"
)

// stages are the tests that a mutant is put through, the quick ones first.
var stages = []stage{
	{"shared/ledger", nil},
	{"shared/notion", nil},
	{"functions/publisher/publish", []string{"-test.short", "-test.skip", long + "|" + many}},
	{"functions/publisher/publish", []string{"-test.run", "TestEveryHistory", "-rapid.checks=100"}},
	{"functions/publisher/publish", []string{"-test.short", "-test.run", long + "|" + many}},
	{"test/template", []string{"-test.run", "TestTemplateHoldsItsInvariants"}},
	{"test/docs", nil},
}

// concerns tells whether a stage can notice a mutant. The unit tests of ledger and
// notion are for their own.
func (s stage) concerns(m mutant) bool {
	return !strings.HasPrefix(s.folder, "shared/") || s.folder == filepath.Dir(m.file)
}

// trial tries mutants.
type trial struct {
	dir    string
	limits []time.Duration // of the stages
}

// newTrial runs the tests without a mutant, and learns how long they take.
func newTrial() (*trial, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, fmt.Errorf("make folder for overlays: %w", err)
	}
	t := &trial{dir: dir}
	for _, s := range stages {
		binary, output, err := t.build(s.folder, "none")
		if err != nil {
			return nil, fmt.Errorf("the tests do not build: %w\n%s", err, output)
		}
		started := time.Now()
		if output, err := t.test(s, binary, 10*time.Minute); err != nil {
			return nil, fmt.Errorf("the tests fail without a mutant: %w\n%s", err, output)
		}
		t.limits = append(t.limits, max(time.Minute, 4*time.Since(started)))
	}
	return t, nil
}

func (t *trial) close() { os.RemoveAll(t.dir) }

// result is what has become of a mutant.
type result string

const (
	killed   result = "noticed"
	survived result = "NOT NOTICED"
	unbuilt  result = "does not compile"
	untried  result = "could not be tried"
)

// try puts a mutant through the stages until one notices it.
func (t *trial) try(m mutant) (_ result, output string) {
	name := fmt.Sprint(m.number)
	overlay, err := t.overlay(name, m)
	if err != nil {
		return untried, err.Error()
	}
	var all strings.Builder
	var binary, of string
	for i, s := range stages {
		if !s.concerns(m) {
			continue
		}
		if s.folder != of {
			var output string
			if binary, output, err = t.build(s.folder, name, "-overlay", overlay); err != nil {
				return unbuilt, output
			}
			defer os.Remove(binary)
			of = s.folder
		}
		output, err := t.test(s, binary, t.limits[i])
		all.WriteString(output)
		if err != nil {
			return killed, all.String()
		}
	}
	return survived, all.String()
}

// overlay writes a mutant's file and says in which place it stands.
func (t *trial) overlay(name string, m mutant) (string, error) {
	place, err := filepath.Abs(m.file)
	if err != nil {
		return "", fmt.Errorf("find what is broken: %w", err)
	}
	broken := filepath.Join(t.dir, name+".go")
	text := m.source[:m.from] + m.by + m.source[m.to:]
	description, err := json.Marshal(map[string]map[string]string{"Replace": {place: broken}})
	if err != nil {
		return "", fmt.Errorf("describe overlay: %w", err)
	}
	overlay := filepath.Join(t.dir, name+".json")
	return overlay, errors.Join(os.WriteFile(broken, []byte(text), 0o600), os.WriteFile(overlay, description, 0o600))
}

// build makes the tests of a package, and says where they are.
func (t *trial) build(folder, name string, options ...string) (binary, output string, err error) {
	binary = filepath.Join(t.dir, name+"-"+filepath.Base(folder))
	arguments := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary}, options...)
	said, err := exec.CommandContext(context.Background(), "go", append(arguments, "./"+folder)...).CombinedOutput() //nolint:gosec // the arguments are ours
	return binary, string(said), err
}

var failed = regexp.MustCompile(`^\s*--- FAIL: `)

// test runs one stage, and ends it with the first failure.
func (t *trial) test(s stage, binary string, limit time.Duration) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, binary, append([]string{"-test.v"}, s.arguments...)...) //nolint:gosec // it was built here
	command.Dir = s.folder
	said, err := command.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("listen to tests: %w", err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("start tests: %w", err)
	}
	var all strings.Builder
	for lines := bufio.NewReader(said); ; {
		line, err := lines.ReadString('\n')
		all.WriteString(line)
		if failed.MatchString(line) {
			cancel()
		}
		if err != nil {
			break
		}
	}
	return all.String(), command.Wait()
}
