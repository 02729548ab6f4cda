// Package config reads a function's settings from the environment, once, at
// its start. A setting of the form ssm:/path stands for the value of that
// parameter in a store of parameters.
package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// ParameterStore holds what is not written into the environment itself.
type ParameterStore interface {
	// Values returns the decrypted values of the parameters with these names.
	// One that does not exist is left out.
	Values(ctx context.Context, names []string) (map[string]string, error)
}

// Secret is a setting that must not be seen: it prints as ***.
type Secret string

func (s Secret) String() string { return "***" }

// GoString keeps a secret out of %#v.
func (s Secret) GoString() string { return "***" }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Setting is a field of a struct of settings.
type Setting struct {
	Field    string
	Variable string // of the environment
	Default  string
	Required bool // in Lambda; on one machine every setting is optional
	Secret   bool // its value is a Secret, or a list of them
}

// Settings lists the fields of T, those of structs in it included, by their
// tags: env names the variable, envDefault its default, lambda:"required" says
// that a Lambda function does not start without it, and least is the smallest
// value that a number or a duration may have.
func Settings[T any]() []Setting { return settingsOf(reflect.TypeFor[T]()) }

func settingsOf(t reflect.Type) (all []Setting) {
	for f := range t.Fields() {
		variable, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if variable == "" {
			all = append(all, settingsOf(f.Type)...)
			continue
		}
		secret := f.Type == reflect.TypeFor[Secret]() || f.Type == reflect.TypeFor[[]Secret]()
		all = append(all, Setting{f.Name, variable, f.Tag.Get("envDefault"), f.Tag.Get("lambda") == "required", secret})
	}
	return all
}

// ForLambda fills a struct from the environment by its tags, and wants what is
// required. The store is asked once, and not at all when no setting is in it.
// The error names every variable that is missing or wrong, not only the first,
// and no value. A parameter that does not exist is only a warning in the log where
// its setting is not required: a function does what it can without.
func ForLambda[T any](ctx context.Context, store ParameterStore, log *slog.Logger) (T, error) {
	return load[T](ctx, store, log, true)
}

// ForMachine fills a struct as ForLambda does, and requires nothing. Yet what
// Lambda requires has to exist where it is said to be in the store.
func ForMachine[T any](ctx context.Context, store ParameterStore, log *slog.Logger) (T, error) {
	return load[T](ctx, store, log, false)
}

// Parse fills a struct from variables that name no parameters any more, as
// ForLambda does from the environment. It takes what it can: the settings are
// there beside an error, which joins one for each variable.
func Parse[T any](variables map[string]string, lambda bool) (T, error) {
	settings, problems := parse[T](maps.Clone(variables), lambda)
	return settings, errors.Join(problems...)
}

func load[T any](ctx context.Context, store ParameterStore, log *slog.Logger, lambda bool) (T, error) {
	environment, err := resolved[T](ctx, store, log)
	if err != nil {
		var none T
		return none, err
	}
	settings, problems := parse[T](environment, lambda)
	if len(problems) > 0 {
		problems = append([]error{errors.New("read settings from the environment")}, problems...)
	}
	return settings, errors.Join(problems...)
}

// parse changes the environment.
func parse[T any](environment map[string]string, lambda bool) (settings T, problems []error) {
	for _, s := range Settings[T]() {
		if value, set := environment[s.Variable]; set { // a secret that was stored with its line break
			environment[s.Variable] = strings.TrimSpace(value)
		}
		if lambda && s.Required && environment[s.Variable] == "" {
			problems = append(problems, fmt.Errorf("%s is required and is not set", s.Variable))
		}
	}
	unreadable := map[string]bool{} // by field
	settings, err := env.ParseAsWithOptions[T](env.Options{Environment: environment})
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		for _, e := range all.Errors {
			problems = append(problems, withoutValue[T](e))
			if parse, ok := errors.AsType[env.ParseError](e); ok {
				unreadable[parse.Name] = true
			}
		}
	} else if err != nil {
		return settings, append(problems, fmt.Errorf("read settings: %w", err))
	}
	return settings, append(problems, tooSmall(reflect.ValueOf(settings), unreadable)...)
}

// Parameter is the name of the parameter that a setting stands for.
func Parameter(setting string) (name string, ok bool) {
	name, ok = strings.CutPrefix(setting, parameterPrefix)
	return name, ok && strings.HasPrefix(name, "/")
}

// parameterPrefix begins a setting whose value is in the store. The parameter's
// name follows, which begins with a slash.
const parameterPrefix = "ssm:"

// resolved is the environment with the values of the parameters that T's
// settings name.
func resolved[T any](ctx context.Context, store ParameterStore, log *slog.Logger) (map[string]string, error) {
	environment := env.ToMap(os.Environ())
	parameters := map[string]string{} // names by variable
	required := map[string]bool{}     // by variable
	var variables, names []string     // in the order of the settings
	for _, s := range Settings[T]() {
		if name, ok := Parameter(environment[s.Variable]); ok {
			parameters[s.Variable], required[s.Variable] = name, s.Required
			variables = append(variables, s.Variable)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return environment, nil
	}
	values, err := store.Values(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("read %s from the parameter store: %w", strings.Join(variables, ", "), err)
	}
	problems := []error{errors.New("read settings from the parameter store")}
	for _, variable := range variables {
		value, ok := values[parameters[variable]]
		switch {
		case ok:
			environment[variable] = value
		case required[variable]:
			problems = append(problems, fmt.Errorf("%s: there is no parameter %s", variable, parameters[variable]))
		default:
			log.WarnContext(ctx, "setting left out, its parameter does not exist", "setting", variable, "parameter", parameters[variable])
			delete(environment, variable) // as if it had not been set
		}
	}
	if len(problems) > 1 {
		return nil, errors.Join(problems...)
	}
	return environment, nil
}

// withoutValue is a parse error that names the variable and the form that it
// should have, but not its value, which may be a secret.
func withoutValue[T any](err error) error {
	parse, ok := errors.AsType[env.ParseError](err)
	if !ok {
		return err
	}
	for _, s := range Settings[T]() {
		if s.Field == parse.Name {
			return fmt.Errorf("%s must be %s%s", s.Variable, form(parse.Type), example(s.Default))
		}
	}
	return fmt.Errorf("%s must be %s", parse.Name, form(parse.Type))
}

func form(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration with its unit"
	case t.Kind() == reflect.Int:
		return "a whole number"
	}
	return "a " + t.String()
}

func example(value string) string {
	if value == "" {
		return ""
	}
	return ", such as " + value
}

// tooSmall are the settings that are below their least value, without those that
// could not be read at all.
func tooSmall(settings reflect.Value, unreadable map[string]bool) (problems []error) {
	for f, value := range settings.Fields() {
		variable, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch least, ok := f.Tag.Lookup("least"); {
		case variable == "":
			problems = append(problems, tooSmall(value, unreadable)...)
		case ok && !unreadable[f.Name] && value.Int() < smallest(f.Type, least):
			problems = append(problems, fmt.Errorf("%s must be at least %s%s", variable, least, example(f.Tag.Get("envDefault"))))
		}
	}
	return problems
}

func smallest(t reflect.Type, least string) int64 {
	d, err := time.ParseDuration(least)
	if t != reflect.TypeFor[time.Duration]() {
		var n int64
		n, err = strconv.ParseInt(least, 10, 64)
		d = time.Duration(n)
	}
	if err != nil { // the tag is ours
		panic(err)
	}
	return int64(d)
}

// Reveal is what a list of secrets holds.
func Reveal(secrets []Secret) []string {
	revealed := make([]string, len(secrets))
	for i, s := range secrets {
		revealed[i] = string(s)
	}
	return revealed
}
