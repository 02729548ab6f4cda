// Package xray knows the AWS X-Ray trace that a Lambda invocation belongs to.
package xray

import (
	"context"
	"strings"
)

// contextKey is that under which aws-lambda-go keeps the header.
const contextKey = "x-amzn-trace-id"

// Header is the trace header of the invocation, for whoever is called by it;
// empty outside of Lambda.
func Header(ctx context.Context) string {
	header, _ := ctx.Value(contextKey).(string)
	return header
}

// ID is the trace's id in a header: what one searches X-Ray and the logs for.
// It is empty in a header without one
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
func ID(header string) string {
	for field := range strings.SplitSeq(header, ";") {
		if id, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok {
			return id
		}
	}
	return ""
}
