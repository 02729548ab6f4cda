// Package linear lets clients call something side by side, and judges whether
// what they were told can be explained by calls that took place one after the
// other.
package linear

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Client asks questions Q and is told answers A, one at a time.
type Client[Q, A any] interface {
	// Choose is the client's nth question.
	Choose(n int) Q
	// Call asks it. An error is one of the test, not an answer.
	Call(ctx context.Context, question Q) (A, error)
}

// ErrNoOrder says that what was told cannot be explained.
var ErrNoOrder = errors.New("no order explains what the calls were told")

// Check lets each client make so many calls. It returns ErrNoOrder where the model,
// which works on one call at a time, explains them in no order.
func Check[Q, A any](ctx context.Context, model porcupine.Model, clients []Client[Q, A], calls int) error {
	history, err := play(ctx, clients, calls)
	if err != nil {
		return err
	}
	switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("no order of %d calls was found within a minute", len(history))
	}
	return fmt.Errorf("%d calls: %w", len(history), ErrNoOrder)
}

func play[Q, A any](ctx context.Context, clients []Client[Q, A], calls int) (history []porcupine.Operation, failure error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		start = time.Now()
	)
	for id, c := range clients {
		wg.Go(func() {
			for n := range calls {
				asked := c.Choose(n)
				called := time.Since(start)
				told, err := c.Call(ctx, asked)
				returned := time.Since(start)
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: id, Input: asked, Call: int64(called), Output: told, Return: int64(returned)})
				failure = errors.Join(failure, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history, failure
}
