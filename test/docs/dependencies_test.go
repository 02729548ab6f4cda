package docs_test

import (
	"encoding/json"
	"encoding/xml"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Whatever is asked for by name is explained, with the version that is asked for.
func TestDependenciesAreThoseThatAreAskedFor(t *testing.T) {
	t.Parallel()
	exist := map[string]string{}
	for _, find := range []struct {
		file    string
		pattern *regexp.Regexp
	}{
		{"go.mod", regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`)}, // others have a comment
		{"test/requirements.in", regexp.MustCompile(`(?m)^([\w.-]+)(?:\[\w+\])?==(\S+)`)},
		{"test/schemathesis/requirements.in", regexp.MustCompile(`(?m)^([\w.-]+)==(\S+)`)},
		{"Makefile", regexp.MustCompile(`(?m)^\w+ = ([\w./-]+)(?:@|==)(\S+)$`)},
	} {
		found := find.pattern.FindAllStringSubmatch(read(t, find.file), -1)
		if len(found) == 0 {
			t.Errorf("%s asks for nothing", find.file)
		}
		for _, dependency := range found {
			exist[dependency[1]] = dependency[2]
		}
	}
	for _, file := range all(t, "test/*/package.json") {
		var node struct{ Dependencies map[string]string }
		if err := json.Unmarshal([]byte(read(t, file)), &node); err != nil || len(node.Dependencies) == 0 {
			t.Fatal(node, err)
		}
		maps.Copy(exist, node.Dependencies)
	}
	for _, file := range poms(t) {
		maps.Copy(exist, mavenOf(t, file))
	}
	compare(t, "dependency", 1, exist)
}

// poms are the files that ask Maven for something.
func poms(t *testing.T) []string { return all(t, "test/awstest/*/pom.xml") }

// all are the files of a pattern, of which there is at least one.
func all(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for i, file := range files {
		files[i], _ = filepath.Rel(root, file)
	}
	return files
}

func mavenOf(t *testing.T, file string) map[string]string {
	t.Helper()
	type artifact struct {
		Group   string `xml:"groupId"`
		Name    string `xml:"artifactId"`
		Version string `xml:"version"`
	}
	var pom struct {
		Dependencies []artifact `xml:"dependencies>dependency"`
		Plugins      []artifact `xml:"build>plugins>plugin"`
	}
	if err := xml.Unmarshal([]byte(read(t, file)), &pom); err != nil || len(pom.Dependencies) == 0 {
		t.Fatal(file, pom, err)
	}
	all := map[string]string{}
	for _, a := range append(pom.Dependencies, pom.Plugins...) {
		all[strings.TrimPrefix(a.Group+":"+a.Name, ":")] = a.Version
	}
	return all
}

// Nothing is installed whose content is not known beforehand.
func TestWhatIsInstalledHasHashes(t *testing.T) {
	t.Parallel()
	pythonHasHashes(t, "test/requirements")
	pythonHasHashes(t, "test/schemathesis/requirements")
	for _, file := range all(t, "test/*/package-lock.json") {
		var lock struct {
			Packages map[string]struct{ Integrity string }
		}
		if err := json.Unmarshal([]byte(read(t, file)), &lock); err != nil || len(lock.Packages) < 2 {
			t.Fatal(len(lock.Packages), err)
		}
		for name, p := range lock.Packages {
			if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") {
				t.Errorf("%s has no hash of %s", file, name)
			}
		}
	}
	for _, pom := range poms(t) {
		sums := read(t, filepath.Join(filepath.Dir(pom), "sha256sums"))
		for name, version := range mavenOf(t, pom) {
			_, name, _ = strings.Cut(name, ":")
			if jar := name + "-" + version + ".jar"; name != "" && !regexp.MustCompile(`(?m)^[0-9a-f]{64}  `+regexp.QuoteMeta(jar)+`$`).MatchString(sums) {
				t.Errorf("no hash of %s: make checksums", jar)
			}
		}
	}
}

// pythonHasHashes compares what a file asks pip for with the one that pip reads.
func pythonHasHashes(t *testing.T, file string) {
	t.Helper()
	installed := read(t, file+".txt")
	requirements := regexp.MustCompile(`(?m)^\S+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})*`).FindAllStringSubmatch(installed, -1)
	if len(requirements) < 2 {
		t.Errorf("%s.txt has %d requirements", file, len(requirements))
	}
	for _, r := range requirements {
		if r[1] == "" {
			t.Errorf("no hash of %s", r[0])
		}
	}
	for _, asked := range regexp.MustCompile(`(?m)^\w\S+`).FindAllString(read(t, file+".in"), -1) {
		asked = strings.Replace(asked, "[server]", "", 1) // its dependencies are there by themselves
		if !strings.Contains(installed, asked+" \\\n") {
			t.Errorf("%s.txt has no %s: make requirements", file, asked)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
