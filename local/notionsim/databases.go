package notionsim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

func getDatabase(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	switch {
	case n != nil && n.Object == objectPage:
		return nil, notDatabase(q.id)
	case n == nil || n.Object != objectDatabase:
		return nil, notFound("database", q.id)
	}
	if err := oneSource(n); err != nil {
		return nil, err
	}
	return &outcome{reply: func() map[string]any { return w.renderDatabase(n) }}, nil
}

// oneSource refuses a database to which a person has added a data source: this
// version of the API knows no more than one.
func oneSource(n *node) error {
	if n.Source == "" {
		return nil
	}
	return &apiError{
		status: http.StatusBadRequest, code: "validation_error",
		message: "Databases with multiple data sources are not supported in this API version.",
		additional: map[string]any{
			"error_type": "multiple_data_sources_for_database", "database_id": n.ID,
			"child_data_source_ids": []string{n.ID, n.Source}, "minimum_api_version": "2025-09-03",
		},
	}
}

var newDatabase = object(
	must("parent", object(must("type", exactly("page_id")), must("page_id", identifier))),
	must("properties", anything), // judged one by one
	may("title", richText), may("icon", icon))

func createDatabase(w *workspace, q *request) (*outcome, error) {
	if err := newDatabase(root("body"), q.body); err != nil {
		return nil, err
	}
	parent, err := w.parent(q)
	if err != nil {
		return nil, err
	}
	schema, err := newSchema(q.body["properties"])
	if err != nil {
		return nil, err
	}

	made := newCreation(q)
	n := made.node(objectDatabase, parentRef{Type: "page_id", ID: parent.ID})
	n.Schema, n.Title, n.Icon = schema, storedRichText(q.body["title"]), storedFile(q.body["icon"])
	made.change.Insert = []insertion{{Parent: parent.ID, IDs: []string{n.ID}}}
	made.change.Touch = []string{parent.ID}
	return &outcome{
		change: made.change, parent: parent.ID, created: []string{n.ID},
		reply: func() map[string]any { return w.renderDatabase(n) },
	}, nil
}

// configShapes are the rules for a property's configuration, by its type. A
// type that is missing is one that the simulator does not have.
var configShapes = func() map[string]shape {
	nothing := object()
	selection := object(may("options", array(newOption, 0)))
	return map[string]shape{
		"title": nothing, "rich_text": nothing, "url": nothing, "email": nothing, "phone_number": nothing,
		"date": nothing, "checkbox": nothing,
		"number": object(may("format", among(numberFormats...))),
		"select": selection, "multi_select": selection,
	}
}()

var newOption = object(must("name", optionName), may("color", among(colors[:10]...)))

var numberFormats = []string{
	"number", "number_with_commas", "percent", "dollar", "canadian_dollar", "singapore_dollar", "euro", "pound", "yen",
	"ruble", "rupee", "won", "yuan", "real", "lira", "rupiah", "franc", "hong_kong_dollar", "new_zealand_dollar",
	"krona", "norwegian_krone", "mexican_peso", "rand", "new_taiwan_dollar", "danish_krone", "zloty", "baht", "forint",
	"koruna", "shekel", "chilean_peso", "philippine_peso", "dirham", "colombian_peso", "riyal", "ringgit", "leu",
	"argentine_peso", "uruguayan_peso", "peruvian_sol", "australian_dollar",
}

// newSchema reads the "properties" of a new database: its title first and the
// rest by name, which is the only order that JSON objects let a client express.
func newSchema(v any) ([]property, error) {
	at := root("body").field("properties")
	given, ok := v.(map[string]any)
	if !ok {
		return nil, at.refuse("should be an object", v)
	}
	var schema []property
	titles := 0
	for _, name := range sortedKeys(given) {
		p, err := newProperty(at.field(name), name, given[name])
		if err != nil {
			return nil, err
		}
		if p.Type != "title" {
			schema = append(schema, p)
			continue
		}
		titles++
		p.ID = "title"
		schema = slices.Insert(schema, 0, p)
	}
	switch {
	case titles == 0:
		return nil, invalid("Title is not provided")
	case titles > 1:
		return nil, invalid("A database has exactly one title property, instead there were %d.", titles)
	}
	return schema, nil
}

func newProperty(at *place, name string, v any) (property, error) {
	p := property{ID: newPropertyID(), Name: name}
	if strings.TrimSpace(name) == "" {
		return p, invalid("body failed validation: body.properties should have names that are not empty.")
	}
	if err := oneOf(configShapes, may("name", populated(maxText)))(at, v); err != nil {
		return p, err
	}
	kind, err := chosen(at, v.(map[string]any), sortedKeys(configShapes))
	if err != nil {
		return p, err
	}
	config := v.(map[string]any)[kind].(map[string]any)
	p.Type = kind
	p.Format, _ = config["format"].(string)
	p.Options, err = newOptions(config["options"])
	return p, err
}

func newOptions(v any) ([]option, error) {
	given, _ := v.([]any)
	var options []option
	for _, item := range given {
		o := item.(map[string]any)
		made := option{ID: uuid.NewString(), Name: o["name"].(string), Color: "default"}
		if c, ok := o["color"].(string); ok {
			made.Color = c
		}
		if slices.ContainsFunc(options, func(other option) bool { return strings.EqualFold(other.Name, made.Name) }) {
			return nil, invalid("Select options must have unique names: %s", made.Name)
		}
		options = append(options, made)
	}
	return options, nil
}
