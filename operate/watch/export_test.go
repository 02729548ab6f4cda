package watch

import (
	"context"
	"io"
)

// KeysOf is for tests.
var KeysOf = keysOf

// Ended tells whether its user has ended it.
func (s Screen) Ended() bool { return s.ended }

// Sized is the screen on a terminal of that size.
func Sized(s Screen, width, height int) Screen {
	s.width, s.height = width, height
	return s
}

// Loop runs a screen on something that is no terminal.
func Loop(ctx context.Context, s Screen, keys <-chan Key, out io.Writer) error {
	return s.loop(ctx, keys, func() (width, height int) { return 120, 40 }, out)
}
