package publish

import (
	"cmp"
	"context"
	"time"

	"notionrelay/shared/runs"
)

// researchTime bounds the questions to the research database: pages do not
// wait for it.
const researchTime = 2 * time.Second

// settleSubject decides once and for all what the pages say about the company
// and the research: what the account says, else what the e-mail address says.
func (d *delivery) settleSubject(ctx context.Context) {
	subject := d.message.Payload.Subject()
	d.run.Subject = &subject
	if d.Research == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, researchTime)
	defer cancel()
	p := d.message.Payload
	switch account, found, err := d.Research.Account(ctx, p.AccountID, p.RunID); {
	case err != nil:
		d.Log.WarnContext(ctx, "account was not looked up", "error", err)
		d.run.Warn("The research database did not answer, so company and contact were derived from the e-mail address.")
	case found:
		subject.Company = cmp.Or(account.CompanyName, subject.Company)
		subject.Contact = cmp.Or(account.ContactName, subject.Contact)
		subject.Industry, subject.Website, subject.Description = beginning(account.Industry), beginning(account.Website), beginning(account.Description)
	}
	switch statistics, found, err := d.Research.Statistics(ctx, p.RunID); {
	case err != nil:
		d.Log.WarnContext(ctx, "statistics were not looked up", "error", err)
		d.run.Warn("The research database did not answer, so the homepage shows no statistics.")
	case found:
		d.run.Statistics = &runs.Statistics{Posts: statistics.Posts, Quotes: statistics.Quotes}
	}
}

// beginning is as much of what an account says as its messages have room for,
// which is more than the copywriter reads.
func beginning(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 1000)])
}
