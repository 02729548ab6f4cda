package notionsim

import "errors"

// Tear has the journal write half of its next change, and fail twice to cut that off.
func (s *Sim) Tear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal.file = &tornFile{file: s.journal.file, writes: 1, truncations: 2}
}

var errTorn = errors.New("the disk takes nothing")

type tornFile struct {
	file

	writes, truncations int
}

func (f *tornFile) Write(p []byte) (int, error) {
	if f.writes == 0 {
		return f.file.Write(p)
	}
	f.writes--
	n, err := f.file.Write(p[:len(p)/2])
	return n, errors.Join(err, errTorn)
}

func (f *tornFile) Truncate(size int64) error {
	if f.truncations == 0 {
		return f.file.Truncate(size)
	}
	f.truncations--
	return errTorn
}
