package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// What others have written moves no cursor, begins no line and stands in no other
// order.
func TestNothingPrintedIsObeyed(t *testing.T) {
	t.Parallel()
	const hostile = "run\x1b[2J\x1b]0;x\a\u009b31m\r\u202edne\u2066"
	var out, errs bytes.Buffer
	s := &session{out: &out, errs: &errs}
	if err := s.facts("run", hostile+"\nstate\tfailed", "state", "complete"); err != nil {
		t.Fatal(err)
	}
	s.say("Notion says:\n" + hostile)
	s.end(errors.New(hostile))
	if got := out.String() + errs.String(); strings.ContainsAny(got, "\x1b\a\r\u009b\u202e\u2066") || strings.Count(got, "\n") != 5 {
		t.Errorf("got %q", got)
	}
}
