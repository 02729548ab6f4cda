package notionsim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// journalFile is the file in Options.Dir that holds every change, a JSON line
// each, oldest first.
const journalFile = "notionsim.jsonl"

// slack is how many bytes of changes that were overtaken by others are left
// alone.
const slack = 1 << 20

// journal keeps changes on file. A line is written in full before the request
// that caused it is answered, so that a killed process loses nothing it has
// promised. It is not synced to disk: this outlives a process, not a power cut.
type journal struct {
	name  string // of the file
	file  file
	torn  bool  // the file may have more than the whole lines
	size  int64 // of the whole lines
	least int64 // what they took when the file was last written anew
}

// file is what a journal needs of an os.File.
type file interface {
	io.WriteSeeker
	io.Closer
	Truncate(size int64) error
}

// openJournal replays the changes in dir, each with its size in bytes, and opens
// the file for more. A last line without an end was never answered for, and is
// cut off.
func openJournal(dir string, apply func(change, int64)) (*journal, error) {
	name := filepath.Join(dir, journalFile)
	f, err := openOwn(dir, name)
	if err != nil {
		return nil, err
	}
	j := &journal{name: name, file: f}
	if err := j.replay(f, apply); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// openOwn opens a file for its owner alone, in a folder that is so too, also where
// they are there already. A link, which somebody may have left there before, is
// refused.
func openOwn(dir, name string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs to be entered
		return nil, err
	}
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file, as it has to be", name)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // whoever opens the simulator says where
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o600); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (j *journal) replay(file io.Reader, apply func(change, int64)) error {
	r := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j.truncate()
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", journalFile, err)
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return fmt.Errorf("read %s line %d: %w", journalFile, n, err)
		}
		apply(c, int64(len(line)))
		j.size += int64(len(line))
	}
}

// append writes one change, wholly or not at all, and returns its size in bytes. What
// is left of one that could not be written goes before the next one at the latest.
func (j *journal) append(c change) (int64, error) {
	line, err := encode(c)
	if err != nil {
		return 0, err
	}
	if j.torn {
		if err := j.truncate(); err != nil {
			return 0, fmt.Errorf("mend %s: %w", journalFile, err)
		}
	}
	if _, err := j.file.Write(line); err != nil {
		j.torn = true
		return 0, errors.Join(fmt.Errorf("write %s: %w", journalFile, err), j.truncate())
	}
	j.size += int64(len(line))
	return int64(len(line)), nil
}

func encode(c change) ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return nil, fmt.Errorf("encode change: %w", err)
	}
	return line.Bytes(), nil
}

// truncate cuts the file to its whole lines and goes to its end.
func (j *journal) truncate() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	j.torn = err != nil
	return err
}

// overgrown tells whether more than half of the file may be of no use any more.
func (j *journal) overgrown() bool { return j.size > 2*j.least+slack }

// compact puts a file with these changes in the place of the old one, and
// returns their sizes. When that fails the old one stays, and the next try is
// made when it has doubled again.
func (j *journal) compact(changes []change) (sizes []int64, err error) {
	j.least = j.size
	if err := os.Remove(j.name + ".new"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(j.name+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	next := &journal{file: f}
	for _, c := range changes {
		size, err := next.append(c)
		if err != nil {
			return nil, errors.Join(err, next.close())
		}
		sizes = append(sizes, size)
	}
	if err := os.Rename(j.name+".new", j.name); err != nil {
		return nil, errors.Join(err, next.close())
	}
	_ = j.close() // nothing is asked of the old file any more
	j.file, j.torn, j.size, j.least = next.file, false, next.size, next.size
	return sizes, nil
}

func (j *journal) close() error { return j.file.Close() }
