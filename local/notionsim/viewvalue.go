package notionsim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// viewValue is a page's value of a property as a reader sees it.
func (w *workspace) viewValue(n *node, p property) valueView {
	v := valueView{Name: p.Name, Type: p.Type, Glyph: glyphs[p.Type]}
	value := renderValue(n, p)
	switch p.Type {
	case "title", "rich_text":
		v.Text = w.viewText(value.([]any))
	case "select":
		v.Options = viewOptions([]any{value})
	case "multi_select":
		v.Options = viewOptions(value.([]any))
	case "number":
		v.Plain = viewNumber(value, p.Format)
	case "date":
		v.Plain = viewDate(value)
	case "created_time", "last_edited_time":
		v.Plain = viewMoment(value.(string))
	case "checkbox":
		v.Plain = "☐"
		if value == true {
			v.Plain = "☑"
		}
	case "url", "email", "phone_number":
		v.Plain, _ = value.(string)
		v.Href = addressOf(p.Type, v.Plain)
		v.Plain = strings.TrimPrefix(strings.TrimPrefix(v.Plain, "https://"), "www.")
	case "files":
		v.Plain = viewFiles(value.([]any))
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
	d, ok := value.(map[string]any)
	if !ok {
		return ""
	}
	start, _ := d["start"].(string)
	shown := viewMoment(start)
	if end, ok := d["end"].(string); ok {
		shown += " → " + viewMoment(end)
	}
	return shown
}

func viewMoment(s string) string {
	t, day, err := parseMoment(s)
	switch {
	case err != nil:
		return s
	case day:
		return t.Format("January 2, 2006")
	default:
		return t.Format("January 2, 2006 15:04")
	}
}

// addressOf is where an address leads when it is clicked.
func addressOf(kind, s string) string {
	switch {
	case s == "":
		return ""
	case kind == "email":
		return "mailto:" + s
	case kind == "url" && absoluteURL(s, "http", "https"):
		return s
	default:
		return ""
	}
}

func viewFiles(files []any) string {
	var names []string
	for _, f := range files {
		names = append(names, fmt.Sprint(f.(map[string]any)["name"]))
	}
	return strings.Join(names, ", ")
}
