package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/config"
	"notionrelay/test/planted"
)

type settings struct {
	Key     config.Secret   `env:"CONFIG_TEST_KEY" lambda:"required"`
	Secrets []config.Secret `env:"CONFIG_TEST_SECRETS" lambda:"required"`
	Twice   config.Secret   `env:"CONFIG_TEST_TWICE"`
	Gap     time.Duration   `env:"CONFIG_TEST_GAP" envDefault:"100ms" least:"0s"`
	Budget  int             `env:"CONFIG_TEST_BUDGET" envDefault:"180" least:"1"`
}

// store answers from a map and counts the calls.
type store struct {
	values map[string]string
	err    error
	asked  [][]string
}

func (s *store) Values(_ context.Context, names []string) (map[string]string, error) {
	s.asked = append(s.asked, names)
	return s.values, s.err
}

// setenv sets variables for a test, which therefore cannot run in parallel.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func TestForLambdaReadsParametersInOneCall(t *testing.T) {
	setenv(t, map[string]string{
		"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_SECRETS": "ssm:/relay/secrets",
		"CONFIG_TEST_TWICE": "ssm:/relay/key", "CONFIG_TEST_BUDGET": "60",
		"CONFIG_TEST_OTHER": "ssm:/not/ours",
	})
	s := &store{values: map[string]string{"/relay/key": "k", "/relay/secrets": "old,new"}}
	got, err := config.ForLambda[settings](t.Context(), s, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	want := settings{Key: "k", Secrets: []config.Secret{"old", "new"}, Twice: "k", Gap: 100 * time.Millisecond, Budget: 60}
	if diff := cmp.Diff(reveal(want), reveal(got)); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"/relay/key", "/relay/secrets"}}, s.asked); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestForLambdaTrimsWhatIsAroundAValue(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_SECRETS": " a,b\n"})
	got, err := config.ForLambda[settings](t.Context(), &store{values: map[string]string{"/relay/key": "ntn_1\r\n"}}, planted.Log(t))
	if err != nil || got.Key != "ntn_1" || len(got.Secrets) != 2 || got.Secrets[1] != "b" {
		t.Errorf("got %q and %d secrets, %v", got.Key.Reveal(), len(got.Secrets), err)
	}
}

func TestForLambdaAsksNobodyWithoutParameters(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:no-path", "CONFIG_TEST_SECRETS": "a"})
	got, err := config.ForLambda[settings](t.Context(), nil, planted.Log(t))
	if err != nil || got.Key.Reveal() != "ssm:no-path" {
		t.Errorf("key %q, %v; want it as it stands", got.Key.Reveal(), err)
	}
}

func TestForLambdaNamesEveryMissingParameter(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_SECRETS": "ssm:/relay/secrets", "CONFIG_TEST_TWICE": "ssm:/relay/there"})
	_, err := config.ForLambda[settings](t.Context(), &store{values: map[string]string{"/relay/there": "hidden"}}, planted.Log(t))
	want := "read settings from the parameter store\n" +
		"CONFIG_TEST_KEY: there is no parameter /relay/key\n" +
		"CONFIG_TEST_SECRETS: there is no parameter /relay/secrets"
	if got := fmt.Sprint(err); got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

// An optional secret that nobody has stored must not stop the function.
func TestForLambdaGoesOnWithoutAParameterThatIsNotRequired(t *testing.T) {
	setenv(t, map[string]string{
		"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_SECRETS": "a", "CONFIG_TEST_TWICE": "ssm:/relay/twice", "CONFIG_TEST_BUDGET": "ssm:/relay/budget",
	})
	for name, load := range map[string]func(context.Context, config.ParameterStore, *slog.Logger) (settings, error){
		"Lambda": config.ForLambda[settings], "machine": config.ForMachine[settings],
	} {
		var said bytes.Buffer
		got, err := load(t.Context(), &store{values: map[string]string{"/relay/key": "k"}}, planted.Heard(t, slog.NewTextHandler(&said, nil)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := settings{Key: "k", Secrets: []config.Secret{"a"}, Gap: 100 * time.Millisecond, Budget: 180}
		if diff := cmp.Diff(reveal(want), reveal(got)); diff != "" {
			t.Errorf("%s: settings (-want +got):\n%s", name, diff)
		}
		for _, part := range []string{"level=WARN", "setting=CONFIG_TEST_TWICE parameter=/relay/twice", "setting=CONFIG_TEST_BUDGET parameter=/relay/budget"} {
			if !strings.Contains(said.String(), part) {
				t.Errorf("%s: said %s, want %s", name, said.String(), part)
			}
		}
	}
}

// Were it a warning, cmd/local would write to its simulator in silence.
func TestForMachineWantsWhatIsSaidToBeInTheStore(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:/relay/key"})
	_, err := config.ForMachine[settings](t.Context(), &store{}, planted.Log(t))
	if err == nil || !strings.Contains(err.Error(), "CONFIG_TEST_KEY") {
		t.Errorf("error %v, want one that names the variable", err)
	}
}

func TestForLambdaSaysWhichSettingsAStoreWithheld(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_SECRETS": "a"})
	denied := errors.New("access denied")
	_, err := config.ForLambda[settings](t.Context(), &store{err: denied}, planted.Log(t))
	if !errors.Is(err, denied) || !strings.Contains(err.Error(), "CONFIG_TEST_KEY") {
		t.Errorf("error %v, want one that names the variable and the cause", err)
	}
}

// An empty parameter is as good as an empty variable.
func TestForLambdaNamesEveryMissingAndEveryWrongVariableButNoValue(t *testing.T) {
	setenv(t, map[string]string{"CONFIG_TEST_KEY": "ssm:/relay/key", "CONFIG_TEST_BUDGET": "hidden", "CONFIG_TEST_GAP": "hidden"})
	_, err := config.ForLambda[settings](t.Context(), &store{values: map[string]string{"/relay/key": ""}}, planted.Log(t))
	message := fmt.Sprint(err)
	for _, name := range []string{"CONFIG_TEST_KEY", "CONFIG_TEST_SECRETS", "CONFIG_TEST_BUDGET", "CONFIG_TEST_GAP"} {
		if !strings.Contains(message, name) {
			t.Errorf("error %q does not name %s", message, name)
		}
	}
	if strings.Contains(message, "hidden") {
		t.Errorf("error %q says a value", message)
	}
}

// What has a form or a least value says both, and an example.
func TestAWrongValueIsToldHowItShouldLook(t *testing.T) {
	for _, tt := range []struct{ variable, value, want string }{
		{"CONFIG_TEST_GAP", "100", "CONFIG_TEST_GAP must be a duration with its unit, such as 100ms"},
		{"CONFIG_TEST_GAP", "-1s", "CONFIG_TEST_GAP must be at least 0s, such as 100ms"},
		{"CONFIG_TEST_BUDGET", "1.5", "CONFIG_TEST_BUDGET must be a whole number, such as 180"},
		{"CONFIG_TEST_BUDGET", "-1", "CONFIG_TEST_BUDGET must be at least 1, such as 180"},
		{"CONFIG_TEST_BUDGET", "0", "CONFIG_TEST_BUDGET must be at least 1, such as 180"},
	} {
		t.Run(tt.variable+"="+tt.value, func(t *testing.T) {
			t.Setenv(tt.variable, tt.value)
			_, err := config.ForMachine[struct{ Inner settings }](t.Context(), nil, planted.Log(t))
			if want := "read settings from the environment\n" + tt.want; fmt.Sprint(err) != want {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
	for variable, value := range map[string]string{"CONFIG_TEST_GAP": "0s", "CONFIG_TEST_BUDGET": "1"} {
		t.Setenv(variable, value)
	}
	if _, err := config.ForMachine[settings](t.Context(), nil, planted.Log(t)); err != nil {
		t.Errorf("the least values are refused: %v", err)
	}
}

func TestForMachineRequiresNothing(t *testing.T) {
	t.Parallel()
	got, err := config.ForMachine[struct{ Inner settings }](t.Context(), nil, planted.Log(t))
	if err != nil || got.Inner.Budget != 180 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	got := config.Settings[struct{ Inner settings }]()
	want := config.Setting{Field: "Key", Variable: "CONFIG_TEST_KEY", Required: true, Secret: true}
	if len(got) != 5 || got[0] != want || !got[1].Secret || got[4].Default != "180" {
		t.Errorf("got %+v", got)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s := settings{Key: "hidden", Secrets: []config.Secret{"hidden"}}
	if printed := fmt.Sprintf("%v %+v %#v %s", s, s, s, s.Key); strings.Contains(printed, "hidden") {
		t.Errorf("printed %s", printed)
	}
}

// reveal makes settings comparable in a test's message.
func reveal(s settings) any {
	return []any{s.Key.Reveal(), config.Reveal(s.Secrets), s.Twice.Reveal(), s.Gap, s.Budget}
}
