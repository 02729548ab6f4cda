package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
	"notionrelay/shared/runs"
)

// Page makes a page below another one, with as many blocks as it is given; its
// title is that of the step. It returns the page's id. Parent is the step that
// made the page above.
func (l *Ledger) Page(ctx context.Context, step, parent, title string, p notion.NewPage) (string, error) {
	if s := l.Run.Step(step); s.Done > 0 {
		return s.ID, nil
	}
	p.PageID, p.Properties = l.Run.Step(parent).ID, property.Values{"title": property.Title(title)}
	amend := l.amend(func() []block.Block { return p.Children }, func(changed []block.Block) { p.Children = changed })
	return l.make(ctx, step, parent, block.ChildPage, title, amend, func(ctx context.Context) (notion.Page, error) { return l.Notion.CreatePage(ctx, p) })
}

// Database makes a database below a page and returns its id.
func (l *Ledger) Database(ctx context.Context, step, parent string, d notion.NewDatabase) (string, error) {
	if s := l.Run.Step(step); s.Done > 0 {
		return s.ID, nil
	}
	d.PageID = l.Run.Step(parent).ID
	return l.make(ctx, step, parent, block.ChildDatabase, d.Title, nil, func(ctx context.Context) (notion.Page, error) { return l.Notion.CreateDatabase(ctx, d) })
}

// make is the request that makes a page or database below the page of a step.
func (l *Ledger) make(ctx context.Context, step, parent string, kind block.Kind, title string, amend func(error) bool, create func(context.Context) (notion.Page, error)) (string, error) {
	var made notion.Page
	err := l.perform(ctx, request{
		step: step, fresh: l.isFresh(parent), amend: amend,
		send: func(ctx context.Context) (err error) {
			made, err = create(ctx)
			return committed(&made, err)
		},
		find: func(ctx context.Context) (presence, error) {
			id, err := l.child(ctx, parent, kind, title)
			made.ID = id
			return there(id), err
		},
		commit: func(s *runs.Step) { s.ID = made.ID },
	})
	return made.ID, err
}

// child looks below the page of a step for a page or database with that title
// that this integration has made and no step of the run has.
func (l *Ledger) child(ctx context.Context, parent string, kind block.Kind, title string) (id string, err error) {
	me, err := l.Notion.Me(ctx)
	if err != nil {
		return "", err
	}
	children, err := l.Notion.Children(ctx, l.Run.Step(parent).ID)
	for _, c := range children {
		if c.Kind == kind && c.Title == title && madeBy(c, me) && !l.owns(c.ID) {
			return c.ID, nil
		}
	}
	return "", notYet(err, l.isFresh(parent))
}

func (l *Ledger) owns(id string) bool {
	return slices.ContainsFunc(l.Run.Steps, func(s runs.Step) bool { return s.ID == id || s.Discard == id })
}

// Row is a row of a database, and by what it is recognised.
type Row struct {
	Step       string
	Index      int
	DatabaseID string
	Database   string // the step that made the database; empty for one that was there before
	Values     property.Values
	Content    []block.Block // of the row's page
	Title      string
	Match      map[string]string // other properties as plain text that tell it from others
	// Mine tells of a row that looks like this one whether it can be it.
	Mine func(ctx context.Context, id string) (bool, error)
	// Commit writes the row's id into the record.
	Commit func(id string)
}

// Row writes a row, and then what of its content the first request has no room
// for.
func (l *Ledger) Row(ctx context.Context, r Row) error {
	requests := requestsOf(r.Values, r.Content)
	s := l.Run.Step(r.Step)
	if s.Part == 0 {
		if err := l.row(ctx, r, requests[0]); err != nil {
			return err
		}
	}
	for s.Part < len(requests) {
		part := s.Part
		p := &place{parentID: s.ID, anchor: s.Last[""], before: func() []block.Block { return slices.Concat(requests[:part]...) }, fresh: l.isFresh(r.Step)}
		err := l.append(ctx, request{step: r.Step, index: r.Index, part: true}, p, requests[part], func(s *runs.Step, ids []string) {
			s.Last = map[string]string{"": lastOf(ids)}
		})
		if err != nil {
			return err
		}
	}
	s.Done, s.Part = r.Index+1, 0
	return nil
}

func (l *Ledger) row(ctx context.Context, r Row, content []block.Block) error {
	var made notion.Page
	return l.perform(ctx, request{
		step: r.Step, index: r.Index, lag: indexLag, part: true, fresh: r.Database != "" && l.isFresh(r.Database),
		send: func(ctx context.Context) (err error) {
			made, err = l.Notion.CreatePage(ctx, notion.NewPage{DatabaseID: r.DatabaseID, Properties: r.Values, Children: content})
			return committed(&made, err)
		},
		find: func(ctx context.Context) (presence, error) {
			id, err := l.findRow(ctx, r, content)
			made.ID = id
			return there(id), err
		},
		commit: func(s *runs.Step) {
			s.ID, s.Last = made.ID, nil
			r.Commit(made.ID)
		},
	})
}

// clockSkew is how far Notion's clock may be behind ours.
const clockSkew = 2 * time.Minute

// findRow asks for the rows with that title that were made since the intent. A
// title may hold only the beginning of what a row is about; then the content that
// the row was made with tells it from others.
func (l *Ledger) findRow(ctx context.Context, r Row, content []block.Block) (string, error) {
	me, err := l.Notion.Me(ctx)
	if err != nil {
		return "", err
	}
	rows, err := l.Notion.RowsSince(ctx, r.DatabaseID, r.Title, l.Run.Step(r.Step).IntendedAt.Add(-clockSkew))
	if err != nil {
		return "", notYet(err, r.Database != "" && l.isFresh(r.Database))
	}
	for _, row := range rows {
		if row.CreatedBy != me || row.Title != r.Title || !holds(row.Properties, r.Match) {
			continue
		}
		mine, err := r.Mine(ctx, row.ID)
		if mine && err == nil && len(content) > 0 {
			mine, err = l.beginsWith(ctx, row.ID, content[0])
		}
		if mine || err != nil {
			return row.ID, err
		}
	}
	return "", nil
}

// beginsWith tells whether a row's page begins with a block, or has nothing of ours
// on it any more.
func (l *Ledger) beginsWith(ctx context.Context, rowID string, first block.Block) (bool, error) {
	children, err := l.Notion.Children(ctx, rowID)
	if err != nil || len(children) == 0 {
		return err == nil, err
	}
	return block.Same(first, children[0].Block), nil
}

func holds(have, want map[string]string) bool {
	for name, value := range want {
		if have[name] != value {
			return false
		}
	}
	return true
}

// committed takes up the id under which Notion says to have saved what it
// answers with an error.
func committed(made *notion.Page, err error) error {
	if e, ok := errors.AsType[*notion.Error](err); ok && e.CommittedID != "" {
		made.ID = e.CommittedID
		return nil
	}
	return err
}

func there(id string) presence {
	if id == "" {
		return absent
	}
	return whole
}

// madeBy tells whether a block can be of this integration.
func madeBy(c notion.Child, me string) bool { return c.CreatedBy == "" || c.CreatedBy == me }

// headroom is what a page creation's properties may take beside children that
// fill a request: what block.MaxRequestBytes leaves of Notion's 500 KB, less the
// parent, icon and cover.
const headroom = 500_000 - block.MaxRequestBytes - 4_000

// requestsOf divides what is on a row's page, which needs no request below it,
// among the row's creation and appends.
func requestsOf(values property.Values, content []block.Block) [][]block.Block {
	plan := block.NewPlan(content)
	requests := [][]block.Block{plan.Create}
	if encoded, err := json.Marshal(values); err != nil || len(encoded) >= headroom && len(plan.Create) > 0 {
		requests = [][]block.Block{nil, plan.Create}
	}
	for _, a := range plan.Appends {
		requests = append(requests, a.Children)
	}
	return requests
}
