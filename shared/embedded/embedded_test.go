package embedded_test

import (
	"testing"

	"go.uber.org/goleak"

	"notionrelay/shared/embedded"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// stores are the two kinds of store; they share every test but those of the file.
var stores = map[string]func(*testing.T) *embedded.DB{
	"memory": func(t *testing.T) *embedded.DB {
		t.Helper()
		return closing(t)(embedded.OpenMemory())
	},
	"file": func(t *testing.T) *embedded.DB {
		t.Helper()
		return closing(t)(embedded.Open(t.TempDir()))
	},
}

// closing closes the store at the end of the test.
func closing(t *testing.T) func(*embedded.DB, error) *embedded.DB {
	t.Helper()
	return func(db *embedded.DB, err error) *embedded.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
}
