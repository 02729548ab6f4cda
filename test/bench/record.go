package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/template"
	"time"
)

// document is what docs/performance.md says beside the figures.
//
//go:embed performance.md.tmpl
var document string

// machine is where and when was measured, and what.
type machine struct {
	Date, Commit, Go, Model string
	Cores                   int
	Load, LoadAfter         string // of the last minute, before it began and at its end
}

func (m machine) String() string {
	return fmt.Sprintf("%s, commit %s, %s, %d cores of %s, load %s", m.Date, m.Commit, m.Go, m.Cores, m.Model, m.Load)
}

// thisMachine tells what can be found out.
func thisMachine(ctx context.Context) machine {
	m := machine{Date: time.Now().UTC().Format(time.DateOnly), Go: runtime.Version(), Cores: runtime.NumCPU(), Commit: "unknown", Model: "an unknown model"}
	if commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		m.Commit = strings.TrimSpace(string(commit))
	}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindSubmatch(info); found != nil {
			m.Model = string(found[1])
		}
	}
	m.Load = loadNow()
	return m
}

// loadNow is how many have wanted a core in the last minute.
func loadNow() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(load), " ")
	return first
}

// writeRecord writes performance.md and its plots.
func writeRecord(folder string, on machine, all figures) error {
	if err := os.MkdirAll(filepath.Join(folder, plotsFolder), 0o755); err != nil { //nolint:gosec // documents, for all to read
		return fmt.Errorf("make the folder of the plots: %w", err)
	}
	plots := append(growthPlots(all), latencyPlots(all)...)
	shown := func(prefix string) string {
		var b strings.Builder
		for _, p := range plots {
			if strings.HasPrefix(p.name, prefix) {
				fmt.Fprintf(&b, "![%s](%s/%s)\n", p.says, plotsFolder, p.name)
			}
		}
		return strings.TrimRight(b.String(), "\n")
	}
	for _, p := range plots {
		if err := p.draw(folder); err != nil {
			return err
		}
	}
	t, err := template.New("").Parse(document)
	if err != nil {
		return err
	}
	var text strings.Builder
	err = t.Execute(&text, map[string]any{"Machine": on, "Table": strings.TrimRight(table(all), "\n"), "Growth": shown("growth"), "Latency": shown("acknowledgement")})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "performance.md"), []byte(text.String()), 0o644); err != nil { //nolint:gosec // a document, for all to read
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
