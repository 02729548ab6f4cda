//go:build deploy

package deploycheck_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const database = "0123456789abcdef0123456789abcdef"

// TestTheDocumentsCommands goes through the document with the variables of the
// stack for trying out, and then deploys the other two as it says. `make
// deploy-check` brings what it takes.
func TestTheDocumentsCommands(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.define("database=" + database)
	for _, line := range commandLines(t) {
		if _, ok := notRun[line]; ok {
			continue
		}
		if line == "env=default stack=notion-relay secrets=/notion-relay" {
			line = "env=dev stack=notion-relay-dev secrets=/notion-relay/dev"
		}
		if definition.MatchString(line) {
			d.define(line)
			continue
		}
		if line == `relayctl --stack "$stack" dead-letters list` {
			d.putAside()
		}
		answers := ""
		if strings.HasSuffix(line, "--guided") {
			answers = d.defaults()
		}
		want, ok := outcomes[line]
		if !ok {
			t.Errorf("nobody says what comes of %s", line)
		}
		said := d.says(line, answers, want.says)
		if strings.HasSuffix(line, `echo "$new"`) {
			d.define("shown=" + said)
		}
		for command, says := range want.after {
			d.says(command, "", says)
		}
	}
	d.made()
	d.guided("default", "notion-relay", "")
	d.guided("prod", "notion-relay-prod", "y\n") // it asks once more
	for stack, is := range map[string]struct{ stage, secrets string }{
		"notion-relay": {"default", "/notion-relay"}, "notion-relay-dev": {"dev", "/notion-relay/dev"}, "notion-relay-prod": {"prod", "/notion-relay/prod"},
	} {
		d.define("stack=" + stack)
		d.says(`aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Tags[].join('=', [Key, Value])" --output text`, "", "^app=notion-relay\tstage="+is.stage+"\n$")
		d.says("output Secrets", "", "^"+is.secrets+"\n$")
	}
	d.standIns()
}

// definition is a line that sets variables, or a function.
var definition = regexp.MustCompile(`^(\w+=\S+( \w+=\S+)*|\w+\(\) \{.*\})$`)

// outcome is what a command says, and what is so afterwards: what other commands
// say.
type outcome struct {
	says  string
	after map[string]string
}

// outcomes are of the document's commands.
var outcomes = map[string]outcome{
	"put notion-api-key 'ntn_…'":                           {"^$", map[string]string{"get notion-api-key": "^ntn_…\n$"}},
	`put webhook-secrets "$(openssl rand -hex 32)"`:        {"^$", nil},
	`put status-token-key "$(openssl rand -hex 32)"`:       {"^$", nil},
	"get webhook-secrets":                                  {"^[0-9a-f]{64}\n$", nil},
	`sam build && sam deploy --config-env "$env" --guided`: {`(?s)CloudFormation outputs from deployed stack.*Key +ReportsUrl.*Successfully created/updated stack - notion-relay-dev`, nil},
	`sam build && sam deploy --config-env "$env" --no-confirm-changeset --parameter-overrides NotionDatabaseId="$database" SecretsPath="$secrets"`: {
		"Successfully created/updated stack - notion-relay-dev|No changes to deploy", nil,
	},
	"output ReportsUrl":    {`^https://\w+\.execute-api\.us-east-1\.amazonaws\.com/reports\n$`, nil},
	"output DoctorCommand": {"^relayctl --stack notion-relay-dev doctor\n$", nil},
	`new=$(openssl rand -hex 32) && put webhook-secrets "$new,$(get webhook-secrets)" && anew Webhook && echo "$new"`: {
		"^[0-9a-f]{64}\n$", map[string]string{"get webhook-secrets": "^[0-9a-f]{64},[0-9a-f]{64}\n$", describe: "^Started anew at 20"},
	},
	`put webhook-secrets "$(get webhook-secrets | cut -d, -f1)" && anew Webhook`:             {"^$", map[string]string{`test "$(get webhook-secrets)" = "$shown"`: "^$"}},
	`put status-token-key "$(openssl rand -hex 32),$(get status-token-key)" && anew Webhook`: {"^$", map[string]string{"get status-token-key": "^[0-9a-f]{64},[0-9a-f]{64}\n$"}},
	`relayctl --stack "$stack" dead-letters list`:                                            {`(?s)^REPORT[^\n]*\nrep_1 +publish +publish [^\n]* homepage +validation_error: too long\n$`, nil},
	"letters Publish": {"^1\n$", nil},
	// Nothing else is in a letter's row, its text in particular.
	"reasons Publish": {`^[-|+\s]+ReceiveMessage[-|+\s]+reason[-|+\s]+report[-|+\s]+step[-|+\s]+validation_error: too long[-|+\s]+rep_1[-|+\s]+homepage[-|+\s]+$`, nil},
}

const describe = `aws lambda get-function-configuration --function-name "$(output WebhookFunctionName)" --query Description --output text`

// desk is where somebody sits who deploys: a copy of this repository, a shell with
// the two command lines of AWS, and an account.
type desk struct {
	t        *testing.T
	folder   string
	bin      string // the command lines
	endpoint string
	shell    []string // what was defined
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, folder: t.TempDir(), endpoint: startCloud(t)}
	d.tools()
	copying := exec.CommandContext(t.Context(), "bash", "-c", `git ls-files -z | xargs -0 cp --parents -t "$0"`, d.folder)
	copying.Dir = root
	if said, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("copy the repository: %v\n%s", err, said)
	}
	return d
}

// tools are the operator's, the SAM CLI, and the AWS CLI by a script, for its first version goes to
// SQS at AWS unless it is told otherwise as an argument.
func (d *desk) tools() {
	d.t.Helper()
	venv, err := filepath.Abs(root + "/.venv/bin")
	if err != nil {
		d.t.Fatal(err)
	}
	d.bin = d.t.TempDir()
	if err := os.Symlink(venv+"/sam", d.bin+"/sam"); err != nil {
		d.t.Fatal(err)
	}
	if said, err := exec.CommandContext(d.t.Context(), "go", "build", "-o", d.bin, "notionrelay/cmd/relayctl").CombinedOutput(); err != nil {
		d.t.Fatalf("build relayctl: %v\n%s", err, said)
	}
	script := "#!/bin/sh\nexec " + venv + "/aws --endpoint-url " + d.endpoint + ` "$@"` + "\n"
	if err := os.WriteFile(d.bin+"/aws", []byte(script), 0o700); err != nil {
		d.t.Fatal(err)
	}
}

// startCloud returns the address of the stand-in for AWS.
func startCloud(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cloud := exec.CommandContext(ctx, root+"/.venv/bin/python", "cloud.py")
	cloud.Env = append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	log, err := os.Create(filepath.Join(t.TempDir(), "cloud.log"))
	if err != nil {
		t.Fatal(err)
	}
	cloud.Stderr = log
	stdout, err := cloud.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cloud.Wait()
		log.Close()
		if written, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the stand-in for AWS:\n%s", written)
		}
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal("the stand-in for AWS does not start: ", err)
	}
	return "http://localhost:" + strings.TrimSpace(port) // moto takes a bucket out of the path for this name alone
}

func (d *desk) define(line string) { d.shell = append(d.shell, line) }

// run returns what a command writes; it has to succeed.
func (d *desk) run(command, answers string) string {
	d.t.Helper()
	shell := exec.CommandContext(d.t.Context(), "bash", "-euo", "pipefail", "-c", strings.Join(append(d.shell, command), "\n"))
	shell.Dir, shell.Stdin = d.folder, strings.NewReader(answers)
	shell.Env = append(os.Environ(), "PATH="+d.bin+":"+os.Getenv("PATH"), "AWS_ENDPOINT_URL="+d.endpoint,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "SAM_CLI_TELEMETRY=0", "NO_COLOR=1")
	var problems bytes.Buffer
	shell.Stderr = &problems
	said, err := shell.Output()
	if err != nil {
		d.t.Fatalf("%s: %v\n%s\n%s", command, err, said, problems.String())
	}
	return string(said)
}

// says wants a command to say something.
func (d *desk) says(command, answers, pattern string) (said string) {
	d.t.Helper()
	if said = d.run(command, answers); !regexp.MustCompile(pattern).MatchString(said) {
		d.t.Errorf("%s does not say %s:\n%s", command, pattern, said)
	}
	return said
}

// defaults are the answers of somebody who knows nothing but the database's id, and
// takes for the rest what is offered.
func (d *desk) defaults() string {
	d.t.Helper()
	parameters := strings.TrimSpace(d.run(`sed -n '/^Parameters:/,/^Conditions:/p' template.yaml | grep -c '^  [A-Za-z]'`, ""))
	var n int
	if _, err := fmt.Sscan(parameters, &n); err != nil || n < 10 {
		d.t.Fatalf("%q parameters: %v", parameters, err)
	}
	// The stack's name and region come before, the id is the first parameter; after
	// them the change set, roles, rollback, and whether, where and as what to save.
	return "\n\n" + database + "\n" + strings.Repeat("\n", n-1) + strings.Repeat("\n", 6)
}

// guided deploys another stack, for which everything is built by now.
func (d *desk) guided(env, stack, last string) {
	d.t.Helper()
	said := d.run("sam deploy --guided --config-env "+env, d.defaults()+last)
	if !strings.Contains(said, "Successfully created/updated stack - "+stack+" ") {
		d.t.Errorf("%s was not deployed:\n%s", stack, said)
	}
	if again := d.run("sam deploy --no-confirm-changeset --config-env "+env, ""); !strings.Contains(again, "No changes to deploy") {
		d.t.Errorf("the answers for %s are not kept:\n%s", stack, again)
	}
}

// putAside puts a dead letter where the publisher would.
func (d *desk) putAside() {
	d.t.Helper()
	attributes := map[string]map[string]string{}
	for name, value := range map[string]string{"reason": "validation_error: too long", "step": "homepage", "reportId": "rep_1", "notionRequestId": "n-1"} {
		attributes[name] = map[string]string{"DataType": "String", "StringValue": value}
	}
	encoded, err := json.Marshal(attributes)
	if err != nil {
		d.t.Fatal(err)
	}
	d.run(`aws sqs send-message --queue-url "$(output PublishDeadLettersUrl)" --message-group-id notion --message-deduplication-id 1 `+
		`--message-body '{"version":1,"kind":"publish","reportId":"rep_1","payload":{"strategyReport":"Zebrafish"}}' --message-attributes '`+string(encoded)+`'`, "")
}

// made checks what the deployment of the stack for trying out has brought about, as
// far as moto makes it.
func (d *desk) made() {
	d.t.Helper()
	for command, says := range map[string]string{
		`aws lambda get-function-configuration --function-name "$(output WebhookFunctionName)" --query Environment.Variables.WEBHOOK_SECRETS --output text`: "^ssm:/notion-relay/dev/webhook-secrets\n$",
		`aws lambda get-function-concurrency --function-name "$(output PublisherFunctionName)" --query ReservedConcurrentExecutions`:                        "^1\n$",
		`aws lambda get-function-concurrency --function-name "$(output WebhookFunctionName)"`:                                                               "^$",
		`aws lambda list-event-source-mappings --query 'sort(EventSourceMappings[].EventSourceArn)' --output text`:                                          `^\S+:notion-relay-dev-enrich\s+\S+:notion-relay-dev-publish.fifo\s+\S+:notion-relay-dev-waiting\n$`,
		`aws sqs get-queue-attributes --queue-url "$(output PublishDeadLettersUrl)" --attribute-names Policy --query Attributes.Policy --output text`:       "aws:SecureTransport",
		`aws dynamodb describe-table --table-name "$(output RunsTableName)" --query 'Table.GlobalSecondaryIndexes[].IndexName' --output text`:               "^runId-index\tstatus-index\n$",
		`aws apigatewayv2 get-routes --api-id "$(output ReportsUrl | cut -d/ -f3 | cut -d. -f1)" --query 'length(Items)'`:                                   "^6\n$",
	} {
		d.says(command, "", says)
	}
}

// standIns are the types of resources that moto does not make, so that nothing is
// shown of them here.
func (d *desk) standIns() {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.endpoint+"/stand-ins", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	var got []string
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		d.t.Fatal(err)
	}
	// The policy is of the bucket that the SAM CLI makes for its archives.
	if diff := cmp.Diff([]string{"AWS::ApiGatewayV2::Stage", "AWS::CloudWatch::Alarm", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy"}, got); diff != "" {
		d.t.Errorf("not made (-want +got):\n%s", diff)
	}
}
