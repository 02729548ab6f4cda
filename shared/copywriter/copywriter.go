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

	"github.com/sashabaranov/go-openai"

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
	chat   *openai.Client
	once   *openai.Client // repeats nothing
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
	client := func(repeats int) *openai.Client {
		config := openai.DefaultConfig(o.APIKey)
		config.BaseURL, config.HTTPClient = o.BaseURL, newProvider(o.Transport, repeats)
		return openai.NewClientWithConfig(config)
	}
	return &Copywriter{chat: client(repeats), once: client(0), titles: o.TitleModel, intros: o.IntroModel, limit: limit}
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
		_, err := c.once.CreateChatCompletion(ctx, request(model, tryTokens, 0, say(openai.ChatMessageRoleUser, "Say yes.")))
		if err != nil {
			status := http.StatusOK // of an answer that is no completion
			if failed, ok := errors.AsType[*failure](err); ok {
				status = failed.status
			}
			return &RefusalError{model, status, err}
		}
	}
	return nil
}

// tryTokens is what some providers want at least.
const tryTokens = 16

// assignment is a text to write.
type assignment struct {
	model        string
	tokens       int // most of the answer
	temperature  float32
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
	messages := []openai.ChatCompletionMessage{say(openai.ChatMessageRoleSystem, a.instructions), say(openai.ChatMessageRoleUser, a.question())}
	text, err := c.ask(ctx, a, messages)
	if wrong, ok := errors.AsType[complaint](err); ok {
		messages = append(messages, say(openai.ChatMessageRoleUser, "Your last answer cannot be used: "+wrong.Error()+". Answer again, with the text alone."))
		text, err = c.ask(ctx, a, messages)
	}
	if _, ok := errors.AsType[complaint](err); ok {
		err = fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return text, err
}

// ask makes one request and reads its answer. The error is a complaint where
// there is an answer and it cannot be used.
func (c *Copywriter) ask(ctx context.Context, a assignment, messages []openai.ChatCompletionMessage) (string, error) {
	completion, err := c.chat.CreateChatCompletion(ctx, request(a.model, a.tokens, a.temperature, messages...))
	failed, ok := errors.AsType[*failure](err)
	switch {
	case ok && failed.mayPass(), err != nil && ctx.Err() != nil:
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	case ok:
		return "", fmt.Errorf("%w: %w", ErrUnusable, err)
	case err != nil || len(completion.Choices) == 0:
		return "", complaint("it was no chat completion")
	case completion.Choices[0].FinishReason == openai.FinishReasonLength:
		return "", complaint("it was too long and was cut off")
	}
	return a.read(completion.Choices[0].Message.Content)
}

// request asks for an answer of so many tokens. Not every provider knows the
// successor of max_tokens, for whose sake the library calls it deprecated.
// OpenAI's reasoning models take nothing else, and no temperature, which the
// library holds them to.
func request(model string, tokens int, temperature float32, messages ...openai.ChatCompletionMessage) openai.ChatCompletionRequest {
	r := openai.ChatCompletionRequest{Model: model, Messages: messages, MaxTokens: tokens, Temperature: temperature} //nolint:staticcheck // see above
	if openai.NewReasoningValidator().Validate(r) != nil {
		return openai.ChatCompletionRequest{Model: model, Messages: messages, MaxCompletionTokens: tokens}
	}
	return r
}

func say(role, text string) openai.ChatCompletionMessage {
	return openai.ChatCompletionMessage{Role: role, Content: text}
}
