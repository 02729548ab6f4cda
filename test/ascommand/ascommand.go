// Package ascommand lets a test run the command that it belongs to: its own
// binary, which is the command instead when it is started so.
package ascommand

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// variable is set where the binary is to be the command.
const variable = "RELAY_TEST_AS_COMMAND"

// Main is for TestMain: it runs the command where Command has started the binary,
// else the tests.
func Main(command, tests func()) {
	if os.Getenv(variable) != "" {
		command()
		return
	}
	tests()
}

// Command is the command with these arguments and this environment.
func Command(ctx context.Context, environment []string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], arguments...) //nolint:gosec // the test itself
	command.Env = append([]string{variable + "=1"}, environment...)
	return command
}

// Fails runs the command and expects that it fails, and says all of that but
// nothing of what it must not.
func Fails(t *testing.T, environment, says []string, secret string) {
	t.Helper()
	output, err := Command(t.Context(), environment).CombinedOutput()
	said := string(output)
	if err == nil {
		t.Error("it has ended well")
	}
	for _, part := range says {
		if !strings.Contains(said, part) {
			t.Errorf("it said %s, want %s", said, part)
		}
	}
	if strings.Contains(said, secret) {
		t.Errorf("it printed a secret: %s", said)
	}
}
