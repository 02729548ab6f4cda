package block_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/test/notionschema"
	"notionrelay/test/rapidtest"
)

func TestMain(m *testing.M) {
	rapidtest.Settle()
	os.Exit(m.Run())
}

// encode is the JSON array of the blocks as a request has it.
func encode(blocks ...block.Block) []byte {
	array := make([]*block.JSON, len(blocks))
	for i := range blocks {
		array[i] = blocks[i].JSON()
	}
	data, err := json.Marshal(array)
	if err != nil {
		panic(err)
	}
	return data
}

// validate fails the test unless Notion's schema takes every request of a plan
// and encoding/json its JSON.
func validate(t testingT, schema *notionschema.Schema, plan block.Plan) {
	t.Helper()
	const id = "00000000-0000-4000-8000-000000000000"
	for i, request := range requests(plan) {
		body := fmt.Appendf(nil, `{"children":%s}`, encode(request...))
		if !json.Valid(body) {
			t.Fatalf("request %d is no JSON: %s", i, body)
		}
		if schema == nil || len(request) == 0 {
			continue
		}
		if err := schema.Validate(http.MethodPatch, "/v1/blocks/"+id+"/children", body); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
}
