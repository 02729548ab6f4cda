package runstest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/anishathalye/porcupine"

	"notionrelay/shared/runs"
	"notionrelay/test/linear"
)

// CheckLinearizable lets clients create, read and save the same few runs side by
// side, each so many times. It returns an error where what they have been told
// cannot be explained by any order of the calls that took place one after the other.
func CheckLinearizable(ctx context.Context, s Store, clients, calls int) error {
	all := make([]linear.Client[question, answer], clients)
	for id := range all {
		all[id] = &client{store: s, name: fmt.Sprint("client ", id), random: rand.New(rand.NewPCG(uint64(id), 1)), known: map[string]runs.Run{}} //nolint:gosec // repeatable, not secret
	}
	return linear.Check(ctx, model, all, calls)
}

// What a client asks for, and what it is told.
type (
	question struct {
		do      string // create, get or save
		run     string
		value   string // with create and save
		version int64  // with save
	}
	answer struct {
		value   string
		version int64
		created bool
		refusal string // absent or stale
	}
)

// client keeps of each run the record that it has seen last.
type client struct {
	store  Store
	name   string
	random *rand.Rand
	known  map[string]runs.Run
}

func (c *client) Choose(n int) question {
	q := question{run: fmt.Sprint("run ", c.random.IntN(2)), value: fmt.Sprint(c.name, ", call ", n)}
	known, ok := c.known[q.run]
	switch dice := c.random.IntN(10); {
	case !ok && dice < 7:
		q.do = "create"
	case !ok || dice < 4:
		q.do, q.value = "get", ""
	default:
		q.do, q.version = "save", known.Version
	}
	return q
}

// Call makes a call. The value of a run is in the owner of its lease.
func (c *client) Call(ctx context.Context, q question) (answer, error) {
	var run runs.Run
	var created bool
	var err error
	switch q.do {
	case "create":
		run = newRun(q.run)
		run.Lease.Owner = q.value
		run, created, err = c.store.Create(ctx, run)
	case "get":
		run, err = c.store.Get(ctx, q.run)
	default:
		run = c.known[q.run]
		run.Lease.Owner = q.value
		err = c.store.Save(ctx, &run)
	}
	switch {
	case errors.Is(err, runs.ErrNotFound):
		return answer{refusal: "absent"}, nil
	case errors.Is(err, runs.ErrStale):
		delete(c.known, q.run)
		return answer{refusal: "stale"}, nil
	case err != nil:
		return answer{}, fmt.Errorf("%s %s: %w", q.do, q.run, err)
	}
	c.known[q.run] = run
	return answer{value: run.Lease.Owner, version: run.Version, created: created}, nil
}

// stored is what a store holds of one run; nothing while its version is 0.
type stored struct {
	value   string
	version int64
}

// model is a store that works on one call at a time.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) (byRun [][]porcupine.Operation) {
		of := map[string][]porcupine.Operation{}
		for _, o := range history {
			run := o.Input.(question).run
			of[run] = append(of[run], o)
		}
		for _, operations := range of {
			byRun = append(byRun, operations)
		}
		return byRun
	},
	Init: func() any { return stored{} },
	Step: func(state, input, output any) (bool, any) {
		now, q, told := state.(stored), input.(question), output.(answer)
		then, want := now.after(q)
		return told == want, then
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// after is what is stored after a call, and what its caller has to be told.
func (now stored) after(q question) (then stored, told answer) {
	is := answer{value: now.value, version: now.version}
	switch {
	case q.do == "create" && now.version == 0:
		return stored{q.value, 1}, answer{value: q.value, version: 1, created: true}
	case q.do == "save" && (now.version == 0 || now.version != q.version):
		return now, answer{refusal: "stale"}
	case q.do == "save":
		return stored{q.value, now.version + 1}, answer{value: q.value, version: now.version + 1}
	case now.version == 0:
		return now, answer{refusal: "absent"}
	}
	return now, is
}
