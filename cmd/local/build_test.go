package main

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever tries the system waits for the build of all that it has in it: of
// AWS's clients that is the one for settings of the form ssm:/path, and what finds
// the credentials for it.
func TestNoClientIsBuiltThatOneMachineDoesWithout(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	services := map[string]bool{}
	for name := range strings.FieldsSeq(string(out)) {
		if below, ok := strings.CutPrefix(name, "github.com/aws/aws-sdk-go-v2/service/"); ok {
			service, _, _ := strings.Cut(below, "/")
			services[service] = true
		}
	}
	if diff := cmp.Diff([]string{"internal", "signin", "ssm", "sso", "ssooidc", "sts"}, slices.Sorted(maps.Keys(services))); diff != "" {
		t.Errorf("clients of AWS (-want +got):\n%s", diff)
	}
}
