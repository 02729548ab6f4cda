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

// journal keeps changes on file. A line is written in full before the request
// that caused it is answered, so that a killed process loses nothing it has
// promised. It is not synced to disk: this outlives a process, not a power cut.
type journal struct {
	file *os.File
	size int64 // of the whole lines
}

// openJournal replays the changes in dir and opens the file for more. A last
// line without an end was never answered for, and is cut off.
func openJournal(dir string, apply func(change)) (*journal, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, journalFile), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // whoever opens the simulator says where
	if err != nil {
		return nil, err
	}
	j := &journal{file: f}
	if err := j.replay(apply); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

func (j *journal) replay(apply func(change)) error {
	r := bufio.NewReader(j.file)
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
		apply(c)
		j.size += int64(len(line))
	}
}

// append writes one change, wholly or not at all.
func (j *journal) append(c change) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("encode change: %w", err)
	}
	if _, err := j.file.Write(line.Bytes()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", journalFile, err), j.truncate())
	}
	j.size += int64(line.Len())
	return nil
}

// truncate cuts the file to its whole lines and goes to its end.
func (j *journal) truncate() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

func (j *journal) close() error { return j.file.Close() }
