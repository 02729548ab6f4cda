package block

import (
	"slices"
	"strings"
)

// WithoutURLs returns the blocks with the URLs taken out that are bad, which Notion
// may refuse though they look right, and those URLs in the order in which they
// stood. A link leaves its text, an image a paragraph of its caption; behind it
// stands the URL in brackets, as plain text. There are as many blocks as before,
// on each level, and in the same order. What was given is not changed.
//
// Only a rich text that is full already, with MaxRichTexts pieces, may not have
// room for the URL as well.
func WithoutURLs(blocks []Block, bad func(url string) bool) (without []Block, urls []string) {
	r := remover{bad: bad}
	return r.blocks(blocks), r.urls
}

type remover struct {
	bad  func(url string) bool
	urls []string // that were taken out
}

func (r *remover) blocks(blocks []Block) []Block {
	blocks = slices.Clone(blocks)
	for i := range blocks {
		b := &blocks[i]
		b.Text = r.texts(b.Text)
		if b.Kind == Image && r.bad(b.URL) {
			r.note(b.URL)
			b.Text = withAddress(slices.Clone(b.Text), b.URL, MaxRichTexts)
			b.Kind, b.URL = Paragraph, ""
		}
		b.Cells = slices.Clone(b.Cells)
		for j, cell := range b.Cells {
			b.Cells[j] = r.texts(cell)
		}
		b.Children = r.blocks(b.Children)
	}
	return blocks
}

// texts takes the links out of rich text. The URL of a link that goes over several
// pieces stands behind the last.
func (r *remover) texts(texts []Text) []Text {
	if !slices.ContainsFunc(texts, func(t Text) bool { return t.Link != "" && r.bad(t.Link) }) {
		return texts
	}
	out := make([]Text, 0, len(texts)+1)
	for i, text := range texts {
		url := text.Link
		if url == "" || !r.bad(url) {
			out = append(out, text)
			continue
		}
		text.Link = ""
		out = append(out, text)
		if i+1 < len(texts) && texts[i+1].Link == url {
			continue
		}
		r.note(url)
		behind := len(texts) - i - 1
		out = withAddress(out, url, MaxRichTexts-behind)
	}
	return out
}

func (r *remover) note(url string) {
	if !slices.Contains(r.urls, url) {
		r.urls = append(r.urls, url)
	}
}

// withAddress appends a URL, in brackets, unless the last text has it. Where there
// would be more than most texts it is written into the last, if that has room.
func withAddress(texts []Text, url string, most int) []Text {
	address := url
	last := len(texts) - 1
	if last >= 0 {
		if strings.Contains(texts[last].Content, url) {
			return texts
		}
		address = " (" + url + ")"
	}
	pieces := Chunks([]Text{{Content: address}})
	switch {
	case len(texts)+len(pieces[0]) <= most:
		return append(texts, pieces[0]...)
	case last >= 0 && Units(texts[last].Content)+Units(address) <= MaxText:
		texts[last].Content += address
	}
	return texts
}
