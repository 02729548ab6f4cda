package xray_test

import (
	"context"
	"testing"

	"notionrelay/shared/xray"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	const header = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:staticcheck // as aws-lambda-go does it
	if got := xray.Header(ctx); got != header {
		t.Errorf("header %q, want %q", got, header)
	}
	if got := xray.Header(t.Context()); got != "" {
		t.Errorf("header %q outside of Lambda, want none", got)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1": "1-67891233-abcdef012345678912345678",
		"Parent=463ac35c9f6413ad; Root=1-2-3":                                        "1-2-3",
		"Parent=463ac35c9f6413ad":                                                    "",
		"":                                                                           "",
	} {
		if got := xray.ID(header); got != want {
			t.Errorf("id of %q is %q, want %q", header, got, want)
		}
	}
}
