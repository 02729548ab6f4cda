// Command mutants breaks the publisher, one place at a time, and says how many of
// the breaks the tests notice.
//
// What can be broken is found by a walk through the syntax, in an order that
// depends on nothing but the source: conditions are negated, comparisons turned
// round or moved by one, operands of && and || joined the other way, statements
// left out, errors swallowed, constants halved. Each break is built in an overlay,
// so the working tree stays as it is. It counts as noticed when a test fails, or
// does not end. Survivors are named with file, line and what was done.
//
//	mutants -n 80            so many, spread evenly over all that there are
//	mutants -n 80 -part 3    the same number of others
//	mutants -one 217         a single one, with the output of its tests
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// folders are what is broken.
var folders = []string{"functions/publisher/publish", "shared/ledger", "shared/notion"}

// least is the share of the mutants that the tests have to notice.
const least = 0.95

// stages are the tests that a mutant is put through, the quick ones first.
var stages = [][]string{
	{"./shared/ledger", "./shared/notion"},
	{"-short", "./functions/publisher/publish"},
	{"-run", "TestEverySingle|TestEveryHistory", "./functions/publisher/publish", "-rapid.checks=150"},
}

func main() {
	n := flag.Int("n", 80, "how many mutants; 0 means all")
	part := flag.Int("part", 0, "which of the mutants that are as many apart")
	one := flag.Int("one", -1, "the number of the only mutant to try")
	flag.Parse()
	noticed, err := run(*n, *part, *one)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !noticed {
		os.Exit(1)
	}
}

func run(n, part, one int) (noticed bool, err error) {
	all, err := find(folders)
	if err != nil {
		return false, err
	}
	t := &trial{limits: make([]time.Duration, len(stages))}
	for i := range t.limits {
		t.limits[i] = 30 * time.Second
	}
	if t.dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return false, fmt.Errorf("make folder for overlays: %w", err)
	}
	defer os.RemoveAll(t.dir)
	if err := t.baseline(); err != nil {
		return false, err
	}
	if one >= 0 {
		result, output := t.try(all[one])
		fmt.Fprintln(os.Stdout, output)
		fmt.Fprintf(os.Stdout, "%s: %s\n", all[one], result)
		return result == killed, nil
	}
	chosen := choose(all, n, part)
	fmt.Fprintf(os.Stdout, "%d of %d mutants\n", len(chosen), len(all))
	return t.judge(chosen), nil
}

// choose takes n mutants that are equally far apart, all when n is 0.
func choose(all []mutant, n, part int) (chosen []mutant) {
	if n <= 0 || n > len(all) {
		return all
	}
	for i := range n {
		chosen = append(chosen, all[(i*len(all)/n+part)%len(all)])
	}
	return chosen
}

// trial tries mutants.
type trial struct {
	dir    string
	skip   string          // tests that fail without a mutant, as a pattern
	limits []time.Duration // of the stages

	mu     sync.Mutex
	counts map[result][]mutant
}

// result is what has become of a mutant.
type result string

const (
	killed     result = "noticed"
	survived   result = "NOT NOTICED"
	equivalent result = "means the same"
	unbuilt    result = "does not compile"
)

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// baseline runs the tests as they are, and learns how long they take and which
// fail anyway.
func (t *trial) baseline() error {
	skip := map[string]bool{}
	for i, stage := range stages {
		output, err := t.test(nil, 10*time.Minute, stage) // builds
		started := time.Now()
		if err == nil {
			output, err = t.test(nil, 10*time.Minute, append([]string{"-count=1"}, stage...))
		}
		if strings.Contains(output, "[build failed]") {
			return fmt.Errorf("the tests do not build: %s", output)
		}
		for _, m := range failedTest.FindAllStringSubmatch(output, -1) {
			skip[m[1]] = true
		}
		if err != nil && len(skip) == 0 {
			return fmt.Errorf("the tests fail without a mutant: %w\n%s", err, output)
		}
		t.limits[i] = max(t.limits[i], 4*time.Since(started))
	}
	var names []string
	for name := range skip {
		fmt.Fprintf(os.Stdout, "%s fails without a mutant, and is left out\n", name)
		names = append(names, "^"+name+"$")
	}
	slices.Sort(names)
	t.skip = strings.Join(names, "|")
	return nil
}

// judge tries mutants, two at a time, and says what has become of them.
func (t *trial) judge(chosen []mutant) (good bool) {
	t.counts = map[result][]mutant{}
	queue := make(chan mutant)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for m := range queue {
				r, _ := t.try(m)
				t.mu.Lock()
				t.counts[r] = append(t.counts[r], m)
				t.mu.Unlock()
				fmt.Fprintf(os.Stdout, "%s: %s\n", m, r)
			}
		})
	}
	for _, m := range chosen {
		queue <- m
	}
	close(queue)
	workers.Wait()
	return t.summary()
}

func (t *trial) summary() (good bool) {
	noticed, missed := len(t.counts[killed]), len(t.counts[survived])
	share := float64(noticed) / float64(max(1, noticed+missed))
	fmt.Fprintf(os.Stdout, "\n%d mutants noticed, %d not: %.1f %%; %d mean the same, %d do not compile\n",
		noticed, missed, 100*share, len(t.counts[equivalent]), len(t.counts[unbuilt]))
	for _, m := range t.counts[survived] {
		fmt.Fprintf(os.Stdout, "not noticed: %s\n", m)
	}
	return share >= least
}

// try puts a mutant through the stages until one notices it.
func (t *trial) try(m mutant) (result, string) {
	if isEquivalent(m) {
		return equivalent, ""
	}
	var all strings.Builder
	for i, stage := range stages {
		output, err := t.test(&m, t.limits[i], stage)
		all.WriteString(output)
		switch {
		case strings.Contains(output, "[build failed]"):
			return unbuilt, all.String()
		case err != nil:
			return killed, all.String()
		}
	}
	return survived, all.String()
}

// test runs one stage, with a mutant in the place of its file.
func (t *trial) test(m *mutant, limit time.Duration, stage []string) (string, error) {
	arguments := []string{"test", "-vet=off", "-timeout", limit.String()}
	if t.skip != "" {
		arguments = append(arguments, "-skip", t.skip)
	}
	if m != nil {
		overlay, err := t.overlay(*m)
		if err != nil {
			return "", err
		}
		arguments = append(arguments, "-failfast", "-overlay", overlay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit+5*time.Minute) // for the building
	defer cancel()
	output, err := exec.CommandContext(ctx, "go", append(arguments, stage...)...).CombinedOutput() //nolint:gosec // the arguments are ours
	return string(output), err
}

// overlay writes the mutant's file and says in which place it stands.
func (t *trial) overlay(m mutant) (string, error) {
	place, err := filepath.Abs(m.file)
	if err != nil {
		return "", fmt.Errorf("find what is broken: %w", err)
	}
	broken := filepath.Join(t.dir, fmt.Sprintf("%d.go", m.number))
	text := m.source[:m.from] + m.by + m.source[m.to:]
	description, err := json.Marshal(map[string]map[string]string{"Replace": {place: broken}})
	if err != nil {
		return "", fmt.Errorf("describe overlay: %w", err)
	}
	overlay := filepath.Join(t.dir, fmt.Sprintf("%d.json", m.number))
	return overlay, errors.Join(os.WriteFile(broken, []byte(text), 0o600), os.WriteFile(overlay, description, 0o600))
}
