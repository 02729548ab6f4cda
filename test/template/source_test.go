package template_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/config"
)

// settings are those of the functions by their folder.
var settings = map[string][]config.Setting{
	"webhook":   config.Settings[intake.Settings](),
	"publisher": config.Settings[publish.Settings](),
	"enricher":  config.Settings[enrich.Settings](),
}

func TestOnlyThePublisherIsLinkedWithAWayToNotion(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]bool{"webhook": false, "enricher": false, "publisher": true} {
		output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../functions/"+folder).Output()
		if err != nil {
			t.Fatal(err)
		}
		packages := strings.Fields(string(output))
		for _, way := range []string{"notionrelay/shared/notion", "github.com/jomei/notionapi"} {
			if got := slices.Contains(packages, way); got != want {
				t.Errorf("functions/%s imports %s: %t, want %t", folder, way, got, want)
			}
		}
	}
}
