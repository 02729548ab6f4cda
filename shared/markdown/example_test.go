package markdown_test

import (
	"errors"
	"fmt"
	"strings"

	"notionrelay/shared/markdown"
)

func ExampleMeasure() {
	size, err := markdown.Measure("# A report\n\nwith text", "- and\n- another")
	fmt.Println(size.Blocks, "blocks,", size.Requests, "requests,", err)

	_, err = markdown.Measure(strings.Repeat("a\n\n", 100_000))
	fmt.Println(errors.Is(err, markdown.ErrTooComplex), err)
	// Output:
	// 4 blocks, 2 requests, <nil>
	// true too complex: more than 50000 blocks
}
