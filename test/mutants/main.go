// Command mutants breaks the publisher, one place at a time, and says how many of
// the breaks the tests notice.
//
// What can be broken is found by a walk through the syntax, in an order that
// depends on nothing but the source: conditions are negated, comparisons turned
// round or moved by one, operands of && and || joined the other way, statements
// left out, errors swallowed, constants halved. All breaks are built into one
// program in an overlay, which chooses one when it starts (but a constant cannot be
// chosen, and is built by itself), so the working tree stays as it is. A break counts as noticed when a test fails, or
// does not end. Survivors are named with file, line and what was done.
//
//	mutants -n 72            so many, spread evenly over the kinds of break and the files
//	mutants -n 72 -part 3    as many others: no mutant is in two parts
//	mutants -n 72 -quick     without the tests that take minutes
//	mutants -n 0 -in pace    all of the files with that in their names
//	mutants -one 217         a single one, with the output of its tests
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// folders are what is broken.
var folders = []string{"functions/publisher/publish", "shared/ledger", "shared/notion"}

// least is the share of the mutants that the tests have to notice.
const least = 0.95

func main() {
	n := flag.Int("n", 72, "how many mutants; 0 means all")
	part := flag.Int("part", 0, "which of the samples of this size")
	in := flag.String("in", "", "a part of the names of the only files to break")
	quick := flag.Bool("quick", false, "leave out the slow tests; what only they notice counts as not noticed")
	one := flag.Int("one", -1, "the number of the only mutant to try")
	flag.Parse()
	noticed, err := run(*n, *part, *in, *quick, *one)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !noticed {
		os.Exit(1)
	}
}

func run(n, part int, in string, quick bool, one int) (noticed bool, err error) {
	all, err := find(folders)
	if err != nil {
		return false, err
	}
	t, err := newTrial(all)
	if err != nil {
		return false, err
	}
	defer t.close()
	if one >= 0 {
		if one >= len(all) {
			return false, fmt.Errorf("there are %d mutants, and number %d is none of them", len(all), one)
		}
		return show(t, all[one])
	}
	rest, same := withoutEquivalents(slices.DeleteFunc(all, func(m mutant) bool { return !strings.Contains(m.file, in) }))
	chosen, err := choose(rest, n, part)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(os.Stdout, "%d of %d mutants, beside %d that nobody could notice:\n%s\n", len(chosen), len(rest), len(same), strings.Join(same, "\n"))
	return judge(t, chosen, quick)
}

// choose takes n mutants that are equally far apart in the order of their kinds,
// and of one kind in the order of the source; all when n is 0.
func choose(all []mutant, n, part int) (chosen []mutant, err error) {
	if n <= 0 || n > len(all) {
		return all, nil
	}
	if parts := len(all) / n; part < 0 || part >= parts {
		return nil, fmt.Errorf("there are %d parts of %d mutants, counted from 0", parts, n)
	}
	slices.SortStableFunc(all, func(a, b mutant) int { return cmp.Compare(a.how, b.how) })
	for i := range n {
		chosen = append(chosen, all[i*len(all)/n+part])
	}
	return chosen, nil
}

// show puts one mutant through all stages, with the output of its tests.
func show(t *trial, m mutant) (noticed bool, err error) {
	for _, s := range stages {
		if !s.concerns(m) {
			continue
		}
		by, output, err := t.try(m, s, time.Hour)
		if err != nil {
			return false, err
		}
		fmt.Fprintln(os.Stdout, output)
		if by != "" {
			fmt.Fprintf(os.Stdout, "%s: noticed, %s\n", m, by)
			return true, nil
		}
	}
	fmt.Fprintf(os.Stdout, "not noticed: %s\n", m)
	return false, nil
}

// judge puts mutants through one stage after the other, what has survived one
// through the next, and says what has become of them.
func judge(t *trial, chosen []mutant, quick bool) (good bool, err error) {
	started := time.Now()
	rest, unbuilt := chosen, 0
	for _, s := range stages {
		var concerned, others []mutant
		for _, m := range rest {
			if s.concerns(m) {
				concerned = append(concerned, m)
			} else {
				others = append(others, m)
			}
		}
		if len(concerned) == 0 || quick && s.slow {
			continue
		}
		limit, err := t.limitOf(s)
		if err != nil {
			return false, err
		}
		survived, broken := pass(t, s, limit, concerned)
		fmt.Fprintf(os.Stdout, "%d of %d are left behind %s, after %s\n", len(survived), len(concerned), s, time.Since(started).Round(time.Second))
		rest, unbuilt = slices.Concat(others, survived), unbuilt+broken
	}
	for _, m := range rest {
		fmt.Fprintf(os.Stdout, "not noticed: %s\n", m)
	}
	noticed := len(chosen) - unbuilt - len(rest)
	share := float64(noticed) / float64(max(1, noticed+len(rest)))
	fmt.Fprintf(os.Stdout, "%d mutants noticed, %d not: %.1f %%; %d do not compile; in %s\n",
		noticed, len(rest), 100*share, unbuilt, time.Since(started).Round(time.Second))
	return share >= least, nil
}

// pass puts mutants through one stage, two at a time.
func pass(t *trial, s stage, limit time.Duration, mutants []mutant) (survived []mutant, unbuilt int) {
	var mu sync.Mutex
	queue := make(chan mutant)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for m := range queue {
				by, _, err := t.try(m, s, limit)
				mu.Lock()
				switch {
				case err != nil:
					unbuilt++
					fmt.Fprintf(os.Stdout, "%s: %v\n", m, err)
				case by != "":
					fmt.Fprintf(os.Stdout, "%s: noticed, %s\n", m, by)
				default:
					survived = append(survived, m)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		queue <- m
	}
	close(queue)
	workers.Wait()
	return survived, unbuilt
}
