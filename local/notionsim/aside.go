package notionsim

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"
)

// aside are rows that are on disk alone, each with what is below it in a file of its
// own: there is no room for them in memory, and somebody will still write to them.
// Like the journal, they outlive a process and not a power cut.
type aside struct {
	dir  string
	rows map[halfID]halfID // of what is set aside, to the row that it is below
}

// halfID is the first half of an id, which tells as many apart as there ever are.
type halfID uint64

func half(id string) halfID {
	u, err := uuid.Parse(id)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(undashed(u.String())[:16], 16, 64) // it has 32 digits
	return halfID(n)
}

// openAside reads what an earlier process has set aside, but for the rows that this
// has no use for.
func openAside(dir string, useless func(row string) bool) (*aside, error) {
	a := &aside{dir: dir, rows: map[halfID]halfID{}}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		c, broken := readRow(name)
		if broken == nil && !useless(c.row()) {
			a.index(c)
		} else if err == nil { // it was being written when its process died, for one
			err = os.Remove(name)
		}
	}
	return a, err
}

// row is the row that a change brings with all that is below it.
func (c change) row() string { return c.Insert[0].IDs[0] }

func (a *aside) index(c change) {
	for _, n := range c.Put {
		a.rows[half(n.ID)] = half(c.row())
	}
}

func (a *aside) file(row halfID) string { return filepath.Join(a.dir, fmt.Sprintf("%016x", row)) }

// put sets a row aside.
func (a *aside) put(c change) error {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	name := a.file(half(c.row()))
	if err := writeRow(name+".new", c); err != nil {
		return errors.Join(err, os.Remove(name+".new"))
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	a.index(c)
	return nil
}

// find reads the row that something is below, if it was set aside.
func (a *aside) find(id string) (c change, found bool, err error) {
	row, found := a.rows[half(id)]
	if found {
		c, err = readRow(a.file(row))
	}
	return c, found, err
}

// drop forgets a row, which is elsewhere now.
func (a *aside) drop(c change) {
	for _, n := range c.Put {
		delete(a.rows, half(n.ID))
	}
	_ = os.Remove(a.file(half(c.row()))) // else the next process does
}

func writeRow(name string, c change) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // below Options.Dir
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(encodeRow(json.NewEncoder(packed), c), packed.Close())
}

// encodeRow writes each node as a value of its own: a value is in memory as a whole
// while it is written or read, and a row can have tens of thousands of nodes.
func encodeRow(encoder *json.Encoder, c change) error {
	nodes := c.Put
	c.Put = nil
	if err := encoder.Encode(c); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := encoder.Encode(n); err != nil {
			return err
		}
	}
	return nil
}

func readRow(name string) (c change, err error) {
	f, err := os.Open(name) //nolint:gosec // below Options.Dir
	if err != nil {
		return c, err
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return c, err
	}
	decoder := json.NewDecoder(packed)
	if err := decoder.Decode(&c); err != nil {
		return c, err
	}
	for {
		n := new(node)
		if err := decoder.Decode(n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return c, err
		}
		c.Put = append(c.Put, n)
	}
	if len(c.Insert) == 0 || len(c.Insert[0].IDs) != 1 || len(c.Put) == 0 {
		return c, fmt.Errorf("%s has no row", filepath.Base(name))
	}
	return c, nil
}
