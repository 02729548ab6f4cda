// Package copywriter has a language model write what a report's homepage says:
// its title and its introduction. It speaks the chat completions of OpenAI's
// API, which OpenRouter and most other providers offer, and takes no answer
// that a client should not see.
package copywriter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"notionrelay/shared/httpclient"
	"notionrelay/shared/report"
)

// ErrUnavailable is returned when the provider did not answer, or answered that
// it cannot now. It may later.
var ErrUnavailable = errors.New("the AI provider is not available")

// ErrUnusable is returned when the provider answered and nothing usable came of
// it. Asking again is not expected to help.
var ErrUnusable = errors.New("the AI provider's answer is not usable")

// Options says where the model is.
type Options struct {
	APIKey     string
	BaseURL    string // up to and without /chat/completions
	TitleModel string
	IntroModel string

	Transport http.RoundTripper // one that notices broken connections when nil
}

// Copywriter writes titles and introductions. It may be used by many
// goroutines at once.
type Copywriter struct {
	chat   openai.ChatCompletionService
	titles string
	intros string
	limit  time.Duration
}

// limit is the time that a title or an introduction may take, repeated
// requests and a second question included.
const limit = 30 * time.Second

// New makes a copywriter. It asks nothing of the provider.
func New(o Options) *Copywriter {
	if o.Transport == nil {
		o.Transport = httpclient.Transport()
	}
	return &Copywriter{
		// The service is made without the client around it, which would read
		// settings of its own from the environment. It repeats a request twice
		// after 408, 409, 429, 5xx and a lost connection.
		chat: openai.NewChatCompletionService(
			option.WithAPIKey(o.APIKey), option.WithBaseURL(o.BaseURL), option.WithHTTPClient(&http.Client{Transport: o.Transport}),
			option.WithMaxRetries(2), option.WithMaxRetryDelay(limit/3)),
		titles: o.TitleModel,
		intros: o.IntroModel,
		limit:  limit,
	}
}

// Title writes a homepage's title: three to twelve words on one line that name
// the market, the audience or the industry. The error is one of this package's.
func (c *Copywriter) Title(ctx context.Context, s report.Subject, documents []report.Document) (string, error) {
	title, err := c.write(ctx, assignment{
		model: c.titles, tokens: 50, temperature: 0.3,
		instructions: titleInstructions, facts: facts(s), documents: excerpts(documents, titleExcerpt),
		read: readTitle,
	})
	if err != nil {
		return "", fmt.Errorf("write title: %w", err)
	}
	return title, nil
}

// Introduction writes a homepage's introduction in markdown, at most 4,000
// characters. The error is one of this package's.
func (c *Copywriter) Introduction(ctx context.Context, s report.Subject, documents []report.Document) (string, error) {
	introduction, err := c.write(ctx, assignment{
		model: c.intros, tokens: 300, temperature: 0.7,
		instructions: introInstructions, facts: facts(s), documents: excerpts(documents, introExcerpt),
		read: readIntroduction,
	})
	if err != nil {
		return "", fmt.Errorf("write introduction: %w", err)
	}
	return introduction, nil
}

// RefusalError is a model that does not write.
type RefusalError struct {
	Model  string
	Status int // of the provider's answer; 0 when there was none
	Err    error
}

func (r *RefusalError) Error() string { return "ask the model " + r.Model + ": " + r.Err.Error() }

func (r *RefusalError) Unwrap() error { return r.Err }

// Try asks each model for a word. The error is a *RefusalError.
func (c *Copywriter) Try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	for _, model := range slices.Compact([]string{c.titles, c.intros}) {
		var answer *http.Response
		_, err := c.chat.New(ctx, openai.ChatCompletionNewParams{
			Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say yes.")}, MaxTokens: openai.Int(tryTokens),
		}, option.WithResponseInto(&answer), option.WithMaxRetries(0))
		switch {
		case err == nil:
		case answer == nil:
			return &RefusalError{Model: model, Err: err}
		default:
			return &RefusalError{model, answer.StatusCode, err}
		}
	}
	return nil
}

// tryTokens is what some providers want at least.
const tryTokens = 16

// assignment is a text to write.
type assignment struct {
	model        string
	tokens       int64 // most of the answer
	temperature  float64
	instructions string
	facts        string
	documents    []report.Document // as far as the model is shown them

	// read takes the text from an answer; the error is a complaint.
	read func(answer string) (string, error)
}

// write asks for a text, and once more when the answer cannot be used.
func (c *Copywriter) write(ctx context.Context, a assignment) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	messages := []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(a.instructions), openai.UserMessage(a.question())}
	text, err := c.ask(ctx, a, messages)
	if wrong, ok := errors.AsType[complaint](err); ok {
		messages = append(messages, openai.UserMessage("Your last answer cannot be used: "+wrong.Error()+". Answer again, with the text alone."))
		text, err = c.ask(ctx, a, messages)
	}
	if _, ok := errors.AsType[complaint](err); ok {
		err = fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return text, err
}

// ask makes one request and reads its answer. The error is a complaint where
// there is an answer and it cannot be used.
func (c *Copywriter) ask(ctx context.Context, a assignment, messages []openai.ChatCompletionMessageParamUnion) (string, error) {
	var answer *http.Response
	completion, err := c.chat.New(ctx, openai.ChatCompletionNewParams{
		Model:       a.model,
		Messages:    messages,
		Temperature: openai.Float(a.temperature),
		MaxTokens:   openai.Int(a.tokens), // its successor is not known to every provider
	}, option.WithResponseInto(&answer))
	switch {
	case err != nil && mayAnswerLater(ctx, answer):
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil && answer.StatusCode >= http.StatusBadRequest:
		return "", fmt.Errorf("%w: %w", ErrUnusable, err)
	case err != nil || len(completion.Choices) == 0:
		return "", complaint("it was no chat completion")
	case completion.Choices[0].FinishReason == "length":
		return "", complaint("it was too long and was cut off")
	}
	return a.read(completion.Choices[0].Message.Content)
}

// mayAnswerLater judges by the response alone: the error of the library tells
// nothing of the status when the body is no JSON.
func mayAnswerLater(ctx context.Context, answer *http.Response) bool {
	if answer == nil || ctx.Err() != nil {
		return true
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return answer.StatusCode >= http.StatusInternalServerError
}
