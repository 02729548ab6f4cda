package markdown_test

import (
	"fmt"
	"strings"

	"notionrelay/shared/markdown"
)

func ExampleMeasure() {
	size, err := markdown.Measure("# A report\n\nwith text", "- and\n- another")
	fmt.Println(size.Blocks, "blocks,", size.Requests, "requests,", err)

	_, err = markdown.Measure(strings.Repeat("a\n\n", 100_000))
	fmt.Println(err)
	// Output:
	// 4 blocks, 2 requests, <nil>
	// the report is too complex: it would become more than 50,000 blocks
}
