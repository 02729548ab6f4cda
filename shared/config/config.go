// Package config reads a function's settings from the environment, once, at
// its start. A setting of the form ssm:/path stands for the value of that
// parameter in a store of parameters.
package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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

// Load fills a struct from the environment by its env tags. The store is asked
// once, and not at all when no setting is in it. The error names every variable
// that is missing or wrong, not only the first, and no value.
func Load[T any](ctx context.Context, store ParameterStore) (T, error) {
	environment, err := resolved[T](ctx, store)
	if err != nil {
		var none T
		return none, err
	}
	settings, err := env.ParseAsWithOptions[T](env.Options{Environment: environment})
	if err == nil {
		return settings, nil
	}
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return settings, fmt.Errorf("read settings: %w", err)
	}
	problems := []error{errors.New("read settings from the environment")}
	for _, e := range all.Errors {
		problems = append(problems, plain(e))
	}
	return settings, errors.Join(problems...)
}

// elsewhere begins a setting whose value is a parameter; what follows it is the
// slash of the parameter's name.
const elsewhere = "ssm:"

// resolved is the environment with the values of the parameters that T's
// settings name.
func resolved[T any](ctx context.Context, store ParameterStore) (map[string]string, error) {
	environment := env.ToMap(os.Environ())
	fields, err := env.GetFieldParams(new(T))
	if err != nil {
		return nil, fmt.Errorf("read tags of settings: %w", err)
	}
	parameters := map[string]string{} // names by variable
	var variables, names []string     // in the order of the settings
	for _, f := range fields {
		if name, ok := strings.CutPrefix(environment[f.Key], elsewhere); ok && strings.HasPrefix(name, "/") {
			parameters[f.Key] = name
			variables = append(variables, f.Key)
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
		if !ok {
			problems = append(problems, fmt.Errorf("%s: there is no parameter %s", variable, parameters[variable]))
		}
		environment[variable] = value
	}
	if len(problems) > 1 {
		return nil, errors.Join(problems...)
	}
	return environment, nil
}

// plain drops the value from a parse error, as it may be a secret's.
func plain(err error) error {
	if parse, ok := errors.AsType[env.ParseError](err); ok {
		return fmt.Errorf("%s is not a %s", parse.Name, parse.Type)
	}
	return err
}

// Reveal is what a list of secrets holds.
func Reveal(secrets []Secret) []string {
	plain := make([]string, len(secrets))
	for i, s := range secrets {
		plain[i] = string(s)
	}
	return plain
}
