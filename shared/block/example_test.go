package block_test

import (
	"encoding/json"
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

func ExampleBlock_JSON() {
	divider := block.Block{Kind: block.Divider}
	body, err := json.Marshal([]*block.JSON{divider.JSON()})
	fmt.Println(string(body), err)
	// Output: [{"object":"block","type":"divider","divider":{}}] <nil>
}

func ExampleWithoutURLs() {
	page := []block.Block{{Kind: block.Image, URL: "https://example.com/a.png", Text: []block.Text{{Content: "A chart"}}}}
	refused := func(url string) bool { return url == "https://example.com/a.png" }
	page, urls := block.WithoutURLs(page, refused)
	fmt.Println(page[0].Kind, page[0].Plain())
	fmt.Println(urls)
	// Output:
	// paragraph A chart (https://example.com/a.png)
	// [https://example.com/a.png]
}
