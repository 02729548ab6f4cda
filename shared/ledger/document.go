package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// Document writes a page with the requests of a plan: its creation, then each
// append. It returns the page's id. A page that is finished stays as it is, whatever
// plan it was written with.
func (l *Ledger) Document(ctx context.Context, step, parent, title string, p notion.NewPage, plan block.Plan) (string, error) {
	if s := l.Run.Step(step); s.Finished() {
		return s.ID, nil
	}
	if err := l.pin(ctx, step, parent, title, plan); err != nil {
		return "", err
	}
	p.Children = plan.Create
	pageID, err := l.Page(ctx, step, parent, title, p)
	if err != nil {
		return "", err
	}
	d := &document{ledger: l, step: step, pageID: pageID, plan: plan, lastUse: lastUses(plan)}
	for i := l.Run.Step(step).Done - 1; i < len(plan.Appends); i++ {
		if err := d.append(ctx, i); err != nil {
			return "", err
		}
	}
	return pageID, nil
}

// pin ties a step to the plan of its page. What was begun with another plan
// goes to the trash.
func (l *Ledger) pin(ctx context.Context, step, parent, title string, plan block.Plan) error {
	s := l.Run.Step(step)
	fingerprint, err := fingerprintOf(plan)
	if err != nil {
		return fmt.Errorf("step %s of run %s: %w", step, l.Run.ReportID, err)
	}
	if s.Discard == "" && (s.Plan == fingerprint || s.Plan == "" && s.Done == 0 && s.IntendedAt.IsZero()) {
		s.Plan, s.Total = fingerprint, 1+len(plan.Appends)
		return nil
	}
	if s.Discard == "" {
		if err := l.settle(ctx, step, parent, title); err != nil {
			return err
		}
		s.Discard, s.ID = s.ID, ""
	}
	begin := func(s *runs.Step) {
		*s = runs.Step{Name: s.Name, Title: s.Title, Plan: fingerprint, Total: 1 + len(plan.Appends)}
	}
	if s.Discard == "" {
		begin(s)
		return nil
	}
	l.Log.WarnContext(ctx, "page is begun anew, as this version plans it otherwise", "step", step)
	return l.perform(ctx, request{
		step:   step,
		send:   func(ctx context.Context) error { return l.trash(ctx, s.Discard, l.Run.Step(parent).ID) },
		commit: begin,
	})
}

// settle finds out whether the creation of a step's page has happened.
func (l *Ledger) settle(ctx context.Context, step, parent, title string) error {
	s := l.Run.Step(step)
	if s.Done > 0 || s.IntendedAt.IsZero() {
		return nil
	}
	_, err := l.look(ctx, request{step: step, find: func(ctx context.Context) (presence, error) {
		id, err := l.child(ctx, parent, block.ChildPage, title)
		s.ID = id
		return there(id), err
	}}, nil)
	return err
}

// fingerprintOf is a hash of the requests of a plan.
func fingerprintOf(plan block.Plan) (string, error) {
	h := sha256.New()
	encoder := json.NewEncoder(h)
	if err := encoder.Encode(plan.Create); err != nil {
		return "", fmt.Errorf("fingerprint plan: %w", err)
	}
	for _, a := range plan.Appends {
		request := struct {
			Parent   block.Path    `json:"parent"`
			Children []block.Block `json:"children"`
		}{a.Parent, a.Children}
		if err := encoder.Encode(request); err != nil {
			return "", fmt.Errorf("fingerprint plan: %w", err)
		}
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12]), nil
}

// document is a page whose plan is being written.
type document struct {
	ledger  *Ledger
	step    string
	pageID  string
	plan    block.Plan
	lastUse map[string]int // of a block's id, by its path: the last append that needs it, counted from 1
}

// deleted stands for the id of a block that a person has deleted. What belongs
// below it has no place any more.
const deleted = "deleted"

// append makes the plan's append number i.
func (d *document) append(ctx context.Context, i int) error {
	a := d.plan.Appends[i]
	parentID, err := d.idOf(ctx, a.Parent, i)
	if err != nil {
		return err
	}
	s := d.ledger.Run.Step(d.step)
	if parentID == deleted {
		s.Done = i + 2
		return nil
	}
	key := keyOf(a.Parent)
	p := &place{parentID: parentID, anchor: s.Last[key], before: func() []block.Block { return d.childrenOf(a.Parent, i) }, fresh: d.ledger.isFresh(d.step)}
	err = d.ledger.append(ctx, request{step: d.step, index: i + 1}, p, a.Children, func(s *runs.Step, ids []string) {
		d.learn(s, a.Parent, a.Offset, ids, i)
	})
	if err != nil && d.parentGone(ctx, a.Parent, err) {
		d.open(s, key, deleted)
		s.Done = i + 2
		return nil
	}
	return err
}

// parentGone tells whether a request was refused because a person has deleted the
// block with that path, or one that it is in.
func (d *document) parentGone(ctx context.Context, path block.Path, refused error) bool {
	if !isMissing(refused) && !saysArchived(refused) {
		return false
	}
	open := d.ledger.Run.Step(d.step).Open
	for n := range path {
		id := open[keyOf(path[:n+1])]
		if id == "" {
			continue
		}
		if gone, err := d.ledger.gone(ctx, id, d.pageID); err == nil && gone {
			return true
		}
	}
	return false
}

// idOf is the id of the block with that path, or deleted. An id that no answer
// has told, as the creation of a page tells none, is looked up below its parent.
func (d *document) idOf(ctx context.Context, path block.Path, i int) (string, error) {
	if len(path) == 0 {
		return d.pageID, nil
	}
	s := d.ledger.Run.Step(d.step)
	if id := s.Open[keyOf(path)]; id != "" {
		return id, nil
	}
	parent := path[:len(path)-1]
	parentID, err := d.idOf(ctx, parent, i)
	if err != nil || parentID == deleted {
		return parentID, err
	}
	me, err := d.ledger.Notion.Me(ctx)
	if err != nil {
		return "", err
	}
	children, err := d.ledger.Notion.Children(ctx, parentID)
	if err != nil && d.parentGone(ctx, parent, err) {
		return deleted, nil
	}
	if err := notYet(err, d.ledger.isFresh(d.step)); err != nil {
		return "", fmt.Errorf("find block %v of page %s: %w", path, d.pageID, err)
	}
	d.learn(s, parent, 0, adopt(children, place{}, d.childrenOf(parent, i), me), i-1)
	if id := s.Open[keyOf(path)]; id != "" {
		return id, nil
	}
	return deleted, nil
}

// learn takes down the ids of blocks below a parent that appends after number i
// need, and forgets those that none needs any more.
func (d *document) learn(s *runs.Step, parent block.Path, offset int, ids []string, i int) {
	prefix := keyOf(parent)
	for k, id := range ids {
		d.open(s, join(prefix, offset+k), cmp.Or(id, deleted))
	}
	if last := lastOf(ids); last != "" {
		if s.Last == nil {
			s.Last = map[string]string{}
		}
		s.Last[prefix] = last
	}
	needless := func(key string, _ string) bool { return d.lastUse[key] <= i+1 }
	maps.DeleteFunc(s.Open, needless)
	maps.DeleteFunc(s.Last, needless)
}

func (d *document) open(s *runs.Step, key, id string) {
	if s.Open == nil {
		s.Open = map[string]string{}
	}
	s.Open[key] = id
}

// childrenOf are the blocks below a path that are written before append i.
func (d *document) childrenOf(path block.Path, i int) []block.Block {
	var children []block.Block
	if len(path) == 0 {
		children = append(children, d.plan.Create...)
	} else if siblings := d.childrenOf(path[:len(path)-1], i); path[len(path)-1] < len(siblings) {
		children = append(children, siblings[path[len(path)-1]].Children...)
	}
	key := keyOf(path)
	for _, a := range d.plan.Appends[:i] {
		if keyOf(a.Parent) == key {
			children = append(children, a.Children...)
		}
	}
	return children
}

// lastUses finds for each path, the page's own included, the last append to it
// or to a block below it.
func lastUses(plan block.Plan) map[string]int {
	uses := map[string]int{}
	for i, a := range plan.Appends {
		for n := range len(a.Parent) + 1 {
			uses[keyOf(a.Parent[:n])] = i + 1
		}
	}
	return uses
}

func keyOf(path block.Path) string {
	var b strings.Builder
	for i, n := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

func join(prefix string, n int) string {
	if prefix == "" {
		return strconv.Itoa(n)
	}
	return prefix + "." + strconv.Itoa(n)
}
