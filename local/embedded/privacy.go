package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// makePrivate makes the folder of the database and the database, for their owner
// alone; the journal gets the permissions of the database from SQLite.
func makePrivate(path string) error {
	dir := filepath.Dir(path)
	if err := makeFolder(dir); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	if err := closeFolder(dir); err != nil {
		return err
	}
	// One that exists is not opened: to close it would let go of the locks that
	// this process may have on it (fcntl(2)).
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // whoever opens the store says where
	if err == nil {
		err = file.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// closeFolder closes the folder and the store's files in it to others. A folder in
// which others have something stays as it is, if they cannot write to it: to close
// /var/lib would take from everybody what is in it.
func closeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	shared := slices.ContainsFunc(entries, isOfOthers)
	if info.Mode()&os.ModeSticky != 0 || shared && info.Mode()&0o022 != 0 {
		return fmt.Errorf("data folder %s is one that other users of this machine write to: give a folder of its own", dir)
	}
	if !shared {
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs to be entered
			return fmt.Errorf("close data folder to others: %w", err)
		}
	}
	return closeFiles(dir, entries)
}

func isStore(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "relay.") }

// isOfOthers tells whether a thing is none of the store's and open to others.
func isOfOthers(e os.DirEntry) bool {
	info, err := e.Info()
	return !isStore(e) && err == nil && info.Mode()&0o077 != 0
}

// closeFiles closes to others what is there of the store. What is no file, such as a
// link that somebody has left where the folder was open to him, would lead to another
// place: it is refused.
func closeFiles(dir string, entries []os.DirEntry) error {
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case !isStore(e):
		case !e.Type().IsRegular():
			return fmt.Errorf("%s is not a file, as it has to be", name)
		default:
			if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("close data folder to others: %w", err)
			}
		}
	}
	return nil
}

// makeFolder makes a folder and those that it is in, and they survive a power cut:
// SQLite sees to that only for its files.
func makeFolder(dir string) error {
	switch info, err := os.Stat(dir); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is not a folder", dir)
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := os.Open(parent) //nolint:gosec // whoever opens the store says where
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
