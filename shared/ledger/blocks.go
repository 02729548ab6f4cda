package ledger

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// Append writes blocks at the end of the page of a step, as the one request of
// another step. Before are the blocks that the page was made with. Learned, if it
// is not nil, gets the ids, and writes into the record what is needed of them.
func (l *Ledger) Append(ctx context.Context, step, parent string, before, blocks []block.Block, learned func(s *runs.Step, ids []string)) error {
	if l.Run.Step(step).Finished() {
		return nil
	}
	p := &place{parentID: l.Run.Step(parent).ID, fresh: l.isFresh(parent)}
	if len(before) > 0 {
		p.before = func() []block.Block { return before }
	}
	return l.append(ctx, request{step: step}, p, blocks, learned)
}

// append is the request that writes blocks at a place. It hands on their ids, an
// empty one for each that a person has deleted meanwhile.
func (l *Ledger) append(ctx context.Context, r request, p *place, blocks []block.Block, learned func(*runs.Step, []string)) error {
	var ids []string
	r.fresh = p.fresh
	r.find = func(ctx context.Context) (presence, error) {
		children, err := l.Notion.Children(ctx, p.parentID)
		if err := notYet(err, p.fresh); err != nil {
			return absent, err
		}
		if p.locate != nil {
			if err := p.locate(ctx, children); err != nil {
				return absent, err
			}
		}
		p.settle(children)
		if l.Run.Step(r.step).IntendedAt.IsZero() {
			return absent, nil // the look was for the place alone
		}
		me, err := l.Notion.Me(ctx)
		if err != nil {
			return absent, err
		}
		switch ids = adopt(children, *p, blocks, me); len(ids) {
		case 0:
			return absent, nil
		case len(blocks):
			return whole, nil
		}
		return partly, nil
	}
	r.amend = l.amend(func() []block.Block { return blocks[len(ids):] }, func(rest []block.Block) {
		blocks = append(slices.Clone(blocks[:len(ids)]), rest...)
	})
	r.send = func(ctx context.Context) error {
		added, err := l.Notion.AppendBlocks(ctx, p.parentID, p.behind(ids), blocks[len(ids):])
		for _, b := range added {
			ids = append(ids, b.ID)
		}
		return err
	}
	r.commit = func(s *runs.Step) {
		if learned != nil {
			learned(s, ids)
		}
	}
	return l.perform(ctx, r)
}

// lastOf is the last id that is there.
func lastOf(ids []string) string {
	for _, id := range slices.Backward(ids) {
		if id != "" {
			return id
		}
	}
	return ""
}

// Replace puts blocks in the place that the record's homepage keeps for a step:
// they are written behind the block that stands there, then it is deleted, so that
// a reader always sees one or the other. Should a person have deleted it, they go
// where it was. Without blocks it is only taken away. Where none was kept they go
// behind all of them. Made are the blocks that the page was made with.
func (l *Ledger) Replace(ctx context.Context, step, parent string, made, blocks []block.Block) error {
	pageID := l.Run.Step(parent).ID
	at, kept := l.Run.Places[step]
	if !kept {
		at = len(l.Run.Homepage) - 1
	}
	if len(blocks) > 0 && l.Run.Step(step).Done == 0 {
		if err := l.insert(ctx, step, pageID, at, made, blocks); err != nil {
			return err
		}
	}
	s := l.Run.Step(step)
	if s.Finished() {
		return nil
	}
	id := l.Run.Homepage[at]
	if id == deleted || !kept {
		s.Done = s.Total
		return nil
	}
	return l.perform(ctx, request{step: step, index: s.Total - 1, send: func(ctx context.Context) error {
		return l.trash(ctx, id, pageID)
	}})
}

// insert writes blocks behind one of the homepage's. Where its id is known, that is
// tried without a look: should a person have deleted the block, Notion refuses to
// append behind it, and only then the page is looked at for its neighbour.
func (l *Ledger) insert(ctx context.Context, step, pageID string, at int, made, blocks []block.Block) error {
	p := &place{parentID: pageID, inserts: true, stands: at, ours: l.Run.Homepage, anchor: l.Run.Homepage[at]}
	p.locate = func(ctx context.Context, children []notion.Child) error {
		err := l.identify(ctx, made, children)
		p.ours = l.Run.Homepage
		return err
	}
	known := p.anchor != "" && p.anchor != deleted
	err := l.append(ctx, request{step: step, lookFirst: !known}, p, blocks, nil)
	if known && (Refused(err) || isMissing(err)) {
		err = l.append(ctx, request{step: step, lookFirst: true}, p, blocks, nil)
	}
	return err
}

// identify finds the ids of the blocks that the homepage was made with: the answer
// to its creation tells none.
func (l *Ledger) identify(ctx context.Context, made []block.Block, children []notion.Child) error {
	ids := l.Run.Homepage[:len(made)]
	if !slices.Contains(ids, "") {
		return nil
	}
	me, err := l.Notion.Me(ctx)
	if err != nil {
		return err
	}
	found := adopt(children, place{fence: firstThere(l.Run.Homepage[len(made):], children)}, made, me)
	copy(ids, found)
	for i := range ids {
		ids[i] = cmp.Or(ids[i], deleted)
	}
	return nil
}

// trash deletes a block below a page. It counts as deleted when it says so
// itself, or when its page is readable and does not have it; not because
// something that it is in is in the trash, or access to it is lost.
func (l *Ledger) trash(ctx context.Context, blockID, pageID string) error {
	refused := l.Notion.DeleteBlock(ctx, blockID)
	if !isMissing(refused) && !saysArchived(refused) {
		return refused
	}
	gone, err := l.gone(ctx, blockID, pageID)
	if err != nil || gone {
		return err
	}
	return refused
}

// gone tells whether a block below a page is deleted.
func (l *Ledger) gone(ctx context.Context, blockID, pageID string) (bool, error) {
	b, err := l.Notion.Block(ctx, blockID)
	if err == nil {
		return b.Trashed, nil
	}
	if !isMissing(err) {
		return false, err
	}
	children, err := l.Notion.Children(ctx, pageID)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(children, func(c notion.Child) bool { return c.ID == blockID }), nil
}

// Refused tells whether Notion has refused a write for what is in it, so that it
// was not made.
func Refused(err error) bool {
	e, ok := errors.AsType[*notion.Error](err)
	return ok && e.Status == http.StatusBadRequest && e.Method != http.MethodGet && notion.FateOf(e) == notion.Permanent && !saysArchived(e)
}

// saysArchived recognises "Can't edit block that is archived", which has no
// code of its own.
func saysArchived(err error) bool {
	e, ok := errors.AsType[*notion.Error](err)
	return ok && e.Status == http.StatusBadRequest && strings.Contains(e.Message, "archived")
}

// Rename gives the page of a step a title. Doing it twice does no harm; but should
// Notion refuse the second time, it has to be known whether the first one took
// effect.
func (l *Ledger) Rename(ctx context.Context, step, page, title string) error {
	if l.Run.Step(step).Finished() {
		return nil
	}
	pageID := l.Run.Step(page).ID
	return l.perform(ctx, request{
		step: step,
		send: func(ctx context.Context) error { return l.Notion.RenamePage(ctx, pageID, title) },
		find: func(ctx context.Context) (presence, error) {
			b, err := l.Notion.Block(ctx, pageID)
			if err != nil || b.Title != title {
				return absent, err
			}
			return whole, nil
		},
	})
}
