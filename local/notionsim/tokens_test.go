package notionsim

import (
	"fmt"
	"testing"
	"time"
)

// A token that asks for nothing any more is forgotten, so that whoever makes up
// tokens fills no memory with them.
func TestTokensAreForgottenWithTheirWindow(t *testing.T) {
	t.Parallel()
	g, now := newGate(), time.Now()
	for i := range 3_000 {
		if _, ok := g.spend(fmt.Sprint("token ", i), 1, now.Add(time.Duration(i)*time.Millisecond)); !ok {
			t.Fatalf("token %d has no budget", i)
		}
	}
	if _, ok := g.spend("token 2999", 1, now.Add(budgetWindow-time.Second)); ok {
		t.Error("a token is forgotten too early")
	}
	g.spend("the last one", 1, now.Add(2*budgetWindow))
	if len(g.arrivals) != 1 {
		t.Errorf("%d tokens are remembered, want the last one", len(g.arrivals))
	}
}
