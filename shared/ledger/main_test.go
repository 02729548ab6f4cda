package ledger

import (
	"os"
	"testing"

	"notionrelay/test/rapidtest"
)

func TestMain(m *testing.M) {
	rapidtest.Settle()
	os.Exit(m.Run())
}
