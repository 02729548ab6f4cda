package notionview

import (
	"cmp"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// column is a property of a database, or of a page elsewhere.
type column struct{ Name, Type, Format string }

// columns are a database's properties in an order that is easy to read, as JSON
// gives them none: the title, then what is short, long text last.
func columns(o map[string]any) []column {
	var all []column
	for name, p := range properties(o) {
		c := column{Name: name}
		c.Type, _ = p["type"].(string)
		number, _ := p["number"].(map[string]any)
		c.Format, _ = number["format"].(string)
		all = append(all, c)
	}
	rank := func(c column) int { return slices.Index(columnOrder, c.Type) }
	slices.SortFunc(all, func(a, b column) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a.Name, b.Name)) })
	return all
}

// properties are those of a page or database, by name.
func properties(o map[string]any) map[string]map[string]any {
	given, _ := o["properties"].(map[string]any)
	all := make(map[string]map[string]any, len(given))
	for name := range maps.Keys(given) {
		all[name], _ = given[name].(map[string]any)
	}
	return all
}

// columnOrder is every type of property that is shown.
var columnOrder = []string{"title", "select", "multi_select", "checkbox", "number", "date", "email", "phone_number", "rich_text", "url"}

// glyphs stand before the names of properties, by type.
var glyphs = map[string]string{
	"title": "Aa", "rich_text": "≡", "number": "#", "select": "◉", "multi_select": "☰", "date": "▦", "checkbox": "☑",
	"url": "↗", "email": "@", "phone_number": "☏",
}

// valueView is one property: of a page, or in the cell of a table. One of Text,
// Options and Plain has its value; Href is where Plain leads.
type valueView struct {
	Name, Type, Glyph string
	Text              []textView
	Options           []optionView
	Plain, Href       string
	Blank             bool

	Page string    // of the title in a table: the address of the row's page
	Icon *iconView // and its icon
}

type optionView struct{ Name, Color string }

// viewValue is a page's value of a property as a reader sees it.
func (w viewer) viewValue(page map[string]any, c column) valueView {
	v := valueView{Name: c.Name, Type: c.Type, Glyph: glyphs[c.Type]}
	value := properties(page)[c.Name][c.Type]
	switch c.Type {
	case "title", "rich_text":
		v.Text = w.viewText(value)
	case "select":
		v.Options = viewOptions([]any{value})
	case "multi_select":
		options, _ := value.([]any)
		v.Options = viewOptions(options)
	case "number":
		v.Plain = viewNumber(value, c.Format)
	case "date":
		v.Plain = viewDate(value)
	case "checkbox":
		v.Plain = "☐"
		if value == true {
			v.Plain = "☑"
		}
	case "url", "email", "phone_number":
		v.Plain, _ = value.(string)
		v.Href = addressOf(c.Type, v.Plain)
		v.Plain = strings.TrimPrefix(strings.TrimPrefix(v.Plain, "https://"), "www.")
	}
	v.Blank = len(v.Text) == 0 && len(v.Options) == 0 && v.Plain == ""
	return v
}

func viewOptions(values []any) []optionView {
	var options []optionView
	for _, value := range values {
		if o, ok := value.(map[string]any); ok {
			options = append(options, optionView{Name: o["name"].(string), Color: o["color"].(string)})
		}
	}
	return options
}

func viewNumber(value any, format string) string {
	n, ok := value.(float64)
	if !ok {
		return ""
	}
	if format == "percent" {
		return strconv.FormatFloat(math.Round(n*1e4)/1e2, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func viewDate(value any) string {
	d, _ := value.(map[string]any)
	start, _ := d["start"].(string)
	shown := viewMoment(start)
	if end, ok := d["end"].(string); ok {
		shown += " → " + viewMoment(end)
	}
	return shown
}

// viewMoment is a day or an instant in words; one in a form that is not known
// here as it stands.
func viewMoment(s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format("January 2, 2006")
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.Format("January 2, 2006 15:04")
	}
	return s
}

// addressOf is where an address leads when it is clicked.
func addressOf(kind, s string) string {
	switch {
	case s == "":
		return ""
	case kind == "email":
		return "mailto:" + s
	}
	if u, err := url.Parse(s); kind == "url" && err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return s
	}
	return ""
}
