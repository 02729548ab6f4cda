package notionsim

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

func getDatabase(w *workspace, q *request) (*outcome, error) {
	n := w.nodes[q.id]
	if n == nil || n.Object != objectDatabase {
		return nil, notFound("database", q.id)
	}
	return &outcome{reply: func() map[string]any { return w.renderDatabase(n) }}, nil
}

var newDatabase = object(
	must("parent", object(must("type", exactly("page_id")), must("page_id", identifier))),
	must("properties", anything), // judged one by one
	may("title", richText), may("description", richText), may("is_inline", boolean),
	may("icon", icon), may("cover", cover))

func createDatabase(w *workspace, q *request) (*outcome, error) {
	if err := newDatabase(root("body"), q.body); err != nil {
		return nil, err
	}
	parent, err := w.parent(q.body["parent"].(map[string]any))
	if err != nil {
		return nil, err
	}
	schema, err := changedSchema(nil, q.body["properties"])
	if err != nil {
		return nil, err
	}

	made := newCreation(q)
	n := made.node(objectDatabase, parentRef{Type: "page_id", ID: parent.ID})
	n.Schema = schema
	setDatabase(n, q.body)
	made.change.Insert = []insertion{{Parent: parent.ID, IDs: []string{n.ID}}}
	made.change.Touch = []string{parent.ID}
	return &outcome{
		change: made.change, parent: parent.ID, created: []string{n.ID},
		reply: func() map[string]any { return w.renderDatabase(n) },
	}, nil
}

// setDatabase takes over what a request says of a database besides its schema.
func setDatabase(n *node, body map[string]any) {
	if v, ok := body["title"]; ok {
		n.Title = storedRichText(v)
	}
	if v, ok := body["description"]; ok {
		n.Description = storedRichText(v)
	}
	if v, ok := body["icon"]; ok {
		n.Icon = storedFile(v)
	}
	if v, ok := body["cover"]; ok {
		n.Cover = storedFile(v)
	}
	if v, ok := body["is_inline"].(bool); ok {
		n.Inline = v
	}
}

var databaseUpdate = object(
	may("title", richText), may("description", richText), may("is_inline", boolean),
	may("icon", icon), may("cover", cover), may("properties", anything),
	may("archived", boolean), may("in_trash", boolean))

func updateDatabase(w *workspace, q *request) (*outcome, error) {
	n := w.nodes[q.id]
	if n == nil || n.Object != objectDatabase {
		return nil, notFound("database", q.id)
	}
	if err := databaseUpdate(root("body"), q.body); err != nil {
		return nil, err
	}
	updated, err := w.update(n, q)
	if err != nil {
		return nil, err
	}
	setDatabase(updated, q.body)
	if given, ok := q.body["properties"]; ok {
		schema, err := changedSchema(n.Schema, given)
		if err != nil {
			return nil, err
		}
		updated.Schema = schema
	}
	return replacement(w, updated, w.renderDatabase), nil
}

// configShapes are the rules for a property's configuration, by its type. A
// type that is missing is one that the simulator does not have.
var configShapes = func() map[string]shape {
	nothing := object()
	selection := object(may("options", array(newOption, 0)))
	return map[string]shape{
		"title": nothing, "rich_text": nothing, "url": nothing, "email": nothing, "phone_number": nothing,
		"date": nothing, "checkbox": nothing, "people": nothing, "files": nothing,
		"created_time": nothing, "created_by": nothing, "last_edited_time": nothing, "last_edited_by": nothing,
		"number": object(may("format", among(numberFormats...))),
		"select": selection, "multi_select": selection,
	}
}()

var newOption = object(
	must("name", optionName), may("id", populated(maxShortText)),
	may("color", among(colors[:10]...)), may("description", orNull(text(maxText))))

var numberFormats = []string{
	"number", "number_with_commas", "percent", "dollar", "canadian_dollar", "singapore_dollar", "euro", "pound", "yen",
	"ruble", "rupee", "won", "yuan", "real", "lira", "rupiah", "franc", "hong_kong_dollar", "new_zealand_dollar",
	"krona", "norwegian_krone", "mexican_peso", "rand", "new_taiwan_dollar", "danish_krone", "zloty", "baht", "forint",
	"koruna", "shekel", "chilean_peso", "philippine_peso", "dirham", "colombian_peso", "riyal", "ringgit", "leu",
	"argentine_peso", "uruguayan_peso", "peruvian_sol", "australian_dollar",
}

// changedSchema is a schema with a request's "properties" worked into it: new
// ones added, null ones removed, others renamed or configured anew.
func changedSchema(old []property, v any) ([]property, error) {
	at := root("body").field("properties")
	given, ok := v.(map[string]any)
	if !ok {
		return nil, at.refuse("should be an object", v)
	}
	schema := slices.Clone(old)
	for _, name := range sortedKeys(given) {
		i := slices.IndexFunc(schema, func(p property) bool { return p.Name == name || p.ID == name })
		var err error
		switch {
		case i < 0:
			schema, err = addProperty(schema, at.field(name), name, given[name])
		case given[name] == nil:
			schema = slices.Delete(schema, i, i+1)
		default:
			schema[i], err = reconfigured(schema[i], at.field(name), given[name])
		}
		if err != nil {
			return nil, err
		}
	}
	return ordered(schema)
}

func addProperty(schema []property, at *place, name string, v any) ([]property, error) {
	if strings.TrimSpace(name) == "" {
		return nil, invalid("body failed validation: body.properties should have names that are not empty.")
	}
	p, err := reconfigured(property{ID: newPropertyID(), Name: name}, at, v)
	if p.Type == "title" {
		p.ID = "title"
	}
	return append(schema, p), err
}

// reconfigured is a property with a request's configuration of it.
func reconfigured(p property, at *place, v any) (property, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return p, at.refuse("should be an object", v)
	}
	if name, ok := o["name"].(string); ok && p.Type != "" && name != "" {
		p.Name = name
		if len(o) == 1 {
			return p, nil
		}
	}
	err := oneOf(configShapes, may("description", orNull(populated(maxDescription))), may("name", populated(maxText)), may("id", anything))(at, v)
	if err != nil {
		return p, err
	}
	kind, _ := chosen(at, o, sortedKeys(configShapes))
	config := o[kind].(map[string]any)
	p.Type = kind
	p.Description, _ = o["description"].(string)
	p.Format, _ = config["format"].(string)
	p.Options, err = configuredOptions(p.Options, config["options"])
	return p, err
}

// configuredOptions are a select's options; those that it had keep their ids.
func configuredOptions(old []option, v any) ([]option, error) {
	given, ok := v.([]any)
	if !ok {
		return old, nil
	}
	var options []option
	for _, item := range given {
		o := item.(map[string]any)
		made := option{ID: uuid.NewString(), Name: o["name"].(string), Color: "default"}
		named := func(other option) bool { return strings.EqualFold(other.Name, made.Name) }
		if slices.ContainsFunc(options, named) {
			return nil, invalid("Select options must have unique names: %s", made.Name)
		}
		if i := slices.IndexFunc(old, named); i >= 0 {
			made.ID, made.Color = old[i].ID, old[i].Color
		}
		if c, ok := o["color"].(string); ok {
			made.Color = c
		}
		made.Description, _ = o["description"].(string)
		options = append(options, made)
	}
	return options, nil
}

// ordered is a schema with its title first and the rest by name, which is the
// only order that JSON objects let a client express.
func ordered(schema []property) ([]property, error) {
	titles := 0
	for _, p := range schema {
		if p.Type == "title" {
			titles++
		}
	}
	switch {
	case titles == 0:
		return nil, invalid("Title is not provided")
	case titles > 1:
		return nil, invalid("A database has exactly one title property, instead there were %d.", titles)
	}
	slices.SortFunc(schema, func(a, b property) int {
		if (a.Type == "title") != (b.Type == "title") {
			if a.Type == "title" {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return schema, nil
}
