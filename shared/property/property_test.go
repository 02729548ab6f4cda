package property_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"notionrelay/shared/property"
)

func TestWhatIsUnknownIsNullAndNeverEmpty(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]property.Value{
		`{"title":[]}`:     property.Title(""),
		`{"rich_text":[]}`: property.RichText(),
		`{"email":null}`:   property.Email(""),
		`{"select":null}`:  property.Select(""),
		`{"url":null}`:     property.URL(""),
		`{"number":null}`:  property.Number(nil),
		`{"date":null}`:    property.Date(""),
	} {
		if got, err := json.Marshal(value); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func Example() {
	row := property.Values{
		"Company":       property.Title("Acme"),
		"Contact Email": property.Email(""),
	}
	body, err := json.Marshal(row)
	fmt.Println(string(body), err)
	// Output: {"Company":{"title":[{"text":{"content":"Acme"},"type":"text"}]},"Contact Email":{"email":null}} <nil>
}
