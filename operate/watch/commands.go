package watch

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// What comes back from commands.
type (
	looked struct {
		now Snapshot
		err error
	}
	said     string
	detailed []string
)

// doer makes the commands of a screen.
type doer struct {
	ctx   context.Context //nolint:containedctx // Bubble Tea's commands take none
	relay Relay
	every time.Duration
}

func (d doer) look() tea.Msg {
	now, err := d.relay.Look(d.ctx)
	return looked{now, err}
}

func (d doer) lookSoon() tea.Cmd {
	return tea.Tick(d.every, func(time.Time) tea.Msg { return d.look() })
}

func (d doer) redrive(id string) tea.Cmd {
	return func() tea.Msg {
		says, err := d.relay.Redrive(d.ctx, id)
		return outcome(says, err)
	}
}

func (d doer) address(id string) tea.Cmd {
	return func() tea.Msg {
		address, err := d.relay.Address(d.ctx, id)
		return outcome(address, err)
	}
}

func (d doer) detail(id string) tea.Cmd {
	return func() tea.Msg {
		lines, err := d.relay.Details(d.ctx, id)
		if err != nil {
			return said(err.Error())
		}
		return detailed(lines)
	}
}

func (d doer) setPaused(paused bool) tea.Cmd {
	return func() tea.Msg {
		says := "resumed"
		if paused {
			says = "paused"
		}
		return outcome(says, d.relay.SetPaused(d.ctx, paused))
	}
}

func outcome(says string, err error) tea.Msg {
	if err != nil {
		return said(err.Error())
	}
	return said(says)
}
