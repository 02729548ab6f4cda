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
	away bool // the page itself is in the trash
}

// edit lets a person do something with a page of a run, if it is there.
func (p *player) edit(e event) {
	i := e.Run % p.accepted
	run := p.run(reportID(i))
	pages := pagesOf(run)
	if len(pages) == 0 {
		return
	}
	page := pages[e.Place%len(pages)]
	if p.sim.Object(page) == nil {
		return // somebody has put it in the trash
	}
	done := edit{run: i, page: page}
	switch people := p.sim.People(); e.Fault % 9 {
	case 0, 1, 2: // a line at the top, near it, at the end
		id := people.Insert(page, [...]int{0, 3, 1000}[e.Fault%9], "A line by a person")
		done.undo = func() { people.Trash(id) }
	case 3, 4:
		done.undo = p.correct(p.itemBehind(page, e.Place))
	case 5, 6:
		done.undo = p.delete(p.itemBehind(page, e.Place))
	case 7:
		if id := placeholder(run, e.Place); p.sim.Object(id) != nil {
			people.Trash(id) // for good: the run would have done so itself
			done.undo = func() {}
		}
	case 8:
		people.Trash(page)
		done.away, done.undo = true, func() { people.Restore(page) }
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

func placeholder(run runs.Run, place int) string {
	ids := slices.Sorted(maps.Values(run.Placeholders))
	if len(ids) == 0 {
		return ""
	}
	return ids[place%len(ids)]
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

func (p *player) correct(i *item) (undo func()) {
	if i == nil {
		return nil
	}
	p.sim.People().Edit(i.id, i.text+", corrected by a person")
	return func() {
		if p.sim.Object(i.id) != nil { // else somebody has deleted it afterwards
			p.sim.People().Edit(i.id, i.text)
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
		again := func(other item) bool { return other.text == i.text }
		if !slices.ContainsFunc(p.items(i.parent), again) {
			p.sim.People().Restore(i.id)
		}
	}
}

// restorePages takes out of the trash what people have put there, but for pages
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
