package runs_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"notionrelay/shared/runs"
	"notionrelay/shared/runs/runstest"
)

func TestDynamoDBConforms(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("DYNAMODB_ENDPOINT names no server to test against")
	}
	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	runstest.Run(t, func(t *testing.T) runstest.Store {
		t.Helper()
		table := "test-" + rand.Text()
		if _, err := client.CreateTable(t.Context(), runs.Table(table)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
				t.Error(err)
			}
		})
		return runs.NewDynamoDB(client, table)
	})
}
