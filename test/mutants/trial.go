package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
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
	dir      string
	binaries map[string]string // the tests of each folder, with all mutants to choose from
	limits   []time.Duration   // of the stages
}

// newTrial builds the tests, runs them without a mutant, and learns how long they
// take.
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
	overlay, err := t.overlay("all", files)
	if err != nil {
		return nil, err
	}
	for _, s := range stages {
		if t.binaries[s.folder] == "" {
			binary, output, err := t.build(s.folder, "all", overlay)
			if err != nil {
				return nil, fmt.Errorf("the tests do not build: %w\n%s", err, output)
			}
			t.binaries[s.folder] = binary
		}
		started := time.Now()
		if output, err := t.test(s, t.binaries[s.folder], -1, 10*time.Minute); err != nil {
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
)

// try puts a mutant through the stages until one notices it.
func (t *trial) try(m mutant) (_ result, output string) {
	var all strings.Builder
	binaries := t.binaries
	if m.before == "" {
		binaries = map[string]string{}
	}
	for i, s := range stages {
		if !s.concerns(m) {
			continue
		}
		if binaries[s.folder] == "" {
			binary, output, err := t.buildOne(s.folder, m)
			if err != nil {
				return unbuilt, output
			}
			defer os.Remove(binary)
			binaries[s.folder] = binary
		}
		output, err := t.test(s, binaries[s.folder], m.number, t.limits[i])
		all.WriteString(output)
		if err != nil {
			return killed, all.String()
		}
	}
	return survived, all.String()
}

// buildOne builds the tests with one mutant.
func (t *trial) buildOne(folder string, m mutant) (binary, output string, err error) {
	name := strconv.Itoa(m.number)
	overlay, err := t.overlay(name, map[string]string{m.file: m.source[:m.from] + m.by + m.source[m.to:]})
	if err != nil {
		return "", err.Error(), err
	}
	return t.build(folder, name, overlay)
}

// overlay writes files that stand in the place of those of their names.
func (t *trial) overlay(name string, files map[string]string) (string, error) {
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

// build makes the tests of a package, and says where they are.
func (t *trial) build(folder, name, overlay string) (binary, output string, err error) {
	binary = filepath.Join(t.dir, name+"-"+filepath.Base(folder)+".test")
	said, err := exec.CommandContext(context.Background(), "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, "./"+folder).CombinedOutput() //nolint:gosec // the arguments are ours
	return binary, string(said), err
}

var failed = regexp.MustCompile(`^\s*--- FAIL: `)

// test runs one stage with a mutant chosen, and ends it with the first failure.
func (t *trial) test(s stage, binary string, number int, limit time.Duration) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, binary, append([]string{"-test.v"}, s.arguments...)...) //nolint:gosec // it was built here
	command.Dir = s.folder
	command.Env = append(os.Environ(), switchName+"="+strconv.Itoa(number))
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
