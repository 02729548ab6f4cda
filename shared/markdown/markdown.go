// Package markdown turns markdown into Notion blocks without losing any of its
// text: CommonMark with GitHub's extensions (tables, strikethrough, task lists,
// bare URLs, footnotes, alerts), block equations, and the HTML and XML-like
// tags that language models put around their sections.
//
// It is pure, and no input makes Blocks fail; Measure tells before what would be
// too much to publish. Parsing is github.com/yuin/goldmark's, with parsers of our
// own for what Notion shows differently, and with bounds on the inputs for which
// parsing would take quadratic time.
package markdown

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/util"

	"notionrelay/shared/block"
)

// Blocks returns the markdown as blocks that keep Notion's limits on a single
// block: text that is too long continues in the next piece, pieces that are too
// many continue in a block of the same kind. How deep blocks nest and how many
// there are is not limited here; block.NewPlan deals with that.
//
// Some things are written as Notion and its readers need them rather than as HTML
// would show them. A line break inside a paragraph stays a line break, since reports
// set lines like "**Primary**: …" one below the other. A number that Notion would not
// give to a list item by itself (it numbers from 1 and cannot be told otherwise in
// version 2022-06-28) is written out in a paragraph. A tag in a sentence that HTML does
// not know and that is never closed, such as <first name>, is text, and so are
// definitions of links that nothing refers to: they are a list of sources.
func Blocks(source string) []block.Block {
	return convert([]byte(clean(source)), limits{}, usual)
}

// clean makes the source valid UTF-8 without NUL characters, for which
// CommonMark (section 2.3) wants U+FFFD, and with one kind of line end.
func clean(source string) string {
	if strings.IndexByte(source, '\r') >= 0 {
		source = lineEnds.Replace(source)
	}
	if strings.IndexByte(source, 0) >= 0 {
		source = strings.ReplaceAll(source, "\x00", "\uFFFD")
	}
	if !utf8.ValidString(source) {
		source = strings.ToValidUTF8(source, "\uFFFD")
	}
	return source
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// markdownParser is goldmark's parser of GFM and footnotes, put together by
// hand: HTML blocks are replaced by tag lines, so that markdown between two
// tags stays markdown; footnotes stay where they are defined, referred to or
// not; and each parser that a hostile input could make slow has a bound.
var markdownParser = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(util.Prioritized(resumptionParser{}, 0)),
		parser.WithBlockParsers(counted(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(container{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(fence{parser.NewFencedCodeBlockParser()}, 700),
			util.Prioritized(equationParser{}, 750),
			util.Prioritized(container{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(contentsParser{}, 870),
			util.Prioritized(commentParser{}, 880),
			util.Prioritized(htmlParser{parser.NewHTMLBlockParser()}, 890),
			util.Prioritized(tagLineParser{paragraphs{parser.NewParagraphParser()}}, 900),
			util.Prioritized(footnotes{container{extension.NewFootnoteBlockParser()}}, 999),
			util.Prioritized(paragraphs{parser.NewParagraphParser()}, 1000),
		)...),
		parser.WithInlineParsers(
			util.Prioritized(checkBoxParser{extension.NewTaskCheckBoxParser()}, 0),
			util.Prioritized(bounded(parser.NewCodeSpanParser()), 100),
			util.Prioritized(footnoteMarks{bounded(extension.NewFootnoteParser())}, 101),
			util.Prioritized(bounded(parser.NewLinkParser()), 200),
			util.Prioritized(charged{parser.NewAutoLinkParser()}, 300),
			util.Prioritized(charged{tagParser{parser.NewRawHTMLParser()}}, 400),
			util.Prioritized(bounded(parser.NewEmphasisParser()), 500),
			util.Prioritized(bounded(extension.NewStrikethroughParser()), 500),
			util.Prioritized(urlParser{boundedParser{extension.NewLinkifyParser()}}, 999),
			util.Prioritized(closer{}, 1000),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(references{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(tables{extension.NewTableParagraphTransformer()}, 200),
			util.Prioritized(longParagraphs{}, 300),
		),
	)
})
