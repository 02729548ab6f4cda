//go:build sam

package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/awstest"
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

// ids are the functions' names in the template.
var ids = map[string]string{"webhook": "WebhookFunction", "publisher": "PublisherFunction", "enricher": "EnricherFunction"}

// containers is a world in which each event gets a container of its own. What
// it works on stands in for AWS and Notion on this machine.
func containers(t *testing.T) *world {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Token: "notion-token"})
	if err != nil {
		t.Fatal(err)
	}
	notion := httptest.NewServer(sim)
	t.Cleanup(notion.Close)
	secrets := awstest.StartParameters(t, map[string]string{
		"/notion-relay/notion-api-key": "notion-token", "/notion-relay/webhook-secrets": "an-older-webhook-secret," + secret, "/notion-relay/status-token-key": "key-of-the-status-links",
	})
	table, servers := awstest.StartDynamoDB(t), awstest.StartSQS(t)
	table.Create(t, runs.Table("runs"))
	publishURL, deadURL := servers.Create(t, "publish", awstest.Queues{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives})
	enrichURL, _ := servers.Create(t, "enrich", awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.MaxReceives})
	waitingURL, _ := servers.Create(t, "waiting", awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.WaitingReceives})

	network, host := networkOfContainers(t)
	lookFor(t, map[string]string{
		"AWS_ENDPOINT_URL_SSM":      reachable(t, host, secrets.Endpoint),
		"AWS_ENDPOINT_URL_SQS":      reachable(t, host, servers.Endpoint),
		"AWS_ENDPOINT_URL_DYNAMODB": reachable(t, host, table.Endpoint),
		"NOTION_BASE_URL":           reachable(t, host, notion.URL),
	})
	// SAM puts logical ids in the place of what only CloudFormation knows.
	overrides := map[string]map[string]string{"Parameters": {
		"PUBLISH_QUEUE_URL": publishURL, "PUBLISH_DLQ_URL": deadURL, "ENRICH_QUEUE_URL": enrichURL, "WAITING_QUEUE_URL": waitingURL, "RUNS_TABLE": "runs",
	}}
	settings := filepath.Join(t.TempDir(), "settings.json")
	write(t, settings, overrides)
	invoke := func(t *testing.T, function string, event []byte) []byte {
		t.Helper()
		return samInvoke(t, ids[function], event, settings, network, sim.DatabaseID())
	}
	return &world{
		invoke: invoke, runs: runs.NewDynamoDB(table.Client, "runs"), notion: sim,
		publish: queue.NewSQS(servers.Client, publishURL), enrich: queue.NewSQS(servers.Client, enrichURL),
		waiting: queue.NewSQS(servers.Client, waitingURL), dead: queue.NewSQS(servers.Client, deadURL),
	}
}

func samInvoke(t *testing.T, function string, event []byte, settings, network, databaseID string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, event, 0o600); err != nil {
		t.Fatal(err)
	}
	sam := exec.CommandContext(t.Context(), "sam", "local", "invoke", function, "--event", path, "--env-vars", settings, "--skip-pull-image", "--docker-network", network,
		"--region", awstest.Region, "--parameter-overrides", "Architecture="+architecture(t)+" NotionDatabaseId="+databaseID)
	sam.Dir = "../.."
	sam.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+awstest.AccessKey, "AWS_SECRET_ACCESS_KEY="+awstest.AccessKey)
	var answer, log bytes.Buffer
	sam.Stdout, sam.Stderr = &answer, &log
	err := sam.Run()
	t.Logf("%s\n%s", function, log.String())
	if err != nil {
		t.Fatalf("%v: %v\n%s", sam.Args, err, log.String())
	}
	// What the function has logged comes before its answer.
	lines := bytes.Split(bytes.TrimSpace(answer.Bytes()), []byte("\n"))
	return lines[len(lines)-1]
}

func architecture(t *testing.T) string {
	t.Helper()
	names := map[string]string{"amd64": "x86_64", "arm64": "arm64"}
	if names[runtime.GOARCH] == "" {
		t.Fatalf("Lambda does not know %s", runtime.GOARCH)
	}
	return names[runtime.GOARCH]
}

// lookFor makes the image in which the SAM CLI runs the functions. It has a
// shell, with which the SAM CLI puts its Lambda into it, and an environment in
// which AWS and Notion are at these addresses.
func lookFor(t *testing.T, addresses map[string]string) {
	t.Helper()
	dir := t.TempDir()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatalf("a static busybox is needed (Debian has it in busybox-static): %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), busybox, 0o700); err != nil {
		t.Fatal(err)
	}
	dockerfile := "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n" +
		"RUN mkdir -p /tmp /var/task /var/runtime /var/rapid && chmod 1777 /tmp\nENV PATH=/bin\n"
	for name, address := range addresses {
		dockerfile += fmt.Sprintf("ENV %s=%s\n", name, address)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	docker(t, "build", "--quiet", "--tag", "public.ecr.aws/lambda/provided:al2023-"+architecture(t), dir)
}

// networkOfContainers makes a network for the test's containers, and returns its
// name and this machine's address in it. That is read from the network's own
// device: what the engine tells of its standard network has no address as long
// as the engine has only just made it (Docker 20.10).
func networkOfContainers(t *testing.T) (name, host string) {
	t.Helper()
	name = fmt.Sprintf("relay-%x", os.Getpid()) // an interface's name has at most 15 characters
	docker(t, "network", "create", "--driver", "bridge", "--opt", "com.docker.network.bridge.name="+name, name)
	t.Cleanup(func() {
		if output, err := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", "network", "rm", name).CombinedOutput(); err != nil {
			t.Errorf("remove network %s: %v: %s", name, err, output)
		}
	})
	device, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatalf("find the device of network %s: %v", name, err)
	}
	addresses, err := device.Addrs()
	if err != nil {
		t.Fatalf("read the addresses of %s: %v", name, err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil {
			return name, ip.IP.String()
		}
	}
	t.Fatalf("device %s has no address among %v", name, addresses)
	return "", ""
}

func docker(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "docker", arguments...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, complaints.String())
	}
	return strings.TrimSpace(string(output))
}

// reachable opens a server of this machine's loopback address to containers,
// and returns its address there.
func reachable(t *testing.T, host, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &nethttp.Server{Handler: httputil.NewSingleHostReverseProxy(target)}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func write(t *testing.T, path string, content any) {
	t.Helper()
	encoded, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
}
