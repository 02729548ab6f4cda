package notionsim

import (
	"fmt"
	"slices"
	"strconv"
)

// listing is one page of a list.
type listing struct {
	ids  []string
	next string // id of the first item of the next page, which is Notion's cursor; "" at the end
}

// list is a listing in Notion's shape. kind is what the items are.
func (l *listing) list(kind string, render func(id string) map[string]any) map[string]any {
	results := make([]any, len(l.ids))
	for i, id := range l.ids {
		results[i] = render(id)
	}
	o := map[string]any{
		"object": "list", "results": results, "type": kind, kind: map[string]any{},
		"next_cursor": nil, "has_more": l.next != "",
	}
	if l.next != "" {
		o["next_cursor"] = l.next
	}
	return o
}

// queryPageSize is a GET's page_size, as the number that a body would have.
func queryPageSize(q *request) any {
	s, ok := q.query["page_size"]
	if !ok {
		return nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return n
}

// paginate takes from ids those that count, from a cursor on. A cursor may have
// gone out of the list since it was given: the page begins with what followed.
// at is where cursor and size stand in the request, and size nil when it does
// not say.
func paginate(ids []string, counts func(id string) bool, at *place, cursor string, size any) (*listing, error) {
	most := maxPageSize
	if size != nil {
		if err := pageSize(at.field("page_size"), size); err != nil {
			return nil, err
		}
		most = int(size.(float64))
	}
	if cursor != "" {
		id, err := parseID(cursor)
		if err != nil {
			return nil, at.field("start_cursor").refuse("should be a valid uuid", cursor)
		}
		i := slices.Index(ids, id)
		if i < 0 {
			return nil, invalid("The start_cursor provided is invalid: %s", cursor)
		}
		ids = ids[i:]
	}
	l := &listing{}
	for _, id := range ids {
		if !counts(id) {
			continue
		}
		if len(l.ids) == most {
			l.next = id
			break
		}
		l.ids = append(l.ids, id)
	}
	return l, nil
}

func pageSize(at *place, v any) error {
	if err := positiveInteger(at, v); err != nil {
		return err
	}
	if v.(float64) > maxPageSize {
		return at.refuse(fmt.Sprintf("should be ≤ `%d`", maxPageSize), v)
	}
	return nil
}
