//go:build integration

package throughput_test

import (
	"crypto/rand"
	"testing"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/awstest"
)

// BenchmarkOwnTimeOnAWS is BenchmarkOwnTime with DynamoDB Local and ElasticMQ, whose
// own time is part of it.
func BenchmarkOwnTimeOnAWS(b *testing.B) {
	records, servers := awstest.StartDynamoDB(b), awstest.StartSQS(b)
	ownTime(b, func(tb testing.TB) place {
		tb.Helper()
		table := "test-" + rand.Text()
		records.Create(tb, dynamoruns.Table(table))
		open := func(name string, fifo bool, visibility time.Duration, receives int) (main, dead *sqsqueue.Queue) {
			url, deadURL := servers.Create(tb, name+rand.Text(), awstest.Queues{FIFO: fifo, Visibility: visibility, MaxReceives: receives})
			return sqsqueue.New(servers.Client, url), sqsqueue.New(servers.Client, deadURL)
		}
		p := place{runs: dynamoruns.New(records.Client, table)}
		var dead *sqsqueue.Queue
		p.publish, dead = open("publish", true, publish.Visibility, publish.MaxReceives)
		p.enrich, _ = open("enrich", false, enrich.Visibility, enrich.MaxReceives)
		p.waiting, _ = open("waiting", false, enrich.Visibility, enrich.WaitingReceives)
		p.dead = dead
		return p
	})
}
