package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/logs"
	"notionrelay/shared/notion"
)

// errTooEarly ends a delivery whose run is not as far yet.
var errTooEarly = errors.New("the run's earlier pages are not written yet")

// errPartMissing ends a delivery whose earlier part will not be written.
var errPartMissing = errors.New("an earlier part of the quotes is missing")

// errGone ends a delivery that was to write below a block that somebody has
// deleted.
var errGone = errors.New("a block that more belongs below has been deleted")

// errDefect ends a delivery that found a mistake of this program.
var errDefect = errors.New("the publisher has a defect")

// errSliceOver ends a delivery that has written long enough.
var errSliceOver = errors.New("the delivery's slice of time is over")

// request is one write to Notion: a request of a step of the run's plan.
type request[T any] struct {
	step  string
	index int // within the step
	once  notion.Once[T]
}

// perform makes the request of a step exactly once. The intent is stored
// before it, in one save with what the request before it has achieved; whoever
// finds an intent looks into Notion before writing.
func perform[T any](ctx context.Context, d *delivery, r request[T]) (result T, err error) {
	if d.sliceOver() {
		return result, errSliceOver
	}
	d.step = r.step
	step := d.run.Step(r.step)
	if r.once.Intended = !step.IntendedAt.IsZero(); !r.once.Intended {
		step.IntendedAt = time.Now()
	}
	logs.Set(ctx, "step", r.step)
	if err := d.save(ctx); err != nil {
		return result, err
	}
	if result, err = notion.Do(ctx, d.Notion, r.once); err != nil {
		return result, fmt.Errorf("step %s, request %d of run %s: %w", r.step, r.index, d.run.ReportID, err)
	}
	d.wrote = true
	step.Done, step.At, step.IntendedAt = r.index+1, time.Now(), time.Time{}
	d.Log.DebugContext(ctx, "request done", "request", r.index)
	return result, nil
}

func (d *delivery) sliceOver() bool {
	select {
	case <-d.Stop:
		return true
	default:
		return time.Now().After(d.sliceEnd)
	}
}

// page makes the page of a step and returns its id. find looks for the page
// where it may exist already.
func (d *delivery) page(ctx context.Context, step string, p notion.NewPage, find finder) (string, error) {
	if s := d.run.Step(step); s.Done > 0 {
		return s.ID, nil
	}
	id, err := d.create(ctx, request[notion.Page]{step: step}, p, find)
	if err != nil {
		return "", err
	}
	d.run.Step(step).ID = id
	return id, nil
}

// finder looks for a page that an earlier attempt may have made.
type finder func(context.Context) (notion.Page, bool, error)

// create makes the page of a request and returns its id. A page that is there
// without all of its children gets the missing ones; none of them needs a request
// below it.
func (d *delivery) create(ctx context.Context, r request[notion.Page], p notion.NewPage, find finder) (string, error) {
	var page notion.Page // once it is known to exist
	all, missing := p.Children, p.Children
	r.once.Send = func(ctx context.Context) (notion.Page, error) {
		if page.ID == "" {
			p.Children = nil
			if leavesRoom(p.Properties) {
				p.Children = block.NewPlan(missing).Create
			}
			created, err := d.Notion.CreatePage(ctx, p)
			if err != nil {
				return created, err
			}
			page, missing = created, missing[len(p.Children):]
		}
		for len(missing) > 0 {
			next := block.NewPlan(missing).Create
			if _, err := d.Notion.AppendBlocks(ctx, page.ID, "", next); err != nil {
				return page, err
			}
			missing = missing[len(next):]
		}
		return page, nil
	}
	r.once.Find = func(ctx context.Context, committedID string) (found notion.Page, ok bool, err error) {
		switch {
		case page.ID != "":
			found = page
		case committedID != "":
			found = notion.Page{ID: committedID}
		default:
			if found, ok, err = find(ctx); err != nil || !ok {
				return notion.Page{}, false, err
			}
		}
		page = found
		if len(all) == 0 {
			return page, true, nil
		}
		children, err := d.Notion.Children(ctx, page.ID)
		missing = all[len(present(children, 0, all)):]
		return page, err == nil && len(missing) == 0, err
	}
	created, err := perform(ctx, d, r)
	return created.ID, err
}

// headroom is what a page creation's properties may take beside children that
// fill a request: what block.MaxRequestBytes leaves of Notion's 500 KB, less the
// parent, icon and cover.
const headroom = 500_000 - block.MaxRequestBytes - 4_000

// leavesRoom tells whether a page can be created together with as many children
// as fill a request.
func leavesRoom(p notion.Properties) bool {
	encoded, err := json.Marshal(p)
	return err == nil && len(encoded) < headroom
}

// appendBlocks adds blocks at the end of a parent that already has offset blocks of
// its plan, and returns them with their ids.
func (d *delivery) appendBlocks(ctx context.Context, step string, index int, parentID string, offset int, blocks []block.Block) ([]block.Block, error) {
	var there []block.Block
	return perform(ctx, d, request[[]block.Block]{step: step, index: index, once: notion.Once[[]block.Block]{
		Send: func(ctx context.Context) ([]block.Block, error) {
			added, err := d.Notion.AppendBlocks(ctx, parentID, "", blocks[len(there):])
			return append(there, added...), err
		},
		Find: func(ctx context.Context, _ string) ([]block.Block, bool, error) {
			children, err := d.Notion.Children(ctx, parentID)
			there = present(children, offset, blocks)
			return there, len(there) == len(blocks), err
		},
	}})
}

// present finds how much of an append has happened: the blocks among children,
// at or behind the offset, that are the first of those planned. Fewer than all
// count only at the very end, where an interrupted append leaves them. What
// people have added before or after does not hide them.
func present(children []block.Block, offset int, planned []block.Block) []block.Block {
	children = withoutPages(children)
	for start := min(offset, len(children)); start < len(children); start++ {
		tail := children[start:]
		same := 0
		for same < min(len(tail), len(planned)) && block.Same(planned[same], tail[same]) {
			same++
		}
		if same == len(planned) || same == len(tail) {
			return tail[:same]
		}
	}
	return nil
}

// withoutPages leaves out the pages and databases below a page, which stand among
// its children but are in no append of ours.
func withoutPages(children []block.Block) []block.Block {
	var own []block.Block
	for _, c := range children {
		if c.Kind != block.ChildPage && c.Kind != block.ChildDatabase {
			own = append(own, c)
		}
	}
	return own
}
