// Package logs writes the functions' log: one JSON object per line, with what
// identifies the request that the line belongs to. Ids belong in a log; the
// text of reports, e-mail addresses and secrets do not.
package logs

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"notionrelay/shared/xray"
)

// New makes the log of a Lambda function: JSON under the names that Lambda's
// own lines have, from the level on that the function is configured with.
func New(w io.Writer) *slog.Logger {
	var level slog.Level // info, also for what slog does not know
	_ = level.UnmarshalText([]byte(os.Getenv("AWS_LAMBDA_LOG_LEVEL")))
	return slog.New(NewHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})))
}

// replace writes durations in milliseconds, under a name that says so, since in
// JSON they would be nanoseconds; and it names what Lambda names.
func replace(groups []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"Ms", float64(a.Value.Duration().Microseconds())/1000)
	}
	return lambdacontext.ReplaceAttr(groups, a)
}

type requestKey struct{}

// request is what is known of the request that is being worked on.
type request struct {
	mu         sync.Mutex
	attributes []slog.Attr
}

// Begin gives a context's lines a place for what becomes known of its request.
func Begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, new(request))
}

// Set adds an attribute to all further lines of the request, in place of an
// earlier one of that name; an empty value only removes that. Outside of a
// request it does nothing.
func Set(ctx context.Context, name, value string) {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attributes = slices.DeleteFunc(r.attributes, func(a slog.Attr) bool { return a.Key == name })
	if value != "" {
		r.attributes = append(r.attributes, slog.String(name, value))
	}
}

// NewHandler adds to each line the id that AWS gave the invocation, its trace,
// and what was Set for the request.
func NewHandler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	record = record.Clone()
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		record.AddAttrs(slog.String("requestId", invocation.AwsRequestID))
	}
	if id := xray.ID(xray.Header(ctx)); id != "" {
		record.AddAttrs(slog.String("traceId", id))
	}
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.mu.Lock()
		record.AddAttrs(r.attributes...)
		r.mu.Unlock()
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attributes)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
