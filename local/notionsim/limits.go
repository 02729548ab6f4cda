package notionsim

// Notion's limits, from its documentation and from its published schema.
const (
	maxBodyBytes     = 500_000 // of a request
	maxBlocks        = 1000    // block elements in a request, at all levels
	maxArray         = 100     // blocks, rich text, select options, cells: any array
	maxDepth         = 2       // levels of children below the blocks of a request
	maxText          = 2000    // text.content, in UTF-16 units
	maxURL           = 2000
	maxExpression    = 1000
	maxShortText     = 100 // e-mail, phone number, name of a select option
	maxPageSize      = 100 // and what a listing gives when it is not told
	maxFilterNesting = 2   // levels of and/or
)
