package block_test

import (
	"fmt"

	"notionrelay/shared/block"
)

func ExampleNewPlan() {
	page := make([]block.Block, 250)
	for i := range page {
		page[i] = block.Block{Kind: block.Divider}
	}
	plan := block.NewPlan(page)
	fmt.Println(len(plan.Create), "blocks with the page")
	for _, a := range plan.Appends {
		fmt.Println(len(a.Children), "blocks behind", a.Offset)
	}
	// Output:
	// 100 blocks with the page
	// 100 blocks behind 100
	// 50 blocks behind 200
}

func ExampleAppendJSON() {
	fmt.Println(string(block.AppendJSON(nil, []block.Block{{Kind: block.Divider}})))
	// Output: [{"object":"block","type":"divider","divider":{}}]
}
