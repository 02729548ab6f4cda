package block_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"notionrelay/shared/block"
	"notionrelay/test/notionschema"
)

// every is one block of each kind, with all that it can have.
func every() []block.Block {
	texts := []block.Text{
		{Content: "plain "},
		{Content: "all", Link: "https://example.com", Bold: true, Italic: true, Strikethrough: true, Underline: true, Code: true},
	}
	blocks := []block.Block{
		{Kind: block.ToDo, Text: texts, Checked: true},
		{Kind: block.ToDo, Text: texts},
		{Kind: block.Code, Text: texts, Language: "go"},
		{Kind: block.Callout, Text: texts, Icon: "💡"},
		{Kind: block.Equation, Expression: `\frac{1}{2} < "x"`},
		{Kind: block.Image, URL: "https://example.com/a.png", Text: texts},
		{Kind: block.Divider},
		{Kind: block.TableOfContents},
		{Kind: block.Table, HeaderRow: true, Children: []block.Block{{Kind: block.TableRow, Cells: [][]block.Text{texts, nil}}}},
		{Kind: block.Toggle, Text: texts, Children: []block.Block{{Kind: block.Quote, Children: []block.Block{{Kind: block.Divider}}}}},
	}
	for _, kind := range []block.Kind{
		block.Paragraph, block.Heading1, block.Heading2, block.Heading3, block.BulletedListItem, block.NumberedListItem,
	} {
		blocks = append(blocks, block.Block{Kind: kind, Text: texts}, block.Block{Kind: kind})
	}
	return blocks
}

func TestBlocksComeBackFromJSON(t *testing.T) {
	t.Parallel()
	blocks := every()
	validate(t, notionschema.Official(t), block.Plan{Create: blocks})
	var got []block.Block
	if err := json.Unmarshal(encode(blocks...), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(blocks, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	data, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(blocks, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("blocks by json.Marshal (-want +got):\n%s", diff)
	}
}

func TestBlocksThatNotionSends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, json string
		want       block.Block
	}{
		{
			"a paragraph with all that Notion adds",
			`{"object":"block","id":"b1","type":"paragraph","has_children":true,"archived":false,"paragraph":{"color":"default","rich_text":[
				{"type":"text","text":{"content":"a","link":{"url":"https://example.com/"}},"plain_text":"a","href":"https://example.com/","annotations":{"bold":true,"color":"red"}}]}}`,
			block.Block{ID: "b1", Kind: block.Paragraph, HasChildren: true, Text: []block.Text{{Content: "a", Link: "https://example.com/", Bold: true}}},
		},
		{
			"a mention and an equation in text",
			`{"type":"heading_2","heading_2":{"rich_text":[{"type":"mention","mention":{"type":"page"},"plain_text":"Page","href":"https://notion.so/p"},
				{"type":"equation","equation":{"expression":"x^2"},"plain_text":"x^2"}]}}`,
			block.Block{Kind: block.Heading2, Text: []block.Text{{Content: "Page", Link: "https://notion.so/p"}, {Content: "x^2"}}},
		},
		{
			"an uploaded image",
			`{"type":"image","image":{"type":"file","file":{"url":"https://files.example.com/a"},"caption":[{"plain_text":"c","text":{"content":"c","link":null}}]}}`,
			block.Block{Kind: block.Image, URL: "https://files.example.com/a", Text: []block.Text{{Content: "c"}}},
		},
		{
			"a child page",
			`{"id":"p1","type":"child_page","child_page":{"title":"Report"}}`,
			block.Block{ID: "p1", Kind: block.ChildPage, Title: "Report"},
		},
		{
			"a kind that is not known",
			`{"id":"n1","type":"novelty","novelty":{"rich_text":[{"plain_text":"new"}],"whatever":[1]}}`,
			block.Block{ID: "n1", Kind: "novelty", Text: []block.Text{{Content: "new"}}},
		},
		{
			"a kind that has nothing",
			`{"id":"u1","type":"unsupported"}`,
			block.Block{ID: "u1", Kind: "unsupported"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got block.Block
			if err := json.Unmarshal([]byte(test.json), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("block (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBlocksThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`[]`, `{"type":1}`, `{"id":"b1","type":"paragraph","paragraph":[]}`, `{"type":"paragraph","paragraph":{"rich_text":"a"}}`,
	} {
		var b block.Block
		if err := json.Unmarshal([]byte(data), &b); err == nil {
			t.Errorf("%s was read as %+v", data, b)
		}
	}
}

// TestSizeIsThatOfTheJSON: a plan measures blocks without encoding them. It may
// count some bytes for punctuation that is not there, and none too few.
func TestSizeIsThatOfTheJSON(t *testing.T) {
	t.Parallel()
	check := func(t testingT, b block.Block) {
		t.Helper()
		got, want := block.Size(&b), len(encode(b))-len("[]")
		if got < want || got > want+100 {
			t.Fatalf("size %d of %d bytes: %s", got, want, encode(b))
		}
	}
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	check(t, block.Block{Kind: block.Equation, Expression: string(all) + "\u2028\u2029\ufffd😀"})
	for _, b := range every() {
		b.Children = nil
		check(t, b)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, block.Block{Kind: block.Equation, Expression: string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))})
		check(t, block.Block{Kind: block.Paragraph, Text: []block.Text{text().Draw(t, "text"), {Content: rapid.String().Draw(t, "string"), Code: true}}})
	})
}
