// Package config reads a function's settings from the environment, once, at
// its start.
package config

import (
	"errors"
	"fmt"

	"github.com/caarlos0/env/v11"
)

// Secret is a setting that must not be seen: it prints as ***.
type Secret string

func (s Secret) String() string { return "***" }

// GoString keeps a secret out of %#v.
func (s Secret) GoString() string { return "***" }

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Load fills a struct from the environment by its env tags. The error names
// every variable that is missing or wrong, not only the first, and no value.
func Load[T any]() (T, error) {
	settings, err := env.ParseAs[T]()
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
