//go:build integration

package runs_test

import (
	"crypto/rand"
	"testing"

	"notionrelay/shared/runs"
	"notionrelay/test/awstest"
	"notionrelay/test/runstest"
)

func TestDynamoDBConforms(t *testing.T) {
	t.Parallel()
	server := awstest.StartDynamoDB(t)
	runstest.Run(t, func(t *testing.T) runstest.Store {
		t.Helper()
		table := "test-" + rand.Text()
		server.Create(t, runs.Table(table))
		return runs.NewDynamoDB(server.Client, table)
	})
}

func TestDynamoDBIsLinearizable(t *testing.T) {
	t.Parallel()
	server := awstest.StartDynamoDB(t)
	for range 5 {
		table := "test-" + rand.Text()
		server.Create(t, runs.Table(table))
		if err := runstest.CheckLinearizable(t.Context(), runs.NewDynamoDB(server.Client, table), 3, 12); err != nil {
			t.Fatal(err)
		}
	}
}
