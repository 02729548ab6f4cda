// Package notionschema judges request bodies by Notion's published OpenAPI
// document, for tests. The document describes API version 2026-03-11; Load
// turns it back into version 2022-06-28.
package notionschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is the set of rules for the bodies of requests. It is safe for
// concurrent use.
type Schema struct {
	bodies []body
}

// body is the rule for one method and path.
type body struct {
	method string
	path   []string // segments; one in braces stands for any
	schema *jsonschema.Schema
}

// Official is Notion's own document where the environment variable NOTION_OPENAPI
// names it, and nil where it does not: tests that it judges besides have
// assertions of their own. A document that is named and cannot be read fails the
// test.
func Official(tb testing.TB) *Schema {
	tb.Helper()
	path := os.Getenv("NOTION_OPENAPI")
	if path == "" {
		return nil
	}
	schema, err := official(path)
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

// official reads the document once.
func official(path string) (*Schema, error) {
	read.Do(func() { read.schema, read.err = Load(path) })
	return read.schema, read.err
}

var read struct {
	sync.Once

	schema *Schema
	err    error
}

// Load reads the OpenAPI document at path and compiles the rules in it. The
// error wraps fs.ErrNotExist where there is no such file.
func Load(path string) (*Schema, error) {
	b, err := os.ReadFile(path) //nolint:gosec // tests say which file
	if err != nil {
		return nil, fmt.Errorf("load Notion schema: %w", err)
	}
	var doc document
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("load Notion schema %s: %w", path, err)
	}
	if err := doc.backdate(); err != nil {
		return nil, fmt.Errorf("patch Notion schema %s: %w", path, err)
	}
	s, err := doc.compile()
	if err != nil {
		return nil, fmt.Errorf("compile Notion schema %s: %w", path, err)
	}
	return s, nil
}

// Validate says what is wrong with the body of a request to path, such as
// "/v1/blocks/0a1b…/children"; nil when nothing is. A request that the document
// gives no body is an error too.
func (s *Schema) Validate(method, path string, body []byte) error {
	for _, b := range s.bodies {
		if !b.matches(method, strings.Split(path, "/")) {
			continue
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("parse body of %s %s: %w", method, path, err)
		}
		if err := b.schema.Validate(v); err != nil {
			return fmt.Errorf("validate body of %s %s: %w", method, path, err)
		}
		return nil
	}
	return fmt.Errorf("validate body of %s %s: Notion's schema has no such request", method, path)
}

func (b *body) matches(method string, segments []string) bool {
	if method != b.method || len(segments) != len(b.path) {
		return false
	}
	for i, p := range b.path {
		if p != segments[i] && !strings.HasPrefix(p, "{") {
			return false
		}
	}
	return true
}

// document is what matters of an OpenAPI document.
type document struct {
	Components struct {
		Schemas map[string]any `json:"schemas"`
	} `json:"components"`
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
}

func (d *document) compile() (*Schema, error) {
	const url = "notion.json"
	rules, paths := map[string]any{}, map[string]body{}
	for path, operations := range d.Paths {
		for method, op := range operations {
			if schema := op.RequestBody.Content["application/json"].Schema; schema != nil {
				name := fmt.Sprintf("body%d", len(rules))
				rules[name] = schema
				paths[name] = body{method: strings.ToUpper(method), path: strings.Split(path, "/")}
			}
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	resource := map[string]any{"bodies": rules, "components": map[string]any{"schemas": d.Components.Schemas}}
	if err := c.AddResource(url, resource); err != nil {
		return nil, err
	}
	s := &Schema{}
	for name, b := range paths {
		compiled, err := c.Compile(url + "#/bodies/" + name)
		if err != nil {
			return nil, err
		}
		b.schema = compiled
		s.bodies = append(s.bodies, b)
	}
	return s, nil
}
