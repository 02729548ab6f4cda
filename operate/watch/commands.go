package watch

import (
	"context"
	"time"
)

// Message is what has happened: a Key, or what a command has come to.
type Message any

// Key is a key by its letter, or as up, down, enter, esc and ctrl+c.
type Key string

// Command does something that takes time, and says what has come of it.
type Command func(ctx context.Context) Message

// What comes back from commands.
type (
	looked struct {
		now Snapshot
		err error
	}
	said     string
	detailed []string
)

func (s Screen) look(ctx context.Context) Message {
	now, err := s.relay.Look(ctx)
	return looked{now, err}
}

func (s Screen) lookSoon(ctx context.Context) Message {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(s.every):
		return s.look(ctx)
	}
}

func (s Screen) redrive(id string) Command {
	return func(ctx context.Context) Message {
		says, err := s.relay.Redrive(ctx, id)
		return outcome(says, err)
	}
}

func (s Screen) address(id string) Command {
	return func(ctx context.Context) Message {
		address, err := s.relay.Address(ctx, id)
		return outcome(address, err)
	}
}

func (s Screen) detail(id string) Command {
	return func(ctx context.Context) Message {
		lines, err := s.relay.Details(ctx, id)
		if err != nil {
			return said(err.Error())
		}
		return detailed(lines)
	}
}

func (s Screen) setPaused(paused bool) Command {
	return func(ctx context.Context) Message {
		says := "resumed"
		if paused {
			says = "paused"
		}
		return outcome(says, s.relay.SetPaused(ctx, paused))
	}
}

func outcome(says string, err error) Message {
	if err != nil {
		return said(err.Error())
	}
	return said(says)
}
