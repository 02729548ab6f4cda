package main

import (
	"container/list"
	"context"
	"net"
	"sync"
)

// door is a listener that has room for so many connections. Where one more comes,
// it closes the one that has had its time for longest and to which no answer is
// owed: it has asked nothing, or nothing more, or takes its time over a request
// without a secret. So nobody keeps out those who have one by doing nothing.
type door struct {
	net.Listener

	most    int
	mu      sync.Mutex
	open    int
	waiting *list.List // of the visits to which no answer is owed, the oldest first
}

func newDoor(l net.Listener, most int) *door {
	return &door{Listener: l, most: most, waiting: list.New()}
}

func (d *door) Accept() (net.Conn, error) {
	connection, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visit{Conn: connection, door: d}
	if oldest := d.enter(v); oldest != nil {
		_ = oldest.Close() // its server hears of it
	}
	return v, nil
}

// enter counts a visit, and returns the one that has to go for it.
func (d *door) enter(v *visit) (oldest *visit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open++
	v.place = d.waiting.PushBack(v)
	if d.open > d.most {
		oldest, _ = d.waiting.Front().Value.(*visit)
	}
	return oldest
}

// visit is a connection.
type visit struct {
	net.Conn

	door  *door
	place *list.Element // among those that wait; nil while an answer is owed
	gone  bool
}

// Close also counts it out.
func (v *visit) Close() error {
	v.door.mu.Lock()
	if !v.gone {
		v.gone = true
		v.door.open--
		v.leave()
	}
	v.door.mu.Unlock()
	return v.Conn.Close()
}

// CloseWrite is what net/http ends a connection with whose caller may still be
// sending, so that he reads the answer.
func (v *visit) CloseWrite() error {
	if half, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// owe says that an answer is owed from now on, or no longer. A request that is on
// no visit, as in tests of a handler, has none.
func (v *visit) owe(answer bool) {
	if v == nil {
		return
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.leave()
	if !answer && !v.gone {
		v.place = v.door.waiting.PushBack(v)
	}
}

func (v *visit) leave() {
	if v.place != nil {
		v.door.waiting.Remove(v.place)
		v.place = nil
	}
}

type visitKey struct{}

// withVisit lets a server's requests know their connection.
func withVisit(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, visitKey{}, connection)
}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}
