package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"notionrelay/shared/copywriter"
	"notionrelay/shared/report"
)

// ai asks the models.
func ai(ctx context.Context, c Case) []Finding {
	switch {
	case c.AI == nil && c.Unread["AI_API_KEY"]:
		return []Finding{absent("AI", later)}
	case c.AI == nil:
		return []Finding{absent("AI", "AI_API_KEY is not set: reports have the standard titles and introductions.")}
	}
	err := c.AI.Try(ctx)
	if err == nil {
		return []Finding{well("AI", "The models answer.")}
	}
	r, ok := errors.AsType[*copywriter.RefusalError](err)
	if !ok {
		r = &copywriter.RefusalError{Err: err}
	}
	remedy := "Check AI_BASE_URL, and the provider's status page. Reports get the standard texts meanwhile."
	switch r.Status {
	case 0:
		remedy = "Check AI_BASE_URL and the network. Reports get the standard texts meanwhile."
	case http.StatusUnauthorized, http.StatusForbidden:
		remedy = "Put a key that the provider of AI_BASE_URL takes into AI_API_KEY."
	case http.StatusPaymentRequired:
		remedy = "Add credit to the provider's account."
	case http.StatusBadRequest, http.StatusNotFound:
		remedy = fmt.Sprintf("AI_TITLE_MODEL and AI_INTRO_MODEL have to name models of the provider; look for %q there, and at AI_BASE_URL.", r.Model)
	case http.StatusTooManyRequests:
		remedy = "The provider's limit is used up: wait, or raise it there."
	}
	says := "It does not answer: " + sentence(brief(err))
	if r.Status > 0 {
		says = fmt.Sprintf("It answers %d for %s: %s", r.Status, r.Model, sentence(brief(err)))
	}
	return []Finding{wrong("AI", says, remedy)}
}

// database asks for a run that there is not, with the functions' own questions.
func database(ctx context.Context, c Case) []Finding {
	const thing = "PostgreSQL"
	switch {
	case c.Research == nil && c.Settings.Publisher.ResearchDatabaseURL != "":
		return nil // it was said why
	case c.Research == nil && c.Unread["RESEARCH_DATABASE_URL"]:
		return []Finding{absent(thing, later)}
	case c.Research == nil:
		return []Finding{absent(thing, "RESEARCH_DATABASE_URL is not set: accounts, statistics and stored quotes are done without.")}
	}
	run := uuid.NewString()
	_, _, err := c.Research.Account(ctx, run, run)
	if err == nil {
		_, _, err = c.Research.Statistics(ctx, run)
	}
	if err == nil {
		_, err = c.Research.Quotes(ctx, run)
	}
	if err == nil {
		return []Finding{well(thing, "Accounts, runs, posts and quotes can be read.")}
	}
	says := "It cannot be read: " + sentence(brief(err))
	var answered *pgconn.PgError
	if !errors.As(err, &answered) {
		return []Finding{wrong(thing, says, "Check the host and port in RESEARCH_DATABASE_URL, and that the database lets in the addresses that the functions come from.")}
	}
	return []Finding{wrong(thing, says, forPostgres(answered.Code))}
}

// forPostgres is what to do about an error code
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func forPostgres(code string) string {
	switch code {
	case "28P01", "28000":
		return "Correct the user and the password in RESEARCH_DATABASE_URL."
	case "3D000":
		return "Correct the database's name in RESEARCH_DATABASE_URL."
	case "42P01", "42703":
		return "RESEARCH_DATABASE_URL has to name the research platform's database, with the tables accounts, runs, posts and quotes as it makes them."
	case "42501":
		return "Grant the user SELECT on accounts, runs, posts and quotes."
	}
	return "Look up the code " + code + " in PostgreSQL's manual; reports are written without the database meanwhile."
}

// webhook asks for a report that there is not.
func webhook(ctx context.Context, c Case) []Finding {
	const thing = "webhook"
	if c.System == nil {
		return nil
	}
	address, secret, err := c.System.Webhook(ctx)
	if err != nil {
		return []Finding{absent(thing, sentence(err.Error()))}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/reports/"+report.ID(uuid.NewString(), ""), nil)
	if err != nil {
		return []Finding{wrong(thing, sentence(err.Error()), "Correct the address.")}
	}
	if secret != "" {
		request.Header.Set("Authorization", "Bearer "+secret)
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		remedy := "Check the network, and that it runs."
		if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
			remedy = "The address is unknown: is the stack still there, and this network online?"
		}
		return []Finding{wrong(thing, fmt.Sprintf("%s does not answer: %s", address, sentence(brief(err))), remedy)}
	}
	if err := answer.Body.Close(); err != nil {
		return []Finding{wrong(thing, sentence(err.Error()), "Check the network.")}
	}
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return []Finding{well(thing, address+"/reports takes reports.")}
	case answer.StatusCode == http.StatusUnauthorized && !c.Deployed:
		return []Finding{wrong(thing, address+" wants another secret than the environment here has.", "Set WEBHOOK_SECRETS as where it runs.")}
	case answer.StatusCode == http.StatusUnauthorized:
		return []Finding{wrong(thing, address+" refuses the secret that is stored.", "The function has an older one: it reads its secrets when it starts. aws lambda update-function-configuration --description starts it anew.")}
	}
	return []Finding{wrong(thing, fmt.Sprintf("%s answers %s.", address, answer.Status), "The log of the webhook's function says why.")}
}
