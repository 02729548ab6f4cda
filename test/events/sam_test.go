//go:build sam

package events_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/samlocal"
)

// The functions that `sam build` has made, with the settings of template.yaml,
// in containers of the SAM CLI, leave the same pages as the handlers do here.
// `make e2e-sam` brings the SAM CLI and the Docker engine that it takes.
func TestTheFunctionsDoWhatTheEventsAskFor(t *testing.T) {
	t.Parallel()
	w := containers(t)
	w.story(t)
	here, _ := handlers(t, secret, io.Discard)
	here.story(t)
	if diff := cmp.Diff(here.notion.Tree(), w.notion.Tree()); diff != "" {
		t.Errorf("pages (-by the handlers +by the functions):\n%s", diff)
	}
}

// What a developer is told to do leads to what he is told: line by line, as he
// would copy it.
func TestTheFunctionsRunByTheCommandsThatArePrinted(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	var told bytes.Buffer
	if err := cloud.Explain(t.Context(), &told); err != nil {
		t.Fatal(err)
	}
	t.Log(told.String())
	var said []string
	for line := range strings.Lines(told.String()) {
		switch command := strings.TrimSpace(line); {
		case command == "" || strings.HasPrefix(command, "#"):
		case strings.Contains(command, "start-api"):
			serve(t, command)
		default:
			said = append(said, string(shell(t, command)))
		}
	}
	_, payload := sample(t)
	id := report.ID("", payload.Fingerprint())
	want := []string{`"statusCode": 202`, `{"batchItemFailures": null}`, `{"batchItemFailures": null}`, `"message":"Report published to Notion."`, `"status":"published"`}
	for i := range max(len(want), len(said)) {
		if i >= len(want) || i >= len(said) || !strings.Contains(said[i], want[i]) {
			t.Fatalf("the commands said %q, want %q", said, want)
		}
	}
	run, err := dynamoruns.New(cloud.DynamoDB.Client, samlocal.Table).Get(t.Context(), id)
	if err != nil || run.Status != runs.Published || !strings.Contains(cloud.Notion.Tree(), "Lead with reliability") {
		t.Errorf("got run %+v, %v, and pages\n%s", run, err, cloud.Notion.Tree())
	}
}

// start starts what the functions work on.
func start(t *testing.T) *samlocal.Cloud {
	t.Helper()
	image(t)
	cloud, err := samlocal.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	return cloud
}

// ids are the functions' names in the template.
var ids = map[string]string{"webhook": "WebhookFunction", "publisher": "PublisherFunction", "enricher": "EnricherFunction"}

// containers is a world in which each event gets a container of its own. What
// it works on stands in for AWS and Notion on this machine.
func containers(t *testing.T) *world {
	t.Helper()
	cloud := start(t)
	invoke := func(t *testing.T, function string, event []byte) []byte {
		t.Helper()
		path := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(path, event, 0o600); err != nil {
			t.Fatal(err)
		}
		return shell(t, cloud.Invoke(ids[function], path))
	}
	return &world{
		invoke: invoke, runs: dynamoruns.New(cloud.DynamoDB.Client, samlocal.Table), notion: cloud.Notion,
		publish: sqsqueue.New(cloud.SQS.Client, cloud.PublishURL), enrich: sqsqueue.New(cloud.SQS.Client, cloud.EnrichURL),
		waiting: sqsqueue.New(cloud.SQS.Client, cloud.WaitingURL), dead: sqsqueue.New(cloud.SQS.Client, cloud.DeadURL),
	}
}

// shell runs a command in the project's folder and returns the last line that it
// has printed. What a function has logged comes before that.
func shell(t *testing.T, line string) []byte {
	t.Helper()
	command := inProject(t.Context(), line)
	var answer, log bytes.Buffer
	command.Stdout, command.Stderr = &answer, &log
	err := command.Run()
	t.Logf("%s\n%s", line, log.String())
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, log.String())
	}
	lines := bytes.Split(bytes.TrimSpace(answer.Bytes()), []byte("\n"))
	return lines[len(lines)-1]
}

// inProject is a command as a developer types it, who has the image already and
// whom no AWS can be asked about.
func inProject(ctx context.Context, line string) *exec.Cmd {
	command := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	command.Dir = "../.."
	command.Env = append(os.Environ(), "SAM_SKIP_PULL_IMAGE=1", "AWS_EC2_METADATA_DISABLED=true")
	return command
}

// serve runs a command that serves until the test ends, and returns once it
// says that it does.
func serve(t *testing.T, line string) {
	t.Helper()
	command := inProject(context.WithoutCancel(t.Context()), line)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	serves, ended := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(serves)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "CTRL+C to quit") {
				serves <- true
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		<-ended
		_ = command.Wait()
		t.Logf("%s\n%s", line, said.String())
	})
	if !<-serves {
		t.Fatalf("%s has ended", line)
	}
}

// image makes the image in which the SAM CLI runs the functions, which cannot be
// had here from where it comes. It has a shell, with which the SAM CLI puts its
// Lambda into it.
func image(t *testing.T) {
	t.Helper()
	architecture, err := samlocal.Architecture()
	if err != nil {
		t.Fatal(err)
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatalf("a static busybox is needed (Debian has it in busybox-static): %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "busybox"), busybox, 0o700); err != nil {
		t.Fatal(err)
	}
	dockerfile := "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n" +
		"RUN mkdir -p /tmp /var/task /var/runtime /var/rapid && chmod 1777 /tmp\nENV PATH=/bin\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "docker", "build", "--quiet", "--tag", "public.ecr.aws/lambda/provided:al2023-"+architecture, dir)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, said)
	}
}
