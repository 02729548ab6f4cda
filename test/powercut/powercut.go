// Package powercut shows what a power cut leaves of an SQLite database.
//
// While a database is worked on, every write, truncation, removal and sync of its
// files is recorded, below SQLite and above the system. Each moment of that can
// then be made a folder: what was synced is in it, and of what was not, nothing, or
// any part, since a disk writes sectors when and in which order it likes.
package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// sector is what a disk writes as a whole.
const sector = 512

// Recording is what was done to the database files of one folder.
type Recording struct {
	mu         sync.Mutex
	operations []operation
	before     map[string][]byte // what the files held when it began
	disk       time.Duration
	refuses    int32
}

type kind int

const (
	writing kind = iota
	truncation
	removal
	syncing
)

// folder is the file whose content are the names of the others. That a file exists
// needs no sync of it: where what is in the file was synced, it is taken to be there,
// as ext4 has it.
const folder = "."

type operation struct {
	kind   kind
	file   string
	offset int64 // of a write; the size of a truncation
	data   []byte
	upTo   int // a sync is of the operations before that one
}

// Record records from now on what this process does to the SQLite files in dir,
// an absolute path. No file of it may be open yet. Each sync takes as long as the
// disk is said to take, and in that time others can do something: a time of a
// synctest bubble makes what is done together the same each time.
func Record(dir string, disk time.Duration) (*Recording, error) {
	install()
	before, err := read(dir)
	if err != nil {
		return nil, err
	}
	r := &Recording{before: before, disk: disk}
	mu.Lock()
	defer mu.Unlock()
	recordings[dir] = r
	return r, nil
}

// Refuse lets every write, truncation and sync fail from now on with a result code
// of SQLite's (https://sqlite.org/rescode.html), as on a disk that is full, broken
// or only for reading any more; 0 lets them succeed again.
func (r *Recording) Refuse(code int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = code
}

func (r *Recording) refusal() int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refuses
}

func read(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list files to record: %w", err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil { //nolint:gosec // the caller's folder
			return nil, fmt.Errorf("read file to record: %w", err)
		}
	}
	return files, nil
}

// Position is a moment of the recording: how much was done so far.
func (r *Recording) Position() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.operations)
}

func (r *Recording) add(o operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, o)
}

// Syncs are the moments just before each sync, when there is most to lose, and the
// end.
func (r *Recording) Syncs() (positions []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, o := range r.operations {
		if o.kind == syncing {
			positions = append(positions, i)
		}
	}
	return append(positions, len(r.operations))
}

// Nothing of what was not synced is there after a power cut.
func Nothing() bool { return false }

// Half of it is there, by chance.
func Half(random *rand.Rand) func() bool { return func() bool { return random.IntN(2) == 0 } }

// Restore makes dir what a power cut at that position leaves. What was not synced
// is there as survives says: it is asked for each sector of a write, each
// truncation and each removal. What is done in dir from then on does not wait for
// the disk.
func (r *Recording) Restore(dir string, position int, survives func() bool) error {
	r.mu.Lock()
	done := r.operations[:position]
	r.mu.Unlock()
	for name, content := range r.after(done, survives) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("restore file: %w", err)
		}
	}
	_, err := Record(dir, 0)
	return err
}

// inode is one of the files that have had a name, one after the other: what is
// removed may be back with all that it held.
type inode struct {
	name  string
	which int
}

// after is what is left of the files.
func (r *Recording) after(done []operation, survives func() bool) map[string][]byte {
	files := map[inode][]byte{}
	for name, content := range r.before {
		files[inode{name, 0}] = slices.Clone(content)
	}
	inodes, durable := owners(done)
	for i, o := range done {
		certain := i < durable[inodes[i]]
		o.apply(files, inodes[i], func() bool { return certain || survives() })
	}
	left := map[string]int{} // which of a name
	for i, o := range done {
		if o.kind == removal && left[o.file] == inodes[i].which && (i < durable[inode{name: folder}] || survives()) {
			left[o.file]++
		}
	}
	named := map[string][]byte{}
	for f, content := range files {
		if left[f.name] == f.which {
			named[f.name] = content
		}
	}
	return named
}

// owners says which file each operation is of, and for each file before which
// operation all are durable.
func owners(done []operation) (inodes []inode, durable map[inode]int) {
	durable = map[inode]int{}
	removed := map[string]int{}
	for _, o := range done {
		f := inode{o.file, removed[o.file]}
		inodes = append(inodes, f)
		switch o.kind {
		case removal:
			removed[o.file]++
		case syncing:
			durable[f] = max(durable[f], o.upTo)
		case writing, truncation:
		}
	}
	return inodes, durable
}

// apply does to the files what of an operation survives.
func (o operation) apply(files map[inode][]byte, f inode, survives func() bool) {
	switch o.kind {
	case writing:
		for from := 0; from < len(o.data); {
			offset := o.offset + int64(from)
			to := min(len(o.data), from+int(sector-offset%sector))
			if survives() {
				content := resize(files[f], max(len(files[f]), int(offset)+to-from))
				copy(content[offset:], o.data[from:to])
				files[f] = content
			}
			from = to
		}
	case truncation:
		if survives() {
			files[f] = resize(files[f], int(o.offset))
		}
	case removal, syncing:
	}
}

// resize cuts content or puts zeros behind it.
func resize(content []byte, size int) []byte {
	if size <= len(content) {
		return content[:size]
	}
	return append(content, make([]byte, size-len(content))...)
}
