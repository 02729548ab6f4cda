package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/config"
	"notionrelay/shared/copywriter"
	"notionrelay/shared/notion"
	"notionrelay/shared/research"
)

// Variables are the settings of a Notion Relay, as its functions or its process
// have them.
type Variables struct {
	Values map[string]string
	// Deployed says that they are those of functions, to which more is required.
	Deployed bool
	// Simulated says that there is no Notion but a simulator.
	Simulated bool
}

// Configure reads the settings, those in the store included, and makes a case of
// them as far as they go. The findings are what is wrong with them.
func Configure(ctx context.Context, v Variables, store config.ParameterStore, transport http.RoundTripper) (c Case, found []Finding) {
	values, unread, found := stored(ctx, v.Values, store)
	for _, variable := range slices.Sorted(maps.Keys(values)) {
		if f := example(variable, values[variable]); f != nil {
			found = append(found, *f)
		}
	}
	settings, err := config.Parse[Settings](values, v.Deployed)
	said := maps.Clone(unread) // by variable; of these it was said why, or will be by their own checks
	if values["NOTION_API_KEY"] == "" {
		said["NOTION_API_KEY"] = true
	}
	if values["WEBHOOK_SECRETS"] == "" {
		said["WEBHOOK_SECRETS"] = true
	}
	before := len(found)
	for _, problem := range parts(err) {
		if variable, _, _ := strings.Cut(problem.Error(), " "); !said[variable] {
			said[variable] = true // two functions may have it
			found = append(found, wrong("settings", sentence(problem.Error()), "Set it right; docs/contract.md explains each setting."))
		}
	}
	if len(found) == before {
		found = append(found, well("settings", "All that are set are well formed."))
	}
	c = Case{Settings: settings, Deployed: v.Deployed, Unread: unread, Simulated: v.Simulated, HTTP: &http.Client{Transport: transport}}
	p, e := settings.Publisher, settings.Enricher
	c.Setup = publish.Setup(p.Database(), p.HomepageCoverURL)
	if p.NotionAPIKey != "" && !v.Simulated {
		client, err := notion.New(notion.Options{Token: p.NotionAPIKey.Reveal(), BaseURL: p.NotionBaseURL, Timeout: notion.InspectionLimit, Transport: transport, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			found = append(found, wrong("settings", sentence(err.Error()), "Set NOTION_BASE_URL to nothing for Notion itself."))
		} else {
			c.Notion = client
		}
	}
	if e.AIAPIKey != "" {
		c.AI = copywriter.New(copywriter.Options{APIKey: e.AIAPIKey.Reveal(), BaseURL: e.AIBaseURL, TitleModel: e.AITitleModel, IntroModel: e.AIIntroModel, Transport: transport})
	}
	if p.ResearchDatabaseURL != "" {
		db, err := research.Open(p.ResearchDatabaseURL.Reveal())
		if err != nil {
			found = append(found, wrong("PostgreSQL", sentence(err.Error()), "RESEARCH_DATABASE_URL is postgres://user:password@host:5432/name."))
		} else {
			c.Research = db
		}
	}
	return c, found
}

// stored puts the values of parameters in the place of their names, and says of
// which variables it has none.
func stored(ctx context.Context, variables map[string]string, store config.ParameterStore) (values map[string]string, unread map[string]bool, found []Finding) {
	const thing = "SSM parameters"
	values, unread = maps.Clone(variables), map[string]bool{}
	names := map[string]string{} // by variable
	for variable, value := range variables {
		if name, ok := config.Parameter(value); ok {
			names[variable], unread[variable] = name, true
			delete(values, variable)
		}
	}
	if len(names) == 0 {
		return values, unread, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	wanted := slices.Compact(slices.Sorted(maps.Values(names)))
	read, err := store.Values(ctx, wanted)
	if err != nil {
		return values, unread, []Finding{wrong(thing, "They cannot be read. "+sentence(brief(err)),
			"Allow ssm:GetParameters on them, and kms:Decrypt with their key, to whoever asks: you here, and the roles of the functions.")}
	}
	for _, variable := range slices.Sorted(maps.Keys(names)) {
		value, ok := read[names[variable]]
		if !ok {
			found = append(found, wrong(thing, fmt.Sprintf("There is no parameter %s, for %s.", names[variable], variable),
				fmt.Sprintf("aws ssm put-parameter --type SecureString --name %s --value …", names[variable])))
			continue
		}
		values[variable] = value
		delete(unread, variable)
	}
	if len(found) == 0 {
		found = append(found, well(thing, fmt.Sprintf("All %d can be read.", len(wanted))))
	}
	return values, unread, found
}

// example finds values that were copied from the instructions.
func example(variable, value string) *Finding {
	if !strings.HasSuffix(variable, "_KEY") && !strings.HasSuffix(variable, "_SECRETS") && variable != "RESEARCH_DATABASE_URL" {
		return nil
	}
	if !strings.Contains(value, "…") && !strings.HasSuffix(value, "...") {
		return nil
	}
	f := wrong("settings", variable+" has the value of the instructions' example.", "Put the real one in its place, with --overwrite where it is a parameter; the functions read it when they start.")
	return &f
}

// secrets are those of the callers and of the links.
func secrets(_ context.Context, c Case) []Finding {
	auth, err := intake.NewAuth(config.Reveal(c.Settings.Webhook.WebhookSecrets), c.Settings.Webhook.StatusTokenKey.Reveal())
	switch {
	case err != nil:
		var found []Finding
		for _, problem := range parts(err) {
			found = append(found, wrong("secrets", sentence(problem.Error()), "openssl rand -hex 32 makes a good one. WEBHOOK_SECRETS has those of the callers, STATUS_TOKEN_KEY that of the links."))
		}
		return found
	case c.Unread["WEBHOOK_SECRETS"], c.Unread["STATUS_TOKEN_KEY"]:
		return []Finding{absent("secrets", later)}
	case auth.Open() && c.Deployed:
		return nil // the settings say that it is required
	case auth.Open():
		return []Finding{absent("secrets", "WEBHOOK_SECRETS is not set: reports are taken from anybody on this machine, and from nobody else.")}
	}
	return []Finding{well("secrets", "Callers and links have theirs.")}
}

// parts are the errors that were joined, all the way down.
func parts(err error) (all []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, part := range joined.Unwrap() {
		all = append(all, parts(part)...)
	}
	return all
}

// sentence makes one of an error, on one line.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return "Nothing is said about it."
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// brief is the last cause of an error, on one line, or what a server has said.
func brief(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	if answered, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answered.Message
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.Join(strings.Fields(err.Error()), " ")
		}
		err = inner
	}
}
