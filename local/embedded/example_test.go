package embedded_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
)

// A message that is received too often goes to the dead-letter queue, and a
// redrive brings it back.
func Example() {
	dir, err := os.MkdirTemp("", "notionrelay")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := embedded.Open(dir)
	if err != nil {
		log.Print(err)
		return
	}
	defer db.Close()

	ctx := context.Background()
	publish := db.Queue("publish", embedded.QueueOptions{
		FIFO: true, Visibility: time.Millisecond, MaxReceives: 1,
		DeadLetter: db.Queue("publish-dead", embedded.QueueOptions{FIFO: true}),
	})
	fmt.Println("send:", publish.Send(ctx, queue.Outgoing{Body: "poison", Group: "g", DeduplicationID: "1"}))
	for range 2 { // the second finds it received often enough
		messages, err := publish.Receive(ctx, 1, 100*time.Millisecond)
		fmt.Println("received:", len(messages), err)
	}
	fmt.Println("redrive:", publish.Redrive(ctx))
	messages, err := publish.Receive(ctx, 1, 0)
	fmt.Println("received:", len(messages), err)
	// Output:
	// send: <nil>
	// received: 1 <nil>
	// received: 0 <nil>
	// redrive: <nil>
	// received: 1 <nil>
}
