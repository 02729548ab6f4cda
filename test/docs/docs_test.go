// Package docs_test compares what the documents list with what exists, in both
// directions: codes, settings, metrics, alarms, files and folders.
package docs_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/local/notionsim"
	"notionrelay/shared/config"
	"notionrelay/shared/metrics"
)

const root = "../.."

func TestErrorCodesAreThoseOfTheWebhook(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for code, status := range intake.ErrorCodes() {
		exist[code] = strconv.Itoa(status)
	}
	compare(t, "error code", 1, exist)
}

func TestFailureCodesAreThoseOfThePublisher(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for _, code := range publish.FailureCodes() {
		exist[code] = ""
	}
	compare(t, "failure code", 0, exist)
}

func TestHaltCodesAreThoseOfThePublisher(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for _, code := range publish.HaltCodes() {
		exist[code] = ""
	}
	compare(t, "halt code", 0, exist)
}

func TestNotionsCodesAreThoseOfTheSimulator(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for status, code := range notionsim.Codes() {
		exist[code] = strconv.Itoa(status)
	}
	compare(t, "Notion's code", 1, exist)
}

func TestSettingsAreThoseOfTheFunctions(t *testing.T) {
	t.Parallel()
	values, readers := map[string]string{}, map[string]string{}
	for _, f := range []struct {
		name     string
		settings []config.Setting
	}{
		{"webhook", config.Settings[intake.Settings]()},
		{"publisher", config.Settings[publish.Settings]()},
		{"enricher", config.Settings[enrich.Settings]()},
	} {
		for _, s := range f.settings {
			value := valueOf(s)
			if earlier, ok := values[s.Variable]; ok && earlier != value {
				t.Errorf("%s is %s for %s and %s for the %s", s.Variable, earlier, readers[s.Variable], value, f.name)
			}
			values[s.Variable] = value
			readers[s.Variable] = strings.TrimPrefix(readers[s.Variable]+", "+f.name, ", ")
		}
	}
	compare(t, "setting", 1, values)
	compare(t, "setting", 2, readers)
}

// valueOf is what a document says of a setting that nobody has set.
func valueOf(s config.Setting) string {
	switch {
	case s.Required:
		return "required"
	case s.Default == "":
		return "none"
	}
	return "`" + s.Default + "`"
}

func TestMetricsAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for _, name := range metrics.Names() {
		exist[string(name)] = ""
	}
	compare(t, "metric", 0, exist)
}

var alarmName = regexp.MustCompile(`\b[A-Z]\w+Alarm\b`)

func TestAlarmsThatDocumentsNameAreInTheTemplate(t *testing.T) {
	t.Parallel()
	exist := alarms(t)
	for file, text := range documents(t) {
		for _, name := range alarmName.FindAllString(text, -1) {
			if !slices.Contains(exist, name) {
				t.Errorf("%s names %s, which is not in the template", file, name)
			}
		}
	}
}

func alarms(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type string `yaml:"Type"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	for name, resource := range template.Resources {
		if resource.Type == "AWS::CloudWatch::Alarm" {
			names = append(names, name)
		}
	}
	return names
}

// dollars is an amount in the table of costs.
var dollars = regexp.MustCompile(`^\$(\d+)\.(\d\d)$`)

func TestCostsAddUp(t *testing.T) {
	t.Parallel()
	table := rows(t, "part")
	for column := 1; column <= 2; column++ {
		sum := 0
		for i, row := range table {
			amount := dollars.FindStringSubmatch(row[column])
			if amount == nil {
				t.Fatalf("%q is no amount", row[column])
			}
			cents, err := strconv.Atoi(amount[1] + amount[2])
			if err != nil {
				t.Fatal(err)
			}
			if i < len(table)-1 {
				sum += cents
			} else if sum != cents {
				t.Errorf("column %d adds up to %d cents, and says %d", column, sum, cents)
			}
		}
	}
	const alarmPrice, metricPrice = 10, 30 // cents a month
	n, m := len(alarms(t)), len(metrics.Names())
	says := fmt.Sprintf("%d alarms $%d.%02d, %d metrics $%d.%02d,", n, n*alarmPrice/100, n*alarmPrice%100, m, m*metricPrice/100, m*metricPrice%100)
	if !strings.Contains(documents(t)["docs/deploy.md"], says) {
		t.Errorf("the costs by the month do not say %q", says)
	}
}

func TestLimitsAreThoseOfTheTemplate(t *testing.T) {
	t.Parallel()
	type limits struct {
		Rate  string `yaml:"ThrottlingRateLimit"`
		Burst string `yaml:"ThrottlingBurstLimit"`
	}
	var template struct {
		Resources struct {
			API struct {
				Properties struct {
					RouteSettings        map[string]limits `yaml:"RouteSettings"`
					DefaultRouteSettings limits            `yaml:"DefaultRouteSettings"`
				} `yaml:"Properties"`
			} `yaml:"Api"`
		} `yaml:"Resources"`
	}
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	api := template.Resources.API.Properties
	rates, bursts := map[string]string{}, map[string]string{}
	for route, l := range api.RouteSettings {
		rates[route], bursts[route] = l.Rate, l.Burst
	}
	compare(t, "route", 1, rates)
	compare(t, "route", 2, bursts)
	table := rows(t, "route")
	if other := table[len(table)-1]; other[1] != api.DefaultRouteSettings.Rate || other[2] != api.DefaultRouteSettings.Burst {
		t.Errorf("all others have %v, want %v", other, api.DefaultRouteSettings)
	}
}

// place is a file or folder of the repository in a document.
var place = regexp.MustCompile("`((?:cmd|docs|events|functions|local|shared|test)/[\\w./-]*)`")

// link leads from one document to another.
var link = regexp.MustCompile(`\]\(([\w./-]+\.(?:md|yaml))(?:#[\w-]+)?\)`)

func TestFilesThatDocumentsNameExist(t *testing.T) {
	t.Parallel()
	for file, text := range documents(t) {
		for _, name := range place.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, name[1])); err != nil {
				t.Errorf("%s names %s: %v", file, name[1], err)
			}
		}
		for _, link := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(file), link[1])); err != nil {
				t.Errorf("%s leads to %s: %v", file, link[1], err)
			}
		}
	}
}

// picture is shown by a document: what it says to those who do not see it, and its
// file.
var picture = regexp.MustCompile(`!\[([^\]]*)\]\(([^)]+)\)`)

// maxPicture keeps the pages of documents light.
const maxPicture = 150_000

func TestPicturesAreThereAndSmallAndShown(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for file, text := range documents(t) {
		for _, p := range picture.FindAllStringSubmatch(text, -1) {
			name := filepath.Join(filepath.Dir(file), p[2])
			shown[filepath.ToSlash(name)] = true
			content, err := os.ReadFile(filepath.Join(root, name))
			if _, notPNG := png.DecodeConfig(bytes.NewReader(content)); err != nil || notPNG != nil || len(content) > maxPicture {
				t.Errorf("%s shows %s: %v, %v, %d bytes", file, name, err, notPNG, len(content))
			}
			if len(strings.Fields(p[1])) < 3 {
				t.Errorf("%s does not say what %s shows", file, name)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "docs/pictures/*"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		if name := "docs/pictures/" + filepath.Base(file); !shown[name] {
			t.Errorf("no document shows %s", name)
		}
	}
}

func TestReadmeNamesEveryPackageOfTheProduct(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, name := range place.FindAllStringSubmatch(documents(t)["README.md"], -1) {
		named[strings.TrimSuffix(name[1], "/")] = true
	}
	for _, pattern := range []string{"functions/*", "shared/*", "cmd/*"} {
		folders, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(folders) == 0 {
			t.Fatalf("%s: %d folders, error %v", pattern, len(folders), err)
		}
		for _, folder := range folders {
			if name, _ := filepath.Rel(root, folder); !named[filepath.ToSlash(name)] {
				t.Errorf("README.md does not name %s", name)
			}
		}
	}
}

// noun is a word that the glossary explains.
var noun = regexp.MustCompile(`\*\*([^*]+)\*\*`)

func TestGlossaryHasEveryNounOnce(t *testing.T) {
	t.Parallel()
	var nouns []string
	for _, row := range rows(t, "noun") {
		for _, found := range noun.FindAllStringSubmatch(strings.Join(row, " "), -1) {
			if slices.Contains(nouns, found[1]) {
				t.Errorf("the glossary has %q twice", found[1])
			}
			nouns = append(nouns, found[1])
		}
	}
	if len(nouns) == 0 {
		t.Error("there is no glossary")
	}
	t.Logf("%d nouns", len(nouns))
}

// compare expects the tables whose first column has this heading to list
// exactly what exists, and to say the same about it in another column. Column 0
// has nothing else to say.
func compare(t *testing.T, heading string, column int, exist map[string]string) {
	t.Helper()
	listed := map[string]string{}
	for _, row := range rows(t, heading) {
		for _, name := range code.FindAllStringSubmatch(row[0], -1) {
			if _, twice := listed[name[1]]; twice {
				t.Errorf("%s %s is listed twice", heading, name[1])
			}
			if listed[name[1]] = ""; column > 0 {
				listed[name[1]] = row[column]
			}
		}
	}
	if diff := cmp.Diff(exist, listed); diff != "" {
		t.Errorf("the documents list another %s than there is (-exists +listed):\n%s", heading, diff)
	}
}

var code = regexp.MustCompile("`([^`]+)`")

// rows are those of all tables whose first column has this heading.
func rows(t *testing.T, heading string) (all [][]string) {
	t.Helper()
	for _, text := range documents(t) {
		inside := false
		for line := range strings.Lines(text) {
			switch cells := cellsOf(line); {
			case cells == nil:
				inside = false
			case cells[0] == heading:
				inside = true
			case inside && strings.Trim(cells[0], "-") != "":
				all = append(all, cells)
			}
		}
	}
	return all
}

// cellsOf is a line of a table, nil when it is none.
func cellsOf(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// documents are the texts that people read, by their file.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal(fmt.Errorf("%d documents: %w", len(files), err))
	}
	for _, name := range []string{"README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		files = append(files, filepath.Join(root, name))
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(name)] = string(text)
	}
	return texts
}
