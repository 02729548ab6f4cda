package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// suite is benchmarks of one package, run together.
type suite struct {
	what      string
	folder    string // of the package
	run       string // which benchmarks
	benchtime string
	servers   bool   // they need those that stand in for AWS
	test      string // tests that tell their figures as benchmarks do
	node      string // or a program of Node in the folder, on a file
}

// suites take five minutes together, and what it takes to build them.
var suites = []suite{
	{what: "requests", folder: "test/throughput", run: "Requests", benchtime: "1x"},
	{what: "order of writes", folder: "test/throughput", test: "(TestThePublisherIsAsFastAsNotionAllows|TestANewReportHardlyWaitsForBulkWork)"},
	{what: "efficiency", folder: "test/throughput", run: "Efficiency", benchtime: "1x"},
	{what: "own time", folder: "test/throughput", run: "OwnTime$", benchtime: "1x"},
	{what: "own time with servers", folder: "test/throughput", run: "OwnTimeOnAWS", benchtime: "1x", servers: true},
	{what: "acknowledgement and refusal", folder: "cmd/local", run: "Acknowledge|Sync|Refuse", benchtime: "1x"},
	{what: "conversion", folder: "shared/markdown", run: "Report|Memory", benchtime: "2s"},
	{what: "martian", folder: "test/compare", node: "speed.js ../../shared/markdown/testdata/report.md"},
	{what: "growth of runs and blocks", folder: "test/throughput", run: "Growth/(queued_runs|blocks)", benchtime: "5x"},
	{what: "growth of timers, quotes and records", folder: "test/throughput", run: "Growth/(timers|quotes|records)", benchtime: "3x"},
	{what: "cold start", folder: "test/deployed", run: "ColdStart", benchtime: "51x", servers: true},
	{what: "memory", folder: "test/deployed", run: "Resident", benchtime: "1x", servers: true},
}

// figures are what was measured, by benchmark and unit: "Report/x MB/s".
type figures map[string]float64

// measureAll runs every suite and builds the functions. What could not be measured
// is told and missing.
func measureAll(ctx context.Context, told io.Writer) figures {
	all := figures{}
	for _, s := range suites {
		began := time.Now()
		if err := s.measure(ctx, all); err != nil {
			fmt.Fprintf(told, "%s was not measured: %v\n", s.what, err)
			continue
		}
		fmt.Fprintf(told, "%s: %s\n", s.what, time.Since(began).Round(time.Second))
	}
	if err := measureSizes(ctx, all); err != nil {
		fmt.Fprintf(told, "the functions' sizes were not measured: %v\n", err)
	}
	return all
}

func (s suite) measure(ctx context.Context, into figures) error {
	command, err := s.command(ctx)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err = command.Run()
	read(&said, into)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, said.String())
	}
	return nil
}

// command is what measures a suite, or what it lacks.
func (s suite) command(ctx context.Context) (*exec.Cmd, error) {
	if s.node != "" {
		if _, err := os.Stat(filepath.Join(s.folder, "node_modules")); err != nil {
			return nil, errors.New("what it compares with is not there: make test/compare/node_modules, which needs npm")
		}
		command := exec.CommandContext(ctx, "node", strings.Fields(s.node)...) //nolint:gosec // the arguments are those of the table above
		command.Dir = s.folder
		return command, nil
	}
	arguments := []string{"test", "-count=1"}
	if s.servers {
		for _, name := range []string{"elasticmq", "dynamodb-local"} {
			if _, err := os.Stat(filepath.Join("bin", name, "pom.xml")); err != nil {
				return nil, fmt.Errorf("%s is not there: make servers, which needs Java and Maven", name)
			}
		}
		arguments = append(arguments, "-tags", "integration")
	}
	if s.test != "" {
		arguments = append(arguments, "-v", "-run", "^"+s.test+"$")
	} else {
		arguments = append(arguments, "-run", "^$", "-bench", s.run, "-benchtime", s.benchtime)
	}
	return exec.CommandContext(ctx, "go", append(arguments, "./"+s.folder)...), nil //nolint:gosec // the arguments are those of the table above
}

// result is a line with the figures of a benchmark, also where a test logs it.
var result = regexp.MustCompile(`Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(\S.*)$`)

// read takes the figures out of what go test says.
func read(said *bytes.Buffer, into figures) {
	lines := bufio.NewScanner(bytes.NewReader(said.Bytes()))
	for lines.Scan() {
		found := result.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		fields := strings.Fields(found[2])
		for i := 0; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				into[found[1]+" "+fields[i+1]] = v
			}
		}
	}
}

// measureSizes builds the functions as they are deployed and packs them.
func measureSizes(ctx context.Context, into figures) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	if said, err := exec.CommandContext(ctx, "make", "build", "OUT="+folder).CombinedOutput(); err != nil { //nolint:gosec // a folder of our own
		return fmt.Errorf("make build: %w\n%s", err, said)
	}
	for _, f := range []string{"webhook", "publisher", "enricher"} {
		program, err := os.ReadFile(filepath.Join(folder, f, "bootstrap")) //nolint:gosec // a folder of our own
		if err != nil {
			return fmt.Errorf("read %s: %w", f, err)
		}
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(program); err != nil {
			return fmt.Errorf("pack %s: %w", f, err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("pack %s: %w", f, err)
		}
		into["Size/"+f+" MB"] = float64(packed.Len()) / 1e6
	}
	return nil
}
