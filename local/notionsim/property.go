package notionsim

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// newPropertyID makes an id such as Notion gives to properties: short, and
// unique within a database.
func newPropertyID() string { return uuid.NewString()[:4] + uuid.NewString()[:2] }

// date allows a day or an instant, with an optional end.
var date = object(must("start", moment), may("end", orNull(moment)), may("time_zone", orNull(timeZone)))

func moment(at *place, v any) error {
	s, _ := v.(string)
	if _, _, err := parseMoment(s); err != nil {
		return at.refuse("should be a valid ISO 8601 date string", v)
	}
	return nil
}

// parseMoment reads a day or an instant, and tells which it was.
func parseMoment(s string) (t time.Time, day bool, err error) {
	if t, err = time.Parse(time.DateOnly, s); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, false, nil
		}
	}
	return time.Time{}, false, err
}

func timeZone(at *place, v any) error {
	s, _ := v.(string)
	if _, err := time.LoadLocation(s); err != nil || s == "" {
		return at.refuse("should be a valid time zone", v)
	}
	return nil
}

// optionReference names a select option by id or by name.
var optionReference = shape(func(at *place, v any) error {
	o, _ := v.(map[string]any)
	name, id := may("name", optionName), may("id", populated(maxShortText))
	if _, byID := o["id"]; byID {
		id.required = true
	} else {
		name.required = true
	}
	return object(name, id, may("color", among(colors[:10]...)))(at, v)
})

func optionName(at *place, v any) error {
	if err := populated(maxShortText)(at, v); err != nil {
		return err
	}
	if s := v.(string); strings.Contains(s, ",") {
		return invalid("Invalid select option, commas not allowed: %s", s)
	}
	return nil
}

// valueShapes are the rules for a page's values, by the type of the property.
var valueShapes = map[string]shape{
	"title":        richText,
	"rich_text":    richText,
	"number":       orNull(number),
	"url":          populatedOrNull(maxURL),
	"email":        populatedOrNull(maxShortText),
	"phone_number": populatedOrNull(maxShortText),
	"select":       orNull(optionReference),
	"multi_select": array(optionReference, 0),
	"date":         orNull(date),
	"checkbox":     boolean,
}

// values is what a page's "properties" come to under a schema.
type values struct {
	schema     []property // with the options that were new
	newOptions int
	byID       map[string]any
}

// readValues judges a page's "properties" by a schema.
func readValues(v any, schema []property) (*values, error) {
	at := root("body").field("properties")
	given, ok := v.(map[string]any)
	if !ok {
		return nil, at.refuse("should be an object", v)
	}
	read := &values{schema: slices.Clone(schema), byID: map[string]any{}}
	for _, name := range sortedKeys(given) {
		i := slices.IndexFunc(schema, func(p property) bool { return p.Name == name || p.ID == name })
		if i < 0 {
			return nil, invalid("%s is not a property that exists.", name)
		}
		if err := read.property(at.field(name), &read.schema[i], given[name]); err != nil {
			return nil, err
		}
	}
	return read, nil
}

func (r *values) property(at *place, p *property, v any) error {
	o, ok := v.(map[string]any)
	if !ok {
		return at.refuse("should be an object", v)
	}
	value, ok := o[p.Type]
	if !ok {
		return invalid("%s is expected to be %s.", p.Name, p.Type)
	}
	if err := object(must(p.Type, valueShapes[p.Type]), may("type", exactly(p.Type)))(at, v); err != nil {
		return err
	}
	stored, err := r.stored(p, value)
	r.byID[p.ID] = stored
	return err
}

// stored is a value as it is kept.
func (r *values) stored(p *property, v any) (any, error) {
	switch p.Type {
	case "title", "rich_text":
		return storedRichText(v), nil
	case "select":
		if chosen, ok := v.(map[string]any); ok {
			return r.option(p, chosen)
		}
	case "multi_select":
		ids := []any{}
		for _, o := range v.([]any) {
			id, err := r.option(p, o.(map[string]any))
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, nil
	}
	return v, nil
}

// option finds the option that a value names. A name that the schema lacks is
// added to it, as Notion does: this is what makes page creations collide.
func (r *values) option(p *property, given map[string]any) (any, error) {
	id, _ := given["id"].(string)
	name, _ := given["name"].(string)
	for _, o := range p.Options {
		if o.ID == id || (id == "" && strings.EqualFold(o.Name, name)) {
			return o.ID, nil
		}
	}
	if id != "" {
		return nil, invalid("Select option with id %s does not exist in property %s.", id, p.Name)
	}
	color, _ := given["color"].(string)
	if color == "" {
		color = "default"
	}
	made := option{ID: uuid.NewString(), Name: name, Color: color}
	p.Options = append(slices.Clip(p.Options), made)
	r.newOptions++
	return made.ID, nil
}
