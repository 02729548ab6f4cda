package awstest

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDB is a running server that speaks DynamoDB.
type DynamoDB struct {
	Endpoint string
	Client   *dynamodb.Client
}

// StartDynamoDB runs DynamoDB Local until the test ends. Where it is not
// installed the test fails.
func StartDynamoDB(tb testing.TB) *DynamoDB {
	tb.Helper()
	const name = "dynamodb-local"
	endpoint := java{
		name: name,
		main: "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
		options: func(string) []string { // the program finds its native library in no other way
			return []string{"-Dsqlite4java.library.path=" + filepath.Join(root(tb), "bin", name)}
		},
		arguments: func(port string) []string {
			return []string{"-inMemory", "-disableTelemetry", "-port", port}
		},
		health: "/",
	}.start(tb)
	return &DynamoDB{Endpoint: endpoint, Client: dynamodb.NewFromConfig(config(tb, endpoint))}
}

// Create makes a table, which is there when Create returns.
func (d *DynamoDB) Create(tb testing.TB, table *dynamodb.CreateTableInput) {
	tb.Helper()
	if _, err := d.Client.CreateTable(tb.Context(), table); err != nil {
		tb.Fatal(err)
	}
}
