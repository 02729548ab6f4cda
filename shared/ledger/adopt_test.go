package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// TestAdopt shows what is recognised as the effect of a request. Pages are
// written as words: "a" is a block of ours with that text, "a!" one that a
// person wrote, "a?" one of which Notion does not say whose it is, "a^" our
// block that a person has rewritten, "a~" one that a person has corrected, "#" a
// table, and "/" a page.
func TestAdopt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		page    string
		anchor  string // text of the last block of ours; empty when it is not known
		before  string // blocks that the page was made with
		planned string
		want    string // adopted, "-" for one that was deleted; empty: nothing happened
	}{
		{"nothing", "", "", "", "a b", ""},
		{"all", "a b", "", "", "a b", "a b"},
		{"all behind the anchor", "x a b", "x", "", "a b", "a b"},
		{"nothing behind the anchor", "a b x", "x", "", "a b", ""},
		{"an equal block before the anchor", "a x", "x", "", "a", ""},
		{"a table is not every table", "# x #", "x", "", "# #", "#"},
		{"no table behind the anchor", "# x", "x", "", "#", ""},
		{"a line of a person at the top", "p! x a b", "x", "", "a b", "a b"},
		{"a line of a person between", "x p! a q! b", "x", "", "a b", "a b"},
		{"only a line of a person", "x p!", "x", "", "a b", ""},
		{"a line of a person that is planned, too", "x a!", "x", "", "a", ""},
		{"a person has changed the first", "x a^ b c", "x", "", "a b c", "a^ b c"},
		{"a person has changed one in the middle", "x a b^ c", "x", "", "a b c", "a b^ c"},
		{"a person has changed the last", "x a b c^", "x", "", "a b c", "a b c^"},
		{"a person has changed all", "x a^ b^", "x", "", "a b", "a^ b^"},
		{"a person has deleted the first", "x b c", "x", "", "a b c", "- b c"},
		{"a person has deleted one in the middle", "x a c", "x", "", "a b c", "a - c"},
		{"a person has deleted the first, and written another one", "x b q^ c", "x", "", "a b c", "- b c"},
		{"a person has divided the first, and deleted the last", "x q^ r^ b", "x", "", "a b c", "- b -"},
		{"a person has corrected the last, and deleted the one before", "x a b d~", "x", "", "a b c d", "a b - d~"},
		{"a person has corrected the last, and deleted all the others", "x d~", "x", "", "a b c d", "- - - d~"},
		{"a person has corrected two of four, and deleted the others", "x b~ d~", "x", "", "a b c d", "- b~ - d~"},
		{"a person has corrected one in the middle, and deleted its neighbour", "x a c~ d", "x", "", "a b c d", "a - c~ d"},
		{"a person has corrected the next to last, and deleted the last", "x a b~", "x", "", "a b c", "a b~"},
		{"a person has rewritten one, deleted its neighbour, and corrected the last", "x a q^ d~", "x", "", "a b c d", "a - - d~"},
		// The page is the same where the third was rewritten and the last never written.
		{"a person has rewritten the last, and deleted the one before", "x a b q^", "x", "", "a b c d", "a b q^"},
		{"more of ours stands behind", "x a q^", "x", "", "a", "a"},
		{"the end is missing", "x a b", "x", "", "a b c", "a b"},
		{"the anchor was deleted, nothing happened", "a b", "gone", "a b x", "c", ""},
		{"the anchor was deleted, all happened", "a b c d", "gone", "a b x", "c d", "c d"},
		{"only a page", "x /", "x", "", "a", ""},
		{"pages in between", "x / a / b", "x", "", "a b", "a b"},
		{"Notion does not say whose they are", "x? a? b?", "x?", "", "a b", "a? b?"},
		{"nor of one whose neighbours a person has changed", "x? q? r? b?", "x?", "", "a b c", "- b?"},
		{"nor of one alone", "x? a?", "x?", "", "a", "a?"},
		{"a line of unknown origin is not ours", "x p?", "x", "", "a", ""},
		{"behind what the page was made with", "a b c d", "", "a b", "c d", "c d"},
		{"a part behind what the page was made with", "a b c", "", "a b", "c d", "c"},
		{"nothing behind what the page was made with", "a b", "", "a b", "c d", ""},
		{"the same again, nothing happened", "a a", "", "a a", "a a", ""},
		{"the same again, all happened", "a a a a", "", "a a", "a a", "a a"}, //nolint:dupword // that is the case
		{"a person has deleted one that was there before", "b c d", "", "a b", "c d", "c d"},
		{"and nothing happened", "b", "", "a b", "c d", ""},
		{"and one block was written", "b c", "", "a b", "c", "c"},
		{"and a person has changed the only one behind it", "a b q^", "", "a b", "c", "q^"},
		{"a line of unknown origin where nothing was", "p?", "", "", "a", ""},
		{"and another was changed", "b q^", "", "a b", "c", ""},
		{"and the only one behind it was corrected", "b c~", "", "a b", "c", ""},
		{"a person has corrected one that was there before, and deleted another", "b~ c d", "", "a b", "c d", "c d"},
		{"and the last as well", "b c d~", "", "a b", "c d", "c d~"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			children := page(tt.page)
			p := place{}
			if tt.anchor != "" {
				p.anchor = "no such id"
				if i := slices.Index(strings.Fields(tt.page), tt.anchor); i >= 0 {
					p.anchor = children[i].ID
				}
			}
			if tt.before != "" {
				p.before = func() []block.Block { return blocks(tt.before) }
			}
			var got []string
			for _, id := range adopt(children, p, blocks(tt.planned), "me") {
				i := slices.IndexFunc(children, func(c notion.Child) bool { return c.ID == id })
				if i < 0 {
					got = append(got, "-")
				} else {
					got = append(got, strings.Fields(tt.page)[i])
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// What of a request is there is known, whatever people correct and delete of it, but
// for its end: whether that was deleted or has never come nobody can tell.
func TestWhatPeopleLeaveOfARequestIsKnown(t *testing.T) {
	t.Parallel()
	words := rapid.SliceOfN(rapid.StringMatching(`[a-z]{3,9}`), 3, 9)
	rapid.Check(t, func(t *rapid.T) {
		children := page("x")
		p := place{anchor: children[0].ID}
		var planned []block.Block
		var want []string
		known := 0
		for i := range rapid.IntRange(1, 30).Draw(t, "blocks") {
			text := fmt.Sprintf("Item %d: %s.", i, strings.Join(words.Draw(t, "words"), " "))
			b := block.Block{Kind: block.BulletedListItem, Text: []block.Text{{Content: text}}}
			planned, want = append(planned, b), append(want, fmt.Sprint("block ", i))
			switch rapid.SampledFrom([]string{"kept", "kept", "corrected at its end", "corrected at its beginning", "another kind", "deleted"}).Draw(t, "is") {
			case "corrected at its end":
				b.Text = []block.Text{{Content: text + " Or so."}}
			case "corrected at its beginning":
				b.Text = []block.Text{{Content: "Perhaps: " + text}}
			case "another kind":
				b.Kind = block.Paragraph
			case "deleted":
				want[i] = ""
				continue
			}
			b.ID, known = want[i], i+1
			children = append(children, notion.Child{Block: b, CreatedBy: "me"})
		}
		if got := adopt(children, p, planned, "me"); !slices.Equal(got, want[:known]) {
			t.Errorf("got %q, want %q", got, want[:known])
		}
	})
}

// Of a long page as much of the end is compared as can be of the request.
func TestTheEndOfALongPageIsCompared(t *testing.T) {
	t.Parallel()
	children := page(strings.Repeat("a ", 151))
	p := place{before: func() []block.Block { return blocks(strings.Repeat("a ", 150)) }}
	if got := adopt(children, p, blocks("a"), "me"); !slices.Equal(got, []string{children[150].ID}) {
		t.Errorf("got %q", got)
	}
}

// What stands behind the fence was there before.
func TestAnInsertionEndsAtItsFence(t *testing.T) {
	t.Parallel()
	children := page("x a b a")
	p := place{inserts: true, anchor: children[0].ID, fence: children[2].ID}
	if got := adopt(children, p, blocks("a"), "me"); !slices.Equal(got, []string{children[1].ID}) {
		t.Errorf("got %q", got)
	}
	p.anchor, p.fence = children[1].ID, children[2].ID
	if got := adopt(children, p, blocks("a"), "me"); got != nil {
		t.Errorf("got %q of what stands behind", got)
	}
}

// TestAnInsertionStandsBetweenWhatIsThere settles where blocks go that belong behind
// the second of four of ours, of which people delete some.
func TestAnInsertionStandsBetweenWhatIsThere(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]struct{ anchor, fence string }{
		"a b c d": {"b", "c"},
		"a c d":   {"a", "c"},
		"b d":     {"b", "d"},
		"a b":     {"b", ""},
		"c":       {"", "c"},
	} {
		var children []notion.Child
		for id := range strings.FieldsSeq(page) {
			children = append(children, notion.Child{Block: block.Block{ID: id}})
		}
		p := &place{inserts: true, ours: []string{"a", "b", "c", "d"}, stands: 1}
		if p.settle(children); p.anchor != want.anchor || p.fence != want.fence {
			t.Errorf("on %q: between %q and %q", page, p.anchor, p.fence)
		}
	}
}

// An insertion of which a part is there goes on behind that part, not behind the
// block that it began at.
func TestAnInsertionGoesOnBehindWhatIsThere(t *testing.T) {
	t.Parallel()
	p := &place{inserts: true, anchor: "anchor"}
	for want, ids := range map[string][]string{"anchor": nil, "second": {"first", "second", ""}} {
		if got := p.behind(ids); got != want {
			t.Errorf("behind %q: got %s, want %s", ids, got, want)
		}
	}
	if got := new(place).behind([]string{"first"}); got != "" {
		t.Errorf("at the end of a page: got %s", got)
	}
}

func page(words string) []notion.Child {
	var children []notion.Child
	for i, w := range strings.Fields(words) {
		c := notion.Child{Block: blocks(strings.TrimRight(w, "!?^~"))[0], CreatedBy: "me"}
		c.ID = string(rune('A' + i))
		switch w[len(w)-1] {
		case '!':
			c.CreatedBy = "a person"
		case '?':
			c.CreatedBy = ""
		case '^':
			c.Text = []block.Text{{Content: "corrected"}}
		case '~':
			c.Text = []block.Text{{Content: c.Plain() + c.Plain()}}
		case '/':
			c.Kind = block.ChildPage
		}
		children = append(children, c)
	}
	return children
}

func blocks(words string) []block.Block {
	var all []block.Block
	for w := range strings.FieldsSeq(words) {
		b := block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: w}}}
		if w == "#" {
			b = block.Block{Kind: block.Table}
		}
		all = append(all, b)
	}
	return all
}
