package block

import (
	"encoding/json"
	"fmt"
)

// UnmarshalJSON reads a block as Notion sends it, or as AppendJSON wrote it.
// A kind that this package does not know keeps its name, its id and its rich
// text if it has any; that is no error. The text of mentions and of equations
// inside text is the plain text that Notion gives for them.
func (b *Block) UnmarshalJSON(data []byte) error {
	var head struct {
		ID          string `json:"id"`
		Type        Kind   `json:"type"`
		HasChildren bool   `json:"has_children"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("decode block: %w", err)
	}
	var contents map[Kind]json.RawMessage
	if err := json.Unmarshal(data, &contents); err != nil {
		return fmt.Errorf("decode block %q: %w", head.ID, err)
	}
	var content content
	if raw, ok := contents[head.Type]; ok {
		if err := json.Unmarshal(raw, &content); err != nil {
			return fmt.Errorf("decode %s block %q: %w", head.Type, head.ID, err)
		}
	}
	*b = content.block()
	b.ID, b.Kind, b.HasChildren = head.ID, head.Type, head.HasChildren
	return nil
}

// content is what stands under a block's kind: the fields of all kinds in one,
// since no two kinds use one name for different things.
type content struct {
	RichText   []richText   `json:"rich_text"`
	Caption    []richText   `json:"caption"`
	Cells      [][]richText `json:"cells"`
	Children   []Block      `json:"children"`
	Checked    bool         `json:"checked"`
	Language   string       `json:"language"`
	Expression string       `json:"expression"`
	Title      string       `json:"title"`
	HeaderRow  bool         `json:"has_column_header"`
	External   struct {
		URL string `json:"url"`
	} `json:"external"`
	File struct {
		URL string `json:"url"`
	} `json:"file"`
	Icon struct {
		Emoji string `json:"emoji"`
	} `json:"icon"`
}

func (c *content) block() Block {
	b := Block{
		Text:       texts(c.RichText),
		Children:   c.Children,
		Checked:    c.Checked,
		Language:   c.Language,
		URL:        c.External.URL,
		Expression: c.Expression,
		Icon:       c.Icon.Emoji,
		HeaderRow:  c.HeaderRow,
		Title:      c.Title,
	}
	if b.Text == nil { // only a block without text of its own has a caption that counts
		b.Text = texts(c.Caption)
	}
	if b.URL == "" {
		b.URL = c.File.URL
	}
	for _, cell := range c.Cells {
		b.Cells = append(b.Cells, texts(cell))
	}
	return b
}

type richText struct {
	PlainText string `json:"plain_text"`
	Href      string `json:"href"`
	Text      *struct {
		Content string `json:"content"`
		Link    *struct {
			URL string `json:"url"`
		} `json:"link"`
	} `json:"text"`
	Annotations struct {
		Bold          bool `json:"bold"`
		Italic        bool `json:"italic"`
		Strikethrough bool `json:"strikethrough"`
		Code          bool `json:"code"`
	} `json:"annotations"`
}

func texts(read []richText) []Text {
	var out []Text
	for _, r := range read {
		t := Text{
			Content:       r.PlainText,
			Link:          r.Href,
			Bold:          r.Annotations.Bold,
			Italic:        r.Annotations.Italic,
			Strikethrough: r.Annotations.Strikethrough,
			Code:          r.Annotations.Code,
		}
		if r.Text != nil {
			t.Content, t.Link = r.Text.Content, ""
			if r.Text.Link != nil {
				t.Link = r.Text.Link.URL
			}
		}
		out = append(out, t)
	}
	return out
}
