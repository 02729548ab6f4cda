package notion

import (
	"encoding/json"
	"errors"
	"fmt"

	"notionrelay/shared/block"
)

// checked is an answer that tells whether it is one of Notion's. JSON of any
// other shape decodes to an empty answer, and an empty listing would be taken
// for absence, a page without an id for one that is done.
type checked interface{ check() error }

var errNoID = errors.New("an object has no id")

// decode reads a good answer. An answer of another shape than Notion's is as
// ambiguous as none.
func decode(x *exchange, result checked) error {
	err := json.Unmarshal(x.body, result)
	if err == nil {
		err = result.check()
	}
	if err == nil {
		return nil
	}
	e := newError(x)
	e.Cause = fmt.Errorf("decode answer: %w", err)
	return e
}

func (p *Page) check() error {
	if p.ID == "" {
		return errNoID
	}
	return nil
}

func (c *Child) check() error {
	if c.ID == "" {
		return errNoID
	}
	return nil
}

func (i *identityAnswer) check() error {
	if i.ID == "" {
		return errNoID
	}
	return nil
}

// listing is one page of a list.
type listing[Answer any] struct {
	Results    []Answer `json:"results"`
	NextCursor string   `json:"next_cursor"`
	HasMore    bool     `json:"has_more"`
}

func (l *listing[Answer]) check() error {
	if l.Results == nil {
		return errors.New("it is no list")
	}
	if l.HasMore && l.NextCursor == "" {
		return errors.New("it says that there is more, and not where")
	}
	for i := range l.Results {
		if err := any(&l.Results[i]).(checked).check(); err != nil {
			return err
		}
	}
	return nil
}

// appendAnswer is the list of the blocks that an append has made, on its first
// level.
type appendAnswer struct {
	listing[Child]

	sent int
}

func (a *appendAnswer) check() error {
	if len(a.Results) != a.sent {
		return fmt.Errorf("it has %d blocks in the place of %d", len(a.Results), a.sent)
	}
	return a.listing.check()
}

func (a *appendAnswer) blocks() []block.Block {
	blocks := make([]block.Block, len(a.Results))
	for i, child := range a.Results {
		blocks[i] = child.Block
	}
	return blocks
}
