package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Run shows the screen on a terminal until its user ends it, or ctx does.
func (s Screen) Run(ctx context.Context, in, out *os.File) (err error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("take over the terminal: %w", err)
	}
	const enter, leave = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l" // the other buffer, without a cursor
	_, err = io.WriteString(out, enter)
	defer func() {
		_, e := io.WriteString(out, leave)
		err = errors.Join(err, e, term.Restore(int(in.Fd()), before))
	}()
	if err != nil {
		return err
	}
	return s.loop(ctx, readKeys(in), func() (width, height int) {
		width, height, err := term.GetSize(int(out.Fd()))
		if err != nil || width == 0 || height == 0 { // it does not know
			return plainWidth, plainHeight
		}
		return width, height
	}, out)
}

// loop takes in keys and what commands come to, and draws after each. The size is
// asked for every time, which notices a change within a look.
func (s Screen) loop(ctx context.Context, keys <-chan Key, size func() (width, height int), out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := make(chan Message)
	start := func(c Command) {
		if c == nil {
			return
		}
		go func() {
			m := c(ctx)
			select {
			case messages <- m:
			case <-ctx.Done():
			}
		}()
	}
	start(s.Init())
	for {
		s.width, s.height = size()
		if _, err := io.WriteString(out, "\x1b[H"+strings.ReplaceAll(s.View(), "\n", "\x1b[K\r\n")+"\x1b[K\x1b[J"); err != nil {
			return fmt.Errorf("draw the screen: %w", err)
		}
		var m Message
		select {
		case <-ctx.Done():
			return nil
		case m = <-messages:
		case m = <-keys:
		}
		var next Command
		if s, next = s.Update(m); s.ended {
			return nil
		}
		start(next)
	}
}

// readKeys reads keys for as long as the process lives: a read cannot be called off.
func readKeys(in io.Reader) <-chan Key {
	keys := make(chan Key)
	go func() {
		buffer := make([]byte, 64)
		for {
			n, err := in.Read(buffer)
			if err != nil {
				return
			}
			for _, k := range keysOf(string(buffer[:n])) {
				keys <- k
			}
		}
	}()
	return keys
}

// named are the keys that terminals send as more or other than a letter.
var named = map[string]Key{
	"\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\r": "enter", "\n": "enter", "\x1b": "esc", "\x03": "ctrl+c",
}

// keysOf are the keys of what was read at once.
func keysOf(read string) (keys []Key) {
	for read != "" {
		n := 1
		if strings.HasPrefix(read, "\x1b") && len(read) >= 3 {
			n = 3
		}
		k, ok := named[read[:n]]
		if !ok {
			k = Key(read[:n])
		}
		keys, read = append(keys, k), read[n:]
	}
	return keys
}
