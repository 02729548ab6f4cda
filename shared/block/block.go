// Package block holds Notion's page content as plain values: blocks and their
// rich text, the limits that Notion sets on them, their JSON, and the plan of
// requests that writes any amount of them.
//
// It knows nothing of markdown and does no I/O: shared/markdown makes blocks,
// shared/notion sends them.
package block

// Kind is a block's type as Notion names it.
type Kind string

// The kinds of block that are written, and the two that only Notion makes
// (ChildPage and ChildDatabase appear among a page's children when it is read).
const (
	Paragraph        Kind = "paragraph"
	Heading1         Kind = "heading_1"
	Heading2         Kind = "heading_2"
	Heading3         Kind = "heading_3"
	BulletedListItem Kind = "bulleted_list_item"
	NumberedListItem Kind = "numbered_list_item"
	ToDo             Kind = "to_do"
	Toggle           Kind = "toggle"
	Quote            Kind = "quote"
	Callout          Kind = "callout"
	Code             Kind = "code"
	Equation         Kind = "equation"
	Image            Kind = "image"
	Divider          Kind = "divider"
	Table            Kind = "table"
	TableRow         Kind = "table_row"
	TableOfContents  Kind = "table_of_contents"
	ChildPage        Kind = "child_page"
	ChildDatabase    Kind = "child_database"
)

// Block is one block and what hangs below it. Which fields count depends on
// Kind; the others stay zero.
type Block struct {
	ID       string  // Notion's id, on blocks that were read; empty on new ones
	Kind     Kind    //
	Text     []Text  // rich text; the caption of an image
	Children []Block // the rows of a table

	Language   string   // code: one of Notion's closed list
	URL        string   // image: absolute http or https
	Expression string   // equation: KaTeX
	Icon       string   // callout: an emoji
	Cells      [][]Text // table_row: rich text per cell
	Title      string   // child_page, child_database: the title that was read

	Checked   bool // to_do
	HeaderRow bool // table: the first row is a header

	// HasChildren says, on blocks that were read, that there are children
	// below which a listing does not include.
	HasChildren bool
}

// Text is one piece of rich text: a run of characters with one formatting.
type Text struct {
	Content       string
	Link          string // absolute http, https or mailto URL, or empty
	Bold          bool
	Italic        bool
	Strikethrough bool
	Underline     bool
	Code          bool
}
