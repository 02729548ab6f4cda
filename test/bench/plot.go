package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"
)

// plotsFolder is where the pictures are, seen from the document that shows them.
const plotsFolder = "plots"

// plot is a picture of bars, one for each category.
type plot struct {
	name, says string // its file, and what those who do not see it are told
	title      string
	categories []string
	values     []float64
}

// growthPlots show what one costs when there are few, more and many.
func growthPlots(all figures) (plots []plot) {
	for _, g := range grown {
		prefix, suffix := "Growth/"+strings.ReplaceAll(g.name, " ", "_")+"/", " "+timeOfUnit
		var sizes []int
		for name := range all {
			if size, ok := strings.CutPrefix(strings.TrimSuffix(name, suffix), prefix); ok && strings.HasSuffix(name, suffix) {
				if n, err := strconv.Atoi(size); err == nil {
					sizes = append(sizes, n)
				}
			}
		}
		if slices.Sort(sizes); len(sizes) == 0 {
			continue
		}
		p := plot{
			name: "growth-" + strings.ReplaceAll(g.name, " ", "-") + ".svg", says: "Bars: the processor time that " + g.per + " takes, by how many " + g.name + " there are",
			title: "µs of processor time " + g.per + ", by the number of " + g.name,
		}
		for _, n := range sizes {
			p.categories = append(p.categories, strconv.Itoa(n))
			p.values = append(p.values, all[growthFigure(g.name, n, timeOfUnit)])
		}
		plots = append(plots, p)
	}
	return plots
}

// latencyPlots show how long a report's acknowledgement takes.
func latencyPlots(all figures) (plots []plot) {
	for _, size := range []struct{ name, figure string }{{"10 KB", "10KB/200_per_second"}, {"100 KB", "100KB/20_per_second"}, {"1 MB", "1MB/2_per_second"}} {
		p := plot{
			name: "acknowledgement-" + strings.ReplaceAll(size.name, " ", "-") + ".svg", says: "Bars: the milliseconds until a report of " + size.name + " is acknowledged, at the median and for the slowest",
			title: "ms until a report of " + size.name + " is acknowledged", categories: []string{"median", "90 %", "99 %", "99.9 %"},
		}
		for _, of := range []string{"p50-ms", "p90-ms", "p99-ms", "p99.9-ms"} {
			v, ok := all["Acknowledge/"+size.figure+" "+of]
			if !ok {
				return nil
			}
			p.values = append(p.values, v)
		}
		plots = append(plots, p)
	}
	return plots
}

// draw writes the plot's file.
func (p plot) draw(folder string) error {
	show, least := true, 0.0
	o := charts.NewBarChartOptionWithData([][]float64{p.values})
	o.Title.Text, o.CategoryAxis.Labels = p.title, p.categories
	o.ValueAxis = []charts.ValueAxisOption{{Min: &least}}
	o.SeriesList[0].Label.Show = &show
	o.SeriesList[0].Label.ValueFormatter = short
	o.ValueFormatter = short
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 700, Height: 300})
	if err := painter.BarChart(o); err != nil {
		return fmt.Errorf("draw %s: %w", p.name, err)
	}
	drawn, err := painter.Bytes()
	if err != nil {
		return fmt.Errorf("draw %s: %w", p.name, err)
	}
	if err := os.WriteFile(filepath.Join(folder, plotsFolder, p.name), drawn, 0o644); err != nil { //nolint:gosec // a document, for all to read
		return fmt.Errorf("write %s: %w", p.name, err)
	}
	return nil
}
