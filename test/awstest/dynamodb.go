package awstest

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDB is a running server that speaks DynamoDB.
type DynamoDB struct {
	Endpoint string
	Client   *dynamodb.Client
	*server
}

// OpenDynamoDB runs DynamoDB Local, with its data in memory. Close stops it.
func OpenDynamoDB(ctx context.Context) (*DynamoDB, error) {
	s, err := java{
		name: "dynamodb-local",
		main: "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
		options: func(_, jars string) []string { // the program finds its native library in no other way
			return []string{"-Dsqlite4java.library.path=" + jars}
		},
		arguments: func(port string) []string {
			return []string{"-inMemory", "-disableTelemetry", "-port", port}
		},
		health: "/",
	}.start(ctx)
	if err != nil {
		return nil, err
	}
	return &DynamoDB{Endpoint: s.endpoint, Client: dynamodb.NewFromConfig(s.config()), server: s}, nil
}

// StartDynamoDB runs DynamoDB Local until the test ends. Where it is not
// installed the test fails.
func StartDynamoDB(tb testing.TB) *DynamoDB {
	tb.Helper()
	d, err := OpenDynamoDB(tb.Context())
	return untilTheEnd(tb, d, err)
}

// Create makes a table, which is there when Create returns.
func (d *DynamoDB) Create(tb testing.TB, table *dynamodb.CreateTableInput) {
	tb.Helper()
	if _, err := d.Client.CreateTable(tb.Context(), table); err != nil {
		tb.Fatal(err)
	}
}
