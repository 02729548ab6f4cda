package publish

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// researchTime bounds the questions to the research database: pages do not
// wait for it.
const researchTime = 2 * time.Second

// settleSubject decides once and for all what the pages say about the company
// and the research: what the account says, else what the e-mail address says.
func settleSubject(ctx context.Context, run *runs.Run, p *report.Payload, research Research, log *slog.Logger) {
	subject := p.Subject()
	run.Subject = &subject
	if research == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, researchTime)
	defer cancel()
	switch account, found, err := research.Account(ctx, p.AccountID, p.RunID); {
	case err != nil:
		log.WarnContext(ctx, "account was not looked up", "error", err)
		run.Warn("The research database did not answer, so company and contact were derived from the e-mail address.")
	case found:
		subject.Company = cmp.Or(account.CompanyName, subject.Company)
		subject.Contact = cmp.Or(account.ContactName, subject.Contact)
		subject.Industry, subject.Website, subject.Description = beginning(account.Industry, enough), beginning(account.Website, enough), beginning(account.Description, enough)
	}
	switch statistics, found, err := research.Statistics(ctx, p.RunID); {
	case err != nil:
		log.WarnContext(ctx, "statistics were not looked up", "error", err)
		run.Warn("The research database did not answer, so the homepage shows no statistics.")
	case found:
		run.Statistics = &statistics
	}
}

// enough is how many characters of what an account says its messages have room for,
// which is as many as the copywriter reads.
const enough = 1000

// beginning is a text's first so many characters.
func beginning(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}
