package samlocal

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"notionrelay/test/awstest"
)

// Invoke is the command that hands a function, by its name in the template, the
// event in a file. Like all commands it is for a shell in the project's folder.
func (c *Cloud) Invoke(function, event string) string {
	return c.sam("invoke " + function + " --event " + event)
}

func (c *Cloud) startAPI(port string) string { return c.sam("start-api --port " + port) }

func (c *Cloud) sam(what string) string {
	return ".venv/bin/sam local " + what + " --template " + c.short(c.templatePath()) + " --env-vars " + c.short(c.settingsPath()) + " --docker-network " + c.network.name
}

// short is a path as it is seen from the project's folder, if it is below it.
func (c *Cloud) short(path string) string {
	if below, err := filepath.Rel(c.root, path); err == nil && filepath.IsLocal(below) {
		return below
	}
	return path
}

// Explain says what to do now: the commands, a line each, between lines that
// begin with a number sign.
func (c *Cloud) Explain(ctx context.Context, w io.Writer) error {
	port, err := awstest.FreePort(ctx)
	if err != nil {
		return err
	}
	api := "http://127.0.0.1:" + port
	_, err = fmt.Fprintln(w, strings.Join([]string{
		"",
		"# In another terminal, in " + c.root + ":",
		"",
		"# The webhook takes a report. Nothing takes its message from the queue: each",
		"# function runs when it is told to, on an event from below events/.",
		c.Invoke("WebhookFunction", "events/webhook/report.json"),
		"",
		"# The publisher writes its pages: " + c.pages,
		c.Invoke("PublisherFunction", "events/publisher/report.json"),
		"",
		"# The enricher looks for title, introduction and quotes.",
		c.Invoke("EnricherFunction", "events/enricher/report.json"),
		"",
		"# The webhook as " + api + ", until Ctrl-C; links in its answers lack the port.",
		c.startAPI(port),
		"",
		"# A report for it, from a third terminal, and how far that has come.",
		c.curl(api + "/reports -H 'Content-Type: application/json' --data-binary @events/sample-report.json"),
		c.curl("'" + api + "/api/add-to-notion/status?runId=sample-run-1'"),
		"",
		"# The functions are those of the last `sam build`. They reach this machine as",
		"# " + c.network.host + "; a firewall has to let the network " + c.network.name + " through.",
		"# Ctrl-C here ends and forgets all of it.",
	}, "\n"))
	return err
}

func (c *Cloud) curl(what string) string {
	return "curl -sS -H 'Authorization: Bearer " + Secret + "' " + what
}
