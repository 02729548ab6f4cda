//go:build integration

package dynamoruns_test

import (
	"crypto/rand"
	"testing"

	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/awstest"
	"notionrelay/test/runstest"
)

func TestDynamoDBConforms(t *testing.T) {
	t.Parallel()
	server := awstest.StartDynamoDB(t)
	runstest.Run(t, func(t *testing.T) runstest.Store {
		t.Helper()
		table := "test-" + rand.Text()
		server.Create(t, dynamoruns.Table(table))
		return dynamoruns.New(server.Client, table)
	})
}

func TestDynamoDBIsLinearizable(t *testing.T) {
	t.Parallel()
	server := awstest.StartDynamoDB(t)
	for range 5 {
		table := "test-" + rand.Text()
		server.Create(t, dynamoruns.Table(table))
		if err := runstest.CheckLinearizable(t.Context(), dynamoruns.New(server.Client, table), 3, 12); err != nil {
			t.Fatal(err)
		}
	}
}
