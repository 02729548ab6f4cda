//go:build integration

package deployed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/operate"
	"notionrelay/operate/stack"
	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/awstest"
	"notionrelay/test/planted"
)

// TestAnOperatorMendsAStack uses relayctl on the functions as they are deployed.
func TestAnOperatorMendsAStack(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	command := filepath.Join(t.TempDir(), "relayctl")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "notionrelay/cmd/relayctl").CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, said)
	}
	for name, drill := range map[string]func(*testing.T, string){
		"three failed runs are mended in three commands":                   c.threeFailedRuns,
		"a letter moved elsewhere, and one that is there twice":            c.movedAndTwice,
		"one of many letters is put back, and the others keep their order": c.oneOfMany,
		"a paused stack writes nothing until it is resumed":                c.paused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drill(t, command)
		})
	}
}

// operator has the command relayctl, and a stack to use it on.
type operator struct {
	command string
	stack   *awstest.Stack
}

// operated makes a stack of a deployment, whose event source mapping is heeded.
func (c cloud) operated(t *testing.T, d *deployment, command string) operator {
	t.Helper()
	s := c.stackOf(t, d)
	d.delivers = func() bool { return s.State() != "Disabled" } // while it is being disabled, messages are still delivered
	return operator{command, s}
}

func (c cloud) stackOf(t *testing.T, d *deployment) *awstest.Stack {
	t.Helper()
	return awstest.StartStack(t, awstest.StackOptions{
		Name: "relay", Resources: d.resources, Functions: d.environments, Outputs: map[string]string{"ReportsUrl": "http://127.0.0.1:9/reports"}, // nobody is there
		SQS: awstest.Forward(t, c.sqs.Endpoint), DynamoDB: awstest.Forward(t, c.dynamodb.Endpoint), SSM: awstest.Forward(t, d.secrets.Endpoint),
	})
}

// relayctl runs the command on the stack and returns what it prints, and its exit code.
func (o operator) relayctl(t *testing.T, arguments ...string) (out string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), o.command, append([]string{"--stack", "relay"}, arguments...)...)
	command.Env = []string{
		"AWS_ENDPOINT_URL=" + o.stack.Endpoint, "AWS_REGION=" + awstest.Region, "HOME=" + t.TempDir(),
		"AWS_ACCESS_KEY_ID=" + awstest.AccessKey, "AWS_SECRET_ACCESS_KEY=" + awstest.AccessKey,
	}
	var stdout, stderr bytes.Buffer
	said := planted.Output(t, "wobbly plan")
	command.Stdout, command.Stderr = io.MultiWriter(&stdout, said), io.MultiWriter(&stderr, said)
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("relayctl %s\n%s%s", strings.Join(arguments, " "), &stdout, &stderr)
	return stdout.String() + stderr.String(), command.ProcessState.ExitCode()
}

// refuse has Notion refuse whatever mentions the word.
func refuse(d *deployment, word string) {
	d.sim.Inject(notionsim.Fault{Times: -1, Status: http.StatusBadRequest, Code: "validation_error", Message: "body failed validation", Match: func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		return err == nil && r.Method != http.MethodGet && bytes.Contains(body, []byte(word))
	}})
}

// plan is a report of which Notion refuses a page, where it refuses that word.
func plan(number int) report.Payload {
	p := payload(5, 2)
	p.RunID, p.Email = fmt.Sprint("run-", number), fmt.Sprintf("a@company-%d.example", number)
	p.Reports["strategyReport"] += fmt.Sprintf("The wobbly plan number %d.\n", number)
	return p
}

func (d *deployment) acceptPlans(t *testing.T, count int) (ids []string) {
	t.Helper()
	for i := range count {
		ids = append(ids, report.ID(fmt.Sprint(i), ""))
		d.accept(t, ids[i], arrived, plan(i+1))
	}
	return ids
}

// wantFailed waits until the runs have failed.
func (d *deployment) wantFailed(t *testing.T, ids []string) {
	t.Helper()
	for _, id := range ids {
		eventually(t, id+" has failed", func() bool { return d.run(t, id).Status == runs.Failed })
	}
}

// undisturbed is the tree of so many plans to which nothing has happened.
func (c cloud) undisturbed(t *testing.T, count int) string {
	t.Helper()
	d := c.deploy(t, publish.Timeout, untouched)
	ids := d.acceptPlans(t, count)
	d.serve(t, invoke(d.publisher))
	for _, id := range ids {
		complete(t, d.statusOf(t, id))
	}
	return d.sim.Tree()
}

// threeFailedRuns has Notion refuse a page of each of three
// reports. An operator lists them, looks at one, and puts them back once that is
// mended.
func (c cloud) threeFailedRuns(t *testing.T, command string) {
	t.Helper()
	d := c.deploy(t, publish.Timeout, untouched)
	o := c.operated(t, d, command)
	refuse(d, "wobbly")
	ids := d.acceptPlans(t, 3)
	d.serve(t, invoke(d.publisher))
	d.wantFailed(t, ids)

	list, code := o.relayctl(t, "dead-letters", "list")
	if at := positions(list, ids); code != 0 || !slices.IsSorted(at) || at[0] < 0 || strings.Count(list, "validation_error: body failed validation") != 3 {
		t.Errorf("the list has the code %d, want three letters in their order with their reasons", code)
	}
	if said, code := o.relayctl(t, "status", ids[1]); code != 0 || !strings.Contains(said, "validation_error") || !strings.Contains(said, "failed") {
		t.Errorf("the status has the code %d, want the reason", code)
	}
	d.sim.Mend()
	said, code := o.relayctl(t, "dead-letters", "redrive", "--all")
	if code != 0 || strings.Count(said, "is complete") != 3 {
		t.Errorf("the redrive has the code %d, want three reports complete", code)
	}
	if diff := cmp.Diff(c.undisturbed(t, 3), d.sim.Tree()); diff != "" {
		t.Errorf("tree (-undisturbed +redriven):\n%s", diff)
	}
	published := []time.Time{}
	for _, id := range ids {
		published = append(published, d.run(t, id).PublishedAt)
		if notes := d.run(t, id).Notes; len(notes) != 1 || notes[0].What != "redriven: publish" {
			t.Errorf("the record of %s notes %+v", id, notes)
		}
	}
	if !slices.IsSortedFunc(published, time.Time.Compare) {
		t.Errorf("they were published at %s, want them in their order", published)
	}
	d.wantNothingFailed(t)
}

// positions are where the ids stand in a text.
func positions(text string, ids []string) (at []int) {
	for _, id := range ids {
		at = append(at, strings.Index(text, id))
	}
	return at
}

// movedAndTwice has the console move a letter behind
// the operator's back, and the other letter come twice: neither does any harm.
func (c cloud) movedAndTwice(t *testing.T, command string) {
	t.Helper()
	d := c.deploy(t, publish.Timeout, untouched)
	o := c.operated(t, d, command)
	refuse(d, "wobbly")
	ids := d.acceptPlans(t, 2)
	d.serve(t, invoke(d.publisher))
	d.wantFailed(t, ids)
	d.sim.Mend()

	letters, err := d.dead.Receive(t.Context(), 10, 0)
	if err != nil || len(letters) != 2 {
		t.Fatalf("got letters %v, %v; want two", letters, err)
	}
	first, second := letters[0], letters[1]
	console := queue.Outgoing{Body: first.Body, Group: first.Group, DeduplicationID: "console", Attributes: first.Attributes}
	twice := queue.Outgoing{Body: second.Body, Group: second.Group, DeduplicationID: "twice", Attributes: second.Attributes}
	if err := errors.Join(d.publish.Send(t.Context(), console), d.dead.Delete(t.Context(), first.Receipt), d.dead.Send(t.Context(), twice), d.dead.ChangeVisibility(t.Context(), second.Receipt, 0)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what the console has moved is done", func() bool { return d.run(t, ids[0]).Status == runs.Complete })
	if said, code := o.relayctl(t, "dead-letters", "redrive", ids[0]); code != 4 || !strings.Contains(said, "its report is complete, so the letter was moved or dropped before") {
		t.Errorf("the redrive of a letter that is gone has the code %d", code)
	}
	if said, code := o.relayctl(t, "dead-letters", "redrive", ids[1]); code != 0 || !strings.Contains(said, "2 put back") || !strings.Contains(said, ids[1]+" is complete") {
		t.Errorf("the redrive of a letter that is there twice has the code %d", code)
	}
	if _, code := o.relayctl(t, "dead-letters", "redrive", ids[1]); code != 4 {
		t.Errorf("a second redrive has the code %d, want 4", code)
	}
	eventually(t, "the second copy is done with", func() bool {
		depth, err := d.publish.Depth(t.Context())
		return err == nil && depth.All() == 0
	})
	if diff := cmp.Diff(c.undisturbed(t, 2), d.sim.Tree()); diff != "" {
		t.Errorf("tree (-undisturbed +redriven):\n%s", diff)
	}
	d.wantNothingFailed(t)
}

// oneOfMany reaches behind the ten
// letters of a group that SQS shows.
func (c cloud) oneOfMany(t *testing.T, _ string) {
	t.Helper()
	d := c.deploy(t, publish.Timeout, untouched) // nothing serves it
	var want []string
	for i := range 23 {
		id := fmt.Sprintf("rep_%02d", i)
		d.putAside(t, id, time.Now().Add(time.Duration(i)*time.Second))
		want = append(want, id)
	}
	s, err := stack.New(c.stackOf(t, d).Config).Stack(t.Context(), "relay")
	if err != nil {
		t.Fatal(err)
	}
	system := s.System(planted.Log(t, "wobbly plan"))
	letters, err := system.Letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	recorded := 0
	for _, l := range letters {
		listed = append(listed, l.ReportID)
		if l.Recorded {
			recorded++
		}
	}
	if diff := cmp.Diff(want, listed); diff != "" || recorded != 13 {
		t.Errorf("%d of the letters are known from records alone, want 13; letters (-want +got):\n%s", recorded, diff)
	}
	const deep = "rep_17"
	moved, err := system.Redrive(t.Context(), func(l operate.Letter) bool { return l.Is(deep) })
	if err != nil || len(moved) != 1 {
		t.Fatalf("moved %+v, %v; want one letter", moved, err)
	}
	if got := drain(t, d.publish); !slices.Equal(got, []string{deep}) {
		t.Errorf("the publish queue has %q, want %s", got, deep)
	}
	if diff := cmp.Diff(slices.DeleteFunc(want, func(id string) bool { return id == deep }), drain(t, d.dead)); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

// putAside does what the publisher does with a report that Notion refuses.
func (d *deployment) putAside(t *testing.T, id string, at time.Time) {
	t.Helper()
	p := report.Payload{Reports: map[string]string{"strategyReport": "# Plan"}}
	run := runs.Run{ReportID: id, Fingerprint: p.Fingerprint(), Status: runs.Failed, AcceptedAt: at, EndedAt: at, Failures: []runs.Failure{{
		Kind: string(queue.Publish), Code: "validation_error", Message: "no", MessageID: "m",
	}}}
	body, err := queue.Encode(queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = d.runs.Create(t.Context(), run)
	if err := errors.Join(err, d.dead.Send(t.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: id})); err != nil {
		t.Fatal(err)
	}
}

// drain takes everything out of a queue, and returns the reports in their order.
func drain(t *testing.T, q *sqsqueue.Queue) (ids []string) {
	t.Helper()
	for {
		messages, err := q.Receive(t.Context(), 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			return ids
		}
		for _, m := range messages {
			decoded, err := queue.Decode(m.Body)
			if err := errors.Join(err, q.Delete(t.Context(), m.Receipt)); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, decoded.ReportID)
		}
	}
}

// paused pauses in the midst of a report, for
// longer than the deliveries of a message would last.
func (c cloud) paused(t *testing.T, command string) {
	t.Helper()
	d := c.deploy(t, publish.Timeout, func(w http.ResponseWriter, r *http.Request, outside http.Handler) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			time.Sleep(200 * time.Millisecond) // as Notion would
		}
		outside.ServeHTTP(w, r)
	})
	o := c.operated(t, d, command)
	p, id := payload(120, 10), report.ID("paused", "")
	d.accept(t, id, arrived, p)
	d.serve(t, invoke(d.publisher))
	eventually(t, "the report is being written", func() bool { return d.sim.Stats().Writes > 3 })
	if _, code := o.relayctl(t, "pause", "--reason", "Columns are changed."); code != 0 || o.stack.State() != "Disabled" {
		t.Fatalf("the pause has the code %d, the mapping is %s", code, o.stack.State())
	}
	before := d.sim.Stats().Requests
	if said, _ := o.relayctl(t, "status", id); !strings.Contains(said, "Columns are changed.") {
		t.Error("the status does not say that publishing is paused")
	}
	depth, err := d.publish.Depth(context.WithoutCancel(t.Context()))
	run := d.run(t, id)
	if after := d.sim.Stats().Requests; after != before || err != nil || depth.InFlight != 0 || run.Ended() {
		t.Errorf("in the pause %d requests became %d, the queue is %+v, %v, the run %s", before, after, depth, err, run.Status)
	}
	if said, code := o.relayctl(t, "doctor", "--json"); code != 3 || !strings.Contains(said, "relayctl resume") {
		t.Errorf("the doctor has the code %d", code)
	}
	if _, code := o.relayctl(t, "resume"); code != 0 || o.stack.State() != "Enabled" {
		t.Fatalf("the end of the pause has the code %d, the mapping is %s", code, o.stack.State())
	}
	complete(t, d.statusOf(t, id))
	undisturbed := c.deploy(t, publish.Timeout, untouched)
	undisturbed.accept(t, id, arrived, p)
	undisturbed.serve(t, invoke(undisturbed.publisher))
	complete(t, undisturbed.statusOf(t, id))
	if diff := cmp.Diff(undisturbed.sim.Tree(), d.sim.Tree()); diff != "" {
		t.Errorf("tree (-undisturbed +paused):\n%s", diff)
	}
	d.wantNothingFailed(t)
}
