package markdown_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the property tests see the same documents every time and leave
// no files, unless the command line asks for something else.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.nofailfile": "true"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := flag.Set(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
