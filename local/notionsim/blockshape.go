package notionsim

// languages that a code block can have. Any other is refused.
var languages = []string{
	"abap", "abc", "agda", "arduino", "ascii art", "assembly", "bash", "basic", "bnf", "c", "c#", "c++", "clojure",
	"coffeescript", "coq", "css", "dart", "dhall", "diff", "docker", "ebnf", "elixir", "elm", "erlang", "f#", "flow",
	"fortran", "gherkin", "glsl", "go", "graphql", "groovy", "haskell", "hcl", "html", "idris", "java", "java/c/c++/c#",
	"javascript", "json", "julia", "kotlin", "latex", "less", "lisp", "livescript", "llvm ir", "lua", "makefile",
	"markdown", "markup", "mathematica", "matlab", "mermaid", "nix", "notion formula", "objective-c", "ocaml", "pascal",
	"perl", "php", "plain text", "powershell", "prolog", "protobuf", "purescript", "python", "r", "racket", "reason",
	"ruby", "rust", "sass", "scala", "scheme", "scss", "shell", "smalltalk", "solidity", "sql", "swift", "toml",
	"typescript", "vb.net", "verilog", "vhdl", "visual basic", "webassembly", "xml", "yaml",
}

// textual are the blocks that are rich text with a color and, optionally,
// children.
var textual = []string{
	"paragraph", "heading_1", "heading_2", "heading_3", "bulleted_list_item", "numbered_list_item",
	"to_do", "toggle", "quote", "callout",
}

// parentalTypes are the blocks that others can be appended to.
var parentalTypes = append([]string{"table"}, textual...)

// blockLists[n] is the rule for an array of blocks below which n levels of
// children may stand. The schema has no table on the lowest level, whose rows
// would be one level too many.
var blockLists = func() (lists [maxDepth + 1]shape) {
	lists[0] = array(blockShape(nil, nil), 0)
	lists[1] = array(blockShape(lists[0], newTable), 0)
	lists[2] = array(blockShape(lists[1], newTable), 0)
	return lists
}()

// blockShape is the rule for a block whose children, if it may have any, obey
// the rule children.
func blockShape(children, table shape) shape {
	variants := leafShapes()
	for _, kind := range textual {
		variants[kind] = object(append([]member{must("rich_text", richText)}, textMembers(kind, children)...)...)
	}
	if table != nil {
		variants["table"] = table
	}
	return oneOf(variants, may("object", exactly("block")))
}

// textMembers are the fields of a textual block besides its text.
func textMembers(kind string, children shape) []member {
	members := []member{may("color", color)}
	if children != nil {
		members = append(members, may("children", children))
	}
	switch kind {
	case "heading_1", "heading_2", "heading_3":
		members = append(members, may("is_toggleable", boolean))
	case "to_do":
		members = append(members, may("checked", boolean))
	case "callout":
		members = append(members, may("icon", icon))
	}
	return members
}

// leafShapes are the blocks without children.
func leafShapes() map[string]shape {
	return map[string]shape{
		"image":             oneOf(map[string]shape{"external": object(must("url", imageAddress))}, may("caption", richText)),
		"code":              object(must("rich_text", richText), must("language", among(languages...)), may("caption", richText)),
		"equation":          object(must("expression", text(maxExpression))),
		"divider":           object(),
		"table_of_contents": object(may("color", color)),
		"table_row":         tableRow,
	}
}

var tableRow = object(must("cells", array(richText, 0)))

// newTable is the rule for a table and its rows.
func newTable(at *place, v any) error {
	row := oneOf(map[string]shape{"table_row": tableRow}, may("object", exactly("block")))
	err := object(
		must("table_width", positiveInteger), must("children", array(row, 1)),
		may("has_column_header", boolean), may("has_row_header", boolean))(at, v)
	if err != nil {
		return err
	}
	t := v.(map[string]any)
	for _, child := range t["children"].([]any) {
		if err := fitsTable(child.(map[string]any)["table_row"].(map[string]any), t["table_width"]); err != nil {
			return err
		}
	}
	return nil
}

func fitsTable(row map[string]any, width any) error {
	if float64(len(row["cells"].([]any))) != width {
		return invalid(creationFailed + "Number of cells in table row must match the table width of the parent table")
	}
	return nil
}

// checkBlocks is the rule for the blocks of a request, at body.children.
func checkBlocks(v any, least int) error {
	at := root("body").field("children")
	if list, ok := v.([]any); ok && len(list) < least {
		return array(anything, least)(at, v)
	}
	if err := blockLists[maxDepth](at, v); err != nil {
		return err
	}
	if n := countBlocks(v.([]any)); n > maxBlocks {
		return invalid("body failed validation: body.children should have ≤ `%d` block elements in all, instead had `%d`.", maxBlocks, n)
	}
	return untoggled(at, v.([]any))
}

func countBlocks(list []any) int {
	n := len(list)
	for _, b := range list {
		n += countBlocks(childrenOf(b))
	}
	return n
}

// untoggled refuses children below a heading that is not toggleable, which
// could never be shown.
func untoggled(at *place, list []any) error {
	for i, b := range list {
		kind, content := kindOf(b)
		children := childrenOf(b)
		if len(children) > 0 && isHeading(kind) && content["is_toggleable"] != true {
			return at.element(i).field(kind).field("is_toggleable").refuse("should be `true` for a heading with children", content["is_toggleable"])
		}
		if err := untoggled(at.element(i).field(kind).field("children"), children); err != nil {
			return err
		}
	}
	return nil
}

// placed refuses blocks that cannot stand below a block of type parent: rows
// outside of tables, and the reverse.
func placed(parent string, children []any) error {
	for _, child := range children {
		kind, _ := kindOf(child)
		if (kind == "table_row") != (parent == "table") {
			return invalid(creationFailed + "Table rows, and nothing else, can be children of a table")
		}
		if err := placed(kind, childrenOf(child)); err != nil {
			return err
		}
	}
	return nil
}

func isHeading(kind string) bool {
	return kind == "heading_1" || kind == "heading_2" || kind == "heading_3"
}

// kindOf is the type and the content of a valid block of a request.
func kindOf(b any) (string, map[string]any) {
	for name, v := range b.(map[string]any) {
		if content, ok := v.(map[string]any); ok {
			return name, content
		}
	}
	return "", nil
}

func childrenOf(b any) []any {
	_, content := kindOf(b)
	children, _ := content["children"].([]any)
	return children
}
