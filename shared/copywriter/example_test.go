package copywriter_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"notionrelay/shared/copywriter"
	"notionrelay/shared/report"
	"notionrelay/test/copywritertest"
)

func Example() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		copywritertest.Answer(w, `"Home Cooking Market Analysis"`)
	}))
	defer provider.Close()
	defer http.DefaultClient.CloseIdleConnections()

	c := copywriter.New(copywriter.Options{APIKey: "key", BaseURL: provider.URL, TitleModel: "openai/gpt-4o-mini"})
	payload := report.Payload{Reports: map[string]string{"strategyReport": "# What home cooks want"}, Email: "dana@acme.com"}
	title, err := c.Title(context.Background(), payload.Subject(), payload.Documents())
	fmt.Println(title, err)
	// Output: Home Cooking Market Analysis <nil>
}
