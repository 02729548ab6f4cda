package notionschema_test

import (
	"fmt"

	"notionrelay/shared/notionsim/notionschema"
)

func ExampleLoad() {
	schema, err := notionschema.Load(openapi)
	if err != nil {
		return // the document is not everywhere
	}
	err = schema.Validate("PATCH", "/v1/blocks/0b6f2c447f0e4f0c9a511f6f7b1b2b11/children", []byte(`{"children":[{"divider":{}}]}`))
	fmt.Println("a divider:", err)
}
