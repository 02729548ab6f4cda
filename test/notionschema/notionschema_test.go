package notionschema_test

import (
	"strings"
	"testing"

	"notionrelay/test/notionschema"
)

// Only Notion's own document can show what it takes.
func TestOfficialSchema(t *testing.T) {
	t.Parallel()
	s := notionschema.Official(t)
	if s == nil {
		t.Skip("NOTION_OPENAPI does not name Notion's OpenAPI document")
	}
	const id = "0b6f2c44-7f0e-4f0c-9a51-1f6f7b1b2b11"
	for _, tt := range []struct {
		name, method, path, body string
		valid                    bool
	}{
		{"page", "POST", "/v1/pages", `{"parent":{"page_id":"` + id + `"},"properties":{}}`, true},
		{"page with an unknown field", "POST", "/v1/pages", `{"parent":{"page_id":"` + id + `"},"colour":"red"}`, false},
		{"archived page", "PATCH", "/v1/pages/" + id, `{"archived":true}`, true},
		{"archived block", "PATCH", "/v1/blocks/" + id, `{"archived":true}`, true},
		{"archived block with content", "PATCH", "/v1/blocks/" + id, `{"divider":{},"archived":true}`, true},
		{"archived database", "PATCH", "/v1/databases/" + id, `{"archived":true}`, true},
		{"append after", "PATCH", "/v1/blocks/" + id + "/children", `{"children":[{"divider":{}}],"after":"` + id + `"}`, true},
		{"append of a string", "PATCH", "/v1/blocks/" + id + "/children", `{"children":["x"]}`, false},
		{"database with properties", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"` + id + `"},"properties":{"Name":{"title":{}}}}`, true},
		{"database with a wrong property", "POST", "/v1/databases", `{"parent":{"type":"page_id","page_id":"` + id + `"},"properties":{"Name":{"titel":{}}}}`, false},
		{"database property removed", "PATCH", "/v1/databases/" + id, `{"properties":{"Old":null}}`, true},
		{"database query", "POST", "/v1/databases/" + id + "/query", `{"filter":{"property":"Name","title":{"equals":"x"}}}`, true},
		{"database query with a wrong filter", "POST", "/v1/databases/" + id + "/query", `{"filter":{"property":"Name","title":{"like":"x"}}}`, false},
		{"search for databases", "POST", "/v1/search", `{"filter":{"property":"object","value":"database"}}`, true},
		{"no JSON", "POST", "/v1/search", `{`, false},
		{"no such path", "POST", "/v1/pages/" + id, `{}`, false},
		{"no body in the schema", "GET", "/v1/pages/" + id, ``, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := s.Validate(tt.method, tt.path, []byte(tt.body)); (err == nil) != tt.valid {
				t.Errorf("Validate(%s %s %s): got %v, want valid %v", tt.method, tt.path, tt.body, err, tt.valid)
			}
		})
	}
}

func TestLoadSaysWhatIsWrongWithTheFile(t *testing.T) {
	t.Parallel()
	_, err := notionschema.Load("notionschema.go")
	if err == nil || !strings.Contains(err.Error(), "notionschema.go") {
		t.Errorf("Load of a file that is no JSON: got %v, want an error that names it", err)
	}
}
