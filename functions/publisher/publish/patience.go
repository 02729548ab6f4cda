package publish

import "time"

// patience is how long a message is tried without getting on, before it is put
// aside. Halts do not count.
const patience = 150 * time.Minute

// haltShare is how much of the time counts of a message that fails while others
// fail as well. An outage that lasts a day puts nothing aside; yet a run that
// fails for itself ends, though there may be no other by which to tell.
const haltShare = 10

// backoff is how long a run waits after so many attempts in a row that came to
// nothing: a second at first, the least that Notion advises after a conflict, then
// four times as long each time, up to 15 minutes, which is as long as SQS delays a
// message. Each attempt takes a little of the others' time.
func backoff(attempts int) time.Duration {
	return min(time.Second<<min(2*max(attempts-1, 0), 10), maxDelay)
}

const maxDelay = 15 * time.Minute
