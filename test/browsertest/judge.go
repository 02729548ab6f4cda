package browsertest

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// Judge fails the test when somebody cannot use a page in one of the looks, or the
// browser complains of it. It keeps a picture of each in RELAY_OUTPUT_DIR, if that
// is set, for people to look at.
func (b *Browser) Judge(name, url string, looks ...Look) {
	b.tb.Helper()
	tab := b.Open(url, looks[0])
	tab.Evaluate(axe(b.tb)+"; true", nil)
	for _, look := range looks {
		tab.look(url, look)
		picture := tab.capture()
		if blank(b.tb, picture) {
			b.tb.Errorf("%s shows nothing as %s", url, look)
		}
		if folder := os.Getenv("RELAY_OUTPUT_DIR"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, name+"-"+look.String()+".png"), picture, 0o600); err != nil { //nolint:gosec // the folder is the developer's
				b.tb.Fatal(err)
			}
		}
		for _, violation := range tab.violations() {
			b.tb.Errorf("%s as %s: %s", url, look, violation)
		}
	}
	for _, complaint := range tab.Complaints {
		b.tb.Errorf("%s: %s", url, complaint)
	}
	tab.close()
}

// violations are the rules of accessibility that the page breaks, each with what
// breaks it. They are axe-core's: those of WCAG 2.2 A and AA, the new one of which
// it leaves out unless it is asked, and its best practices. Text in the color of
// its background, of which axe-core says that it may be meant, never is.
func (t *Tab) violations() []string {
	t.tb.Helper()
	var found []string
	t.Evaluate(`axe.run({ rules: { "target-size": { enabled: true } } }).then(found => {
		const told = (rule, nodes) => nodes.map(node => rule.id + ": " + node.html + " " + node.failureSummary);
		const hidden = node => node.any.some(check => check.data?.messageKey == "equalRatio");
		return [
			...found.violations.flatMap(rule => told(rule, rule.nodes)),
			...found.incomplete.flatMap(rule => told(rule, rule.nodes.filter(hidden))),
		];
	})`, &found)
	return found
}

// axe is the source of axe-core, which `make integration` fetches.
func axe(tb testing.TB) string {
	tb.Helper()
	folder, err := os.Getwd() // that of the package under test
	for ; err == nil; folder = filepath.Dir(folder) {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			err = errors.New("the test runs outside of the module")
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(folder, "test/browsertest/node_modules/axe-core/axe.min.js")) //nolint:gosec // a file of the module
	if err != nil {
		tb.Fatalf("%v: make test/browsertest/node_modules fetches it", err)
	}
	return string(source)
}

// blank tells whether a picture has next to no colors.
func blank(tb testing.TB, picture []byte) bool {
	tb.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		tb.Fatal(err)
	}
	seen := map[color.Color]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen) < 10
}
