package notionschema_test

import (
	"errors"
	"fmt"
	"io/fs"

	"notionrelay/test/notionschema"
)

// Notion's document is not part of the project: a test that needs it skips
// where it is not at hand.
func ExampleLoad() {
	_, err := notionschema.Load("no-such-file.json")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output: true
}
