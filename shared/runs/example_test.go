package runs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/runs"
)

// The webhook creates a run once, however often it is posted; a publisher
// whose record was overtaken learns it from its next save.
func Example() {
	db, err := embedded.OpenMemory() // on AWS: dynamoruns.New
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx, store := context.Background(), db.Runs()

	run := runs.Run{ReportID: "rep_1", Status: runs.Queued, AcceptedAt: time.Now()}
	for range 2 {
		_, created, err := store.Create(ctx, run)
		fmt.Println("created:", created, err)
	}

	mine, _ := store.Get(ctx, "rep_1")
	theirs, _ := store.Get(ctx, "rep_1")
	mine.Status = runs.Publishing
	fmt.Println("first save:", store.Save(ctx, &mine))
	fmt.Println("second save is stale:", errors.Is(store.Save(ctx, &theirs), runs.ErrStale))
	// Output:
	// created: true <nil>
	// created: false <nil>
	// first save: <nil>
	// second save is stale: true
}
