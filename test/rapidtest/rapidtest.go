// Package rapidtest makes property tests repeatable: they see the same examples
// every time and leave no files behind.
package rapidtest

import (
	"flag"
	"fmt"
)

// Settle sets rapid's seed, and keeps it from writing failures to files: the
// seed that it prints is enough to see one again. What the command line asks
// for stays. TestMain calls it before it runs the tests.
func Settle() {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		if f == nil {
			panic(fmt.Sprintf("no flag %s: the test does not use rapid", name))
		}
		if f.Value.String() != f.DefValue {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}
