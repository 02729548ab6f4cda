package intake_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"notionrelay/functions/webhook/intake"
	"notionrelay/local/embedded"
)

// A report is sent twice, as by a flow that did not get the first answer.
func ExampleHandler() {
	db, err := embedded.OpenMemory()
	if err != nil {
		panic(err)
	}
	defer db.Close()
	auth, err := intake.NewAuth([]string{"a secret of the example"}, "a key of the example")
	if err != nil {
		panic(err)
	}
	webhook := &intake.Handler{
		Runs: db.Runs(), Queue: db.Queue("publish", embedded.QueueOptions{FIFO: true}),
		Auth: auth, Log: slog.New(slog.DiscardHandler),
	}
	var answers []string
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, "/reports", strings.NewReader(`{"strategyReport":"# Plan","email":"x@acme.com"}`))
		r.Header.Set("Authorization", "Bearer a secret of the example")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		webhook.Routes().ServeHTTP(w, r)
		fmt.Println(w.Code)
		answers = append(answers, w.Header().Get("Location"))
	}
	fmt.Println("one report:", answers[0] == answers[1])
	// Output:
	// 202
	// 202
	// one report: true
}
