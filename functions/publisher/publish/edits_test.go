package publish_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"notionrelay/shared/runs"
)

// edit is what a person has done, and how it is undone in the end: then the
// tree has to be that of a quiet life again.
type edit struct {
	run  int
	page string // on which it was done
	undo func()
	away bool // the page itself is in the trash, or out of reach
}

// edit lets a person do something with a page of a run, if it is there.
func (p *player) edit(e event) {
	i := e.Run % p.accepted
	if pages := pagesOf(p.run(reportID(i))); len(pages) > 0 {
		p.editPage(i, pages[e.Count%len(pages)], e.Fault%11, e.Place)
	}
}

// editLast lets a person do the i-th of some things with the page that a run has
// begun last.
func (p *player) editLast(e event, i int) {
	run := e.Run % p.accepted
	if pages := pagesOf(p.run(reportID(run))); len(pages) > 0 {
		what := []int{3, 5, 2, 7, 10}[(e.Fault+i)%5]
		p.editPage(run, pages[len(pages)-1], what, e.Place/3+i*i)
	}
}

func (p *player) editPage(i int, page string, what, place int) {
	if p.sim.Object(page) == nil {
		return // somebody has put it in the trash
	}
	run := p.run(reportID(i))
	done := edit{run: i, page: page}
	switch people := p.sim.People(); what {
	case 0, 1, 2: // a line at the top, near it, at the end
		id := people.Insert(page, [...]int{0, 3, 1000}[what], "A line by a person")
		done.undo = func() { people.Trash(id) }
	case 3, 4:
		done.undo = p.correct(p.itemBehind(page, place))
	case 5, 6:
		done.undo = p.delete(p.itemBehind(page, place))
	case 7:
		if id := placeholder(run, place); p.sim.Object(id) != nil {
			[]func(string){people.Trash, people.Unshare}[place%2](id) // in the trash or out of it
			done.undo = func() { p.endPlaceholder(i, id) }
		}
	case 8:
		people.Trash(page)
		done.away, done.undo = true, func() { people.Restore(page) }
	case 9:
		people.Unshare(page)
		done.away, done.undo = true, func() { people.Share(page) }
	case 10:
		if p.delist(i, page, []string{outerList, longList}[place%2]) {
			done.undo = func() {}
		}
	}
	if done.undo != nil {
		p.edits = append(p.edits, done)
		p.edited[i] = true
	}
}

// pagesOf are a run's homepage and the pages of its reports.
func pagesOf(run runs.Run) (ids []string) {
	for _, s := range run.Steps {
		if s.ID != "" && (s.Name == "homepage" || s.Title != "") {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// placeholder is a block of the homepage in whose place something else will come.
func placeholder(run runs.Run, place int) string {
	places := slices.Sorted(maps.Values(run.Places))
	if len(places) == 0 || len(run.Homepage) <= places[place%len(places)] {
		return ""
	}
	return run.Homepage[places[place%len(places)]]
}

// endPlaceholder brings a block of the homepage back that is the standard
// introduction of a run that keeps it. Any other the run would have deleted itself.
func (p *player) endPlaceholder(i int, id string) {
	run, people := p.run(reportID(i)), p.sim.People()
	if at, ok := run.Places["introduction"]; ok && run.Homepage[at] == id && endingOf(p.history.Runs[i], run).introduction {
		people.Share(id)
		people.Restore(id)
		return
	}
	people.Trash(id)
}

// item is a block of a report, with nothing below it.
type item struct{ id, parent, text string }

var isItem = regexp.MustCompile(`^(Do|See) item \d+ \(version`)

// itemBehind is the item of a page that has so many others behind it.
func (p *player) itemBehind(page string, others int) *item {
	items := p.items(page)
	if len(items) == 0 {
		return nil
	}
	return &items[len(items)-1-others%len(items)]
}

func (p *player) items(parent string) (items []item) {
	for _, block := range p.sim.Children(parent) {
		id := block["id"].(string)
		if text := textOf(block); isItem.MatchString(text) {
			items = append(items, item{id, parent, text})
		}
		if block["has_children"] == true && block["type"] != "child_page" {
			items = append(items, p.items(id)...)
		}
	}
	return items
}

func textOf(block map[string]any) string {
	content, _ := block[block["type"].(string)].(map[string]any)
	texts, _ := content["rich_text"].([]any)
	var b strings.Builder
	for _, t := range texts {
		fmt.Fprint(&b, t.(map[string]any)["plain_text"])
	}
	return b.String()
}

// correct changes the text of an item.
func (p *player) correct(i *item) (undo func()) {
	if i == nil {
		return nil
	}
	people := p.sim.People()
	people.Edit(i.id, i.text+", corrected by a person")
	return func() {
		if p.sim.Object(i.id) != nil { // nobody has deleted it afterwards
			people.Edit(i.id, i.text)
		}
	}
}

// delete takes an item away. Where it was the end of a request whose outcome was
// not known, it may have been written once more: no text is lost.
func (p *player) delete(i *item) (undo func()) {
	if i == nil {
		return nil
	}
	p.sim.People().Trash(i.id)
	return func() {
		if !p.isThere(*i) {
			p.sim.People().Restore(i.id)
		}
	}
}

// isThere tells whether an item is there as it was written.
func (p *player) isThere(i item) bool {
	return slices.ContainsFunc(p.items(i.parent), func(other item) bool { return other.text == i.text })
}

// lists says which of the lists of a nested report people have deleted.
type lists struct{ outer, long bool }

// The first items of the lists.
const outerList, longList = "the outer list", "the long list"

// delist deletes a list of a report for good, since not all that belongs below
// it may be there, and tells whether there was one.
func (p *player) delist(run int, page, name string) bool {
	for _, block := range p.sim.Children(page) {
		if textOf(block) == name {
			p.sim.People().Trash(block["id"].(string))
			gone := p.delisted[run]
			p.delisted[run] = lists{outer: gone.outer || name == outerList, long: gone.long || name == longList}
			return true
		}
	}
	return false
}

// gone says which lists of a run people have deleted. A page that was begun anew
// afterwards has them again.
func (p *player) gone(run int) lists {
	there := map[string]bool{}
	for _, page := range pagesOf(p.run(reportID(run))) {
		for _, block := range p.sim.Children(page) {
			there[textOf(block)] = true
		}
	}
	gone := p.delisted[run]
	return lists{outer: gone.outer && !there[outerList], long: gone.long && !there[longList]}
}

// without are the trees of a run without its lists.
func (g *stage) without(run runs.Run) map[lists]string {
	trees, people := map[lists]string{}, g.sim.People()
	outer, long := g.sim.Find(outerList), g.sim.Find(longList)
	set := func(id string, gone bool) {
		switch {
		case id == "":
		case gone:
			people.Trash(id)
		default:
			people.Restore(id)
		}
	}
	for _, gone := range []lists{{}, {outer: true}, {outer: true, long: true}, {long: true}} {
		set(outer, gone.outer)
		set(long, gone.long)
		trees[gone] = unmarked(g.treeOf(run))
	}
	return trees
}

// restorePages brings back the pages that people have put away, but for those
// that another version has begun anew meanwhile.
func (p *player) restorePages() {
	for _, e := range p.edits {
		if e.away && slices.Contains(pagesOf(p.run(reportID(e.run))), e.page) {
			e.undo()
		}
	}
}

// undoEdits undoes everything else, the last first, and takes away the blocks
// that only some versions make.
func (p *player) undoEdits() {
	for _, e := range slices.Backward(p.edits) {
		if !e.away && slices.Contains(pagesOf(p.run(reportID(e.run))), e.page) {
			e.undo()
		}
	}
	for i := range p.accepted {
		for _, page := range pagesOf(p.run(reportID(i))) {
			for _, block := range p.sim.Children(page) {
				if strings.HasPrefix(textOf(block), "An extra block of version") {
					p.sim.People().Trash(block["id"].(string))
				}
			}
		}
	}
}
