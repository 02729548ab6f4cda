package block

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// JSON is a block as version 2022-06-28 of Notion's API has it, in plain
// structs for encoding/json. The content of a block is in the field that has
// the name of its kind.
type JSON struct {
	Object           string   `json:"object"`
	ID               string   `json:"id,omitempty"`
	Type             Kind     `json:"type"`
	HasChildren      bool     `json:"has_children,omitempty"`
	Paragraph        *content `json:"paragraph,omitempty"`
	Heading1         *content `json:"heading_1,omitempty"`
	Heading2         *content `json:"heading_2,omitempty"`
	Heading3         *content `json:"heading_3,omitempty"`
	BulletedListItem *content `json:"bulleted_list_item,omitempty"`
	NumberedListItem *content `json:"numbered_list_item,omitempty"`
	ToDo             *content `json:"to_do,omitempty"`
	Toggle           *content `json:"toggle,omitempty"`
	Quote            *content `json:"quote,omitempty"`
	Callout          *content `json:"callout,omitempty"`
	Code             *content `json:"code,omitempty"`
	Equation         *content `json:"equation,omitempty"`
	Image            *content `json:"image,omitempty"`
	Divider          *content `json:"divider,omitempty"`
	Table            *content `json:"table,omitempty"`
	TableRow         *content `json:"table_row,omitempty"`
	TableOfContents  *content `json:"table_of_contents,omitempty"`
	ChildPage        *content `json:"child_page,omitempty"`
	ChildDatabase    *content `json:"child_database,omitempty"`
}

// place is where the content of the block's kind stands, or nil if this package
// does not know the kind.
func (j *JSON) place() **content {
	i, known := places[j.Type]
	if !known {
		return nil
	}
	return reflect.ValueOf(j).Elem().Field(i).Addr().Interface().(**content)
}

// places is the indexes of the fields of JSON by kind.
var places = func() map[Kind]int {
	indexes := map[Kind]int{}
	for i, field := range slices.Collect(reflect.TypeFor[JSON]().Fields()) {
		if field.Type == reflect.TypeFor[*content]() {
			kind, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			indexes[Kind(kind)] = i
		}
	}
	return indexes
}()

// content has the fields of all kinds, since no two kinds use one name for
// different things. What a kind does not have is nil; an empty array is written.
type content struct {
	Expression *string      `json:"expression,omitzero"`
	Title      *string      `json:"title,omitzero"`
	Type       string       `json:"type,omitzero"`
	External   *link        `json:"external,omitzero"`
	File       *link        `json:"file,omitzero"`
	Caption    []richText   `json:"caption,omitzero"`
	Width      int          `json:"table_width,omitzero"`
	HeaderRow  *bool        `json:"has_column_header,omitzero"`
	HeaderCol  *bool        `json:"has_row_header,omitzero"`
	Cells      [][]richText `json:"cells,omitzero"`
	RichText   []richText   `json:"rich_text,omitzero"`
	Checked    *bool        `json:"checked,omitzero"`
	Language   *string      `json:"language,omitzero"`
	Icon       *icon        `json:"icon,omitzero"`
	Children   []*JSON      `json:"children,omitempty"`
}

type link struct {
	URL string `json:"url"`
}

type icon struct {
	Type  string `json:"type"`
	Emoji string `json:"emoji"`
}

type richText struct {
	Type string `json:"type"`
	Text struct {
		Content string `json:"content"`
		Link    link   `json:"link,omitzero"`
	} `json:"text"`
	Annotations struct {
		Bold          bool `json:"bold,omitzero"`
		Italic        bool `json:"italic,omitzero"`
		Strikethrough bool `json:"strikethrough,omitzero"`
		Underline     bool `json:"underline,omitzero"`
		Code          bool `json:"code,omitzero"`
	} `json:"annotations,omitzero"`

	// Only Notion sends these, and mentions have nothing else.
	PlainText *string `json:"plain_text,omitempty"`
	Href      *string `json:"href,omitempty"`
}

// MarshalJSON returns the block as Notion takes it: what JSON becomes. What only
// Notion sets (ID, HasChildren) is left out.
func (b Block) MarshalJSON() ([]byte, error) { return json.Marshal(b.JSON()) }

// JSON is the block, with its children, as Notion takes it. encoding/json takes
// one pass for it, and another one for what has a MarshalJSON.
func (b *Block) JSON() *JSON {
	j := &struct { // one allocation for both
		JSON    JSON
		content content
	}{JSON{Object: "block", Type: b.Kind}, b.content()}
	if place := j.JSON.place(); place != nil {
		*place = &j.content
	}
	return &j.JSON
}

func (b *Block) content() content {
	switch b.Kind {
	case Divider, TableOfContents:
		return content{}
	case Equation:
		return content{Expression: &b.Expression}
	case ChildPage, ChildDatabase:
		return content{Title: &b.Title}
	case Image:
		return content{Type: "external", External: &link{b.URL}, Caption: richTexts(b.Text)}
	case TableRow:
		cells := make([][]richText, len(b.Cells))
		for i, cell := range b.Cells {
			cells[i] = richTexts(cell)
		}
		return content{Cells: cells}
	}
	c := content{Children: children(b.Children)}
	if b.Kind == Table {
		c.Width, c.HeaderRow, c.HeaderCol = 1, &b.HeaderRow, new(bool)
		if len(b.Children) > 0 {
			c.Width = max(1, len(b.Children[0].Cells))
		}
		return c
	}
	c.RichText = richTexts(b.Text)
	switch b.Kind {
	case ToDo:
		c.Checked = &b.Checked
	case Code:
		c.Language = &b.Language
	case Callout:
		if b.Icon != "" {
			c.Icon = &icon{Type: "emoji", Emoji: b.Icon}
		}
	}
	return c
}

func children(blocks []Block) []*JSON {
	out := make([]*JSON, len(blocks))
	for i := range blocks {
		out[i] = blocks[i].JSON()
	}
	return out
}

func richTexts(texts []Text) []richText {
	out := make([]richText, len(texts))
	for i, t := range texts {
		r := &out[i]
		r.Type, r.Text.Content, r.Text.Link.URL = "text", t.Content, t.Link
		a := &r.Annotations
		a.Bold, a.Italic, a.Strikethrough, a.Underline, a.Code = t.Bold, t.Italic, t.Strikethrough, t.Underline, t.Code
	}
	return out
}

// UnmarshalJSON reads a block as Notion sends it, or as MarshalJSON wrote it.
// A kind that this package does not know keeps its name, its id and its rich
// text if it has any; that is no error. The text of mentions and of equations
// inside text is the plain text that Notion gives for them.
func (b *Block) UnmarshalJSON(data []byte) error {
	var j JSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("decode block %q: %w", j.ID, err)
	}
	*b = j.block()
	if j.place() != nil {
		return nil
	}
	var contents map[Kind]json.RawMessage
	if err := json.Unmarshal(data, &contents); err != nil {
		return fmt.Errorf("decode block %q: %w", j.ID, err)
	}
	if raw := contents[j.Type]; raw != nil {
		var unknown struct {
			RichText []richText `json:"rich_text"`
		}
		if err := json.Unmarshal(raw, &unknown); err != nil {
			return fmt.Errorf("decode %s block %q: %w", j.Type, j.ID, err)
		}
		b.Text = texts(unknown.RichText)
	}
	return nil
}

func (j *JSON) block() Block {
	b := Block{ID: j.ID, Kind: j.Type, HasChildren: j.HasChildren}
	place := j.place()
	if place == nil || *place == nil {
		return b
	}
	c := *place
	b.Text = texts(c.RichText)
	if j.Type == Image {
		b.Text = texts(c.Caption)
	}
	for _, file := range []*link{c.External, c.File} { // an image has one of them
		b.URL += or(file, link{}).URL
	}
	b.Icon = or(c.Icon, icon{}).Emoji
	b.Checked, b.HeaderRow = or(c.Checked, false), or(c.HeaderRow, false)
	b.Expression, b.Language, b.Title = or(c.Expression, ""), or(c.Language, ""), or(c.Title, "")
	for _, cell := range c.Cells {
		b.Cells = append(b.Cells, texts(cell))
	}
	for _, child := range c.Children {
		if child != nil {
			b.Children = append(b.Children, child.block())
		}
	}
	return b
}

func texts(read []richText) []Text {
	var out []Text
	for i := range read {
		r := &read[i]
		t := Text{Content: r.Text.Content, Link: r.Text.Link.URL}
		if t.Content == "" {
			t = Text{Content: or(r.PlainText, ""), Link: or(r.Href, "")}
		}
		a := r.Annotations
		t.Bold, t.Italic, t.Strikethrough, t.Underline, t.Code = a.Bold, a.Italic, a.Strikethrough, a.Underline, a.Code
		out = append(out, t)
	}
	return out
}

func or[T any](value *T, absent T) T {
	if value == nil {
		return absent
	}
	return *value
}
