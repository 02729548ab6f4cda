//go:build integration

package throughput_test

import (
	"crypto/rand"
	"testing"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/awstest"
)

// BenchmarkOwnTimeOnAWS is BenchmarkOwnTime with DynamoDB Local and ElasticMQ, whose
// own time is part of it.
func BenchmarkOwnTimeOnAWS(b *testing.B) {
	records, servers := awstest.StartDynamoDB(b), awstest.StartSQS(b)
	ownTime(b, func(tb testing.TB) place {
		tb.Helper()
		table := "test-" + rand.Text()
		records.Create(tb, runs.Table(table))
		open := func(name string, fifo bool, visibility time.Duration, receives int) (main, dead *queue.SQS) {
			url, deadURL := servers.Create(tb, name+rand.Text(), awstest.Queues{FIFO: fifo, Visibility: visibility, MaxReceives: receives})
			return queue.NewSQS(servers.Client, url), queue.NewSQS(servers.Client, deadURL)
		}
		p := place{runs: runs.NewDynamoDB(records.Client, table)}
		var dead *queue.SQS
		p.publish, dead = open("publish", true, publish.Visibility, publish.MaxReceives)
		p.enrich, _ = open("enrich", false, enrich.Visibility, enrich.MaxReceives)
		p.waiting, _ = open("waiting", false, enrich.Visibility, enrich.WaitingReceives)
		p.dead = dead
		return p
	})
}
