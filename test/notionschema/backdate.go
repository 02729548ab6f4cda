package notionschema

import (
	"errors"
	"fmt"
)

// backdate changes the document from version 2026-03-11 to 2022-06-28: appends
// take "after"; pages, blocks and databases can be "archived"; a database has
// its properties itself, not in data sources, and is what is queried and
// searched for.
func (d *document) backdate() error {
	archived := func() any { return map[string]any{"type": "boolean"} }
	database, source := "/v1/databases", "/v1/data_sources"
	return errors.Join(
		d.permit("/v1/blocks/{block_id}/children", "patch", "after", map[string]any{"type": "string"}),
		d.permit("/v1/pages/{page_id}", "patch", "archived", archived()),
		d.permit("/v1/blocks/{block_id}", "patch", "archived", archived()),
		d.permit(database+"/{database_id}", "patch", "archived", archived()),
		d.permit(database, "post", "properties", d.property(source, "post", "properties")),
		d.permit(database+"/{database_id}", "patch", "properties", d.property(source+"/{data_source_id}", "patch", "properties")),
		d.permit("/v1/search", "post", "filter", map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"property", "value"},
			"properties": map[string]any{
				"property": map[string]any{"const": "object"},
				"value":    map[string]any{"enum": []any{"page", "database"}},
			},
		}),
		d.copyPath(source+"/{data_source_id}/query", database+"/{database_id}/query"),
	)
}

func (d *document) schema(path, method string) map[string]any {
	return d.Paths[path][method].RequestBody.Content["application/json"].Schema
}

func (d *document) property(path, method, name string) any {
	properties, _ := d.schema(path, method)["properties"].(map[string]any)
	return properties[name]
}

// permit adds a property to a body's schema, and to each of its alternatives.
func (d *document) permit(path, method, name string, schema any) error {
	body := d.schema(path, method)
	if body == nil || schema == nil {
		return fmt.Errorf("%s %s has no schema for a body with %q", method, path, name)
	}
	permit(body, name, schema)
	return nil
}

func permit(object map[string]any, name string, schema any) {
	if properties, ok := object["properties"].(map[string]any); ok {
		properties[name] = schema
	}
	alternatives, _ := object["anyOf"].([]any)
	for _, a := range alternatives {
		permit(a.(map[string]any), name, schema)
	}
}

func (d *document) copyPath(from, to string) error {
	if _, ok := d.Paths[from]; !ok {
		return fmt.Errorf("there is no path %s", from)
	}
	d.Paths[to] = d.Paths[from]
	return nil
}
