package block

// The limits that Notion sets on what it is sent. Lengths of text are counted
// in UTF-16 code units, as Notion counts them.
// Source: https://developers.notion.com/reference/request-limits, unless said
// otherwise. Notion answers a request that breaks one with 400 validation_error
// and writes nothing of it.
const (
	MaxText      = 2000 // UTF-16 units in the content of one piece of rich text
	MaxURL       = 2000 // UTF-16 units in any URL
	MaxEquation  = 1000 // UTF-16 units in the expression of an equation
	MaxRichTexts = 100  // pieces of rich text in one array
	MaxChildren  = 100  // blocks in one array of children
	MaxElements  = 1000 // blocks in one request, those below others and table rows included

	// MaxCells is the number of cells in a table row
	// (contentWithTableRowRequest.cells in Notion's OpenAPI description).
	MaxCells = 100

	// MaxDepth is how many levels of children a request can carry below its
	// first level (blockObjectRequest in Notion's OpenAPI description, and
	// https://developers.notion.com/reference/patch-block-children). The rows
	// of a table are a level like any other.
	MaxDepth = 2

	// MaxRequestBytes is how much of a request's body blocks may fill. Notion
	// takes 500 KB; the rest is for the title, icon, cover and properties that a
	// page creation carries beside its children.
	MaxRequestBytes = 490_000

	// MaxBlockBytes is how much JSON the rich text of one block may become.
	// A hundred full pieces of three-byte characters would be more than a whole
	// request can hold; Chunks cuts them so that any block can still be sent.
	MaxBlockBytes = 400_000
)
