// Package template_test checks what can go wrong with a deployment before there
// is one: that template.yaml keeps the promises that the code relies on, and
// that the functions work under the SAM CLI.
package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/config"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs/dynamoruns"
)

// invariant is something that must hold in the template. It returns what is
// wrong.
type invariant func(tree) []string

var invariants = map[string]invariant{
	"a delivery outlives its function sixfold":          visibility,
	"a message has deliveries and then a dead letter":   redrive,
	"a dead letter is there for days":                   retention,
	"queues keep messages, whole and encrypted":         storage,
	"queues take nothing that is not encrypted":         tlsOnly,
	"a dead-letter queue belongs to its queue":          redriveAllowed,
	"the publisher is single":                           singlePublisher,
	"a message may go round as often as it must":        rounds,
	"functions report which messages failed":            partialFailures,
	"what has waited passes a slow AI":                  ownConcurrency,
	"functions have the memory that was measured":       memory,
	"one machine has the times of the cloud":            timesOfTheCode,
	"functions get the settings that they require":      requiredSettings,
	"functions get no settings that they do not know":   unknownSettings,
	"secrets are names of parameters":                   secretsAreParameters,
	"functions are traced and log JSON":                 observability,
	"roles are written out":                             rolesAreWrittenOut,
	"roles allow what settings name and nothing more":   rolesFollowSettings,
	"the enricher has no token of Notion's":             enricherHasNoToken,
	"only X-Ray and the SSM key are granted by pattern": noWildcards,
	"the table is the one of the code":                  runsTable,
	"the API logs no tokens and no texts":               accessLog,
	"noise does not use up the flow's posts":            routes,
	"the API invokes the webhook alone":                 invokesWebhook,
	"the SAM CLI asks nothing that aborts":              noEventsOfTheAPI,
	"the webhook reserves what it is told":              webhookConcurrency,
	"logs are kept for 30 days":                         logRetention,
	"alarms watch what an operator must know":           alarms,
	"an alarm of a halt rings as long as it lasts":      haltAlarm,
	"an alarm tells what API Gateway refuses":           throttleAlarm,
	"the dashboard shows every queue":                   queuesOnDashboard,
	"outputs name every queue":                          queuesAmongOutputs,
	"outputs name every function":                       functionsAmongOutputs,
	"outputs have commands that can be run":             commandsAmongOutputs,
	"figures have the names that the code gives them":   figures,
}

func TestTemplateHoldsItsInvariants(t *testing.T) {
	t.Parallel()
	template := readTemplate(t)
	for name, wrong := range invariants {
		for _, problem := range wrong(template) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// The functions of template.yaml, with the folders of their code.
var functions = map[string]string{
	"WebhookFunction":   "webhook",
	"PublisherFunction": "publisher",
	"EnricherFunction":  "enricher",
}

// consumers are the functions that queues invoke, by the queue.
var consumers = map[string]string{
	"PublishQueue": "PublisherFunction", "EnrichQueue": "EnricherFunction", "WaitingQueue": "EnricherFunction",
}

func visibility(template tree) (wrong []string) {
	for q, function := range consumers {
		timeout, visible := template.number(properties(function), "Timeout"), template.number(properties(q), "VisibilityTimeout")
		if timeout <= 0 || visible < 6*timeout {
			wrong = append(wrong, fmt.Sprintf("%s hides messages for %v s, and %s may take %v s", q, visible, function, timeout))
		}
	}
	return wrong
}

func redrive(template tree) (wrong []string) {
	for q := range consumers {
		policy := template.at(properties(q), "RedrivePolicy")
		dead := deadLettersOf(template, q)
		if policy.number("maxReceiveCount") < 5 {
			wrong = append(wrong, q+" delivers a message fewer than five times")
		}
		if template.at(properties(q), "FifoQueue") != template.at(properties(dead), "FifoQueue") || template.text("Resources", dead, "Type") != "AWS::SQS::Queue" {
			wrong = append(wrong, q+" and its dead-letter queue are not of one kind")
		}
	}
	for q, want := range map[string]any{"PublishQueue": true, "EnrichQueue": nil, "WaitingQueue": nil} {
		// SQS delays no single message of a FIFO queue.
		if template.at(properties(q), "FifoQueue") != (tree{want}) {
			wrong = append(wrong, q+" is of the wrong kind")
		}
	}
	return wrong
}

func deadLettersOf(template tree, q string) string {
	return attributeOf(template.at(properties(q), "RedrivePolicy.deadLetterTargetArn"), "Arn")
}

// retention is right when a message ends by its deliveries and not by its age,
// and leaves its dead letter days. On a standard queue a dead letter keeps the age
// that its message had
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html).
func retention(template tree) (wrong []string) {
	const longest = 14
	for q := range consumers {
		kept, isFIFO := days(template, q), template.at(properties(q), "FifoQueue") == tree{true}
		if deliveries := deliveryDays(template, q); deliveries >= kept {
			wrong = append(wrong, fmt.Sprintf("%s forgets a message after %v days, before %.1f days of deliveries are over", q, kept, deliveries))
		}
		if dead := days(template, deadLettersOf(template, q)); dead != longest || !isFIFO && dead-kept < 4 {
			wrong = append(wrong, fmt.Sprintf("%s keeps messages for %v days, its dead letters for %v", q, kept, dead))
		}
		if isFIFO && kept != longest {
			wrong = append(wrong, fmt.Sprintf("%s keeps messages for %v days, though its dead letters are young", q, kept))
		}
	}
	if days(template, "EnrichQueue") > 4 {
		wrong = append(wrong, "EnrichQueue leaves its dead letters fewer than ten days")
	}
	return wrong
}

// deliveryDays is how long the deliveries of a message take at most: the process
// dies at each, and the message waits out its visibility. Before the first it may
// be delayed.
func deliveryDays(template tree, q string) float64 {
	seconds := template.number(properties(q), "RedrivePolicy.maxReceiveCount") * template.number(properties(q), "VisibilityTimeout")
	return (seconds + maxDelay) / secondsOfDay
}

const (
	maxDelay     = 15 * 60 // of a message, SQS's limit
	secondsOfDay = 24 * 60 * 60
)

func days(template tree, q string) float64 {
	return template.number(properties(q), "MessageRetentionPeriod") / secondsOfDay
}

func storage(template tree) (wrong []string) {
	for _, q := range template.ofType("AWS::SQS::Queue") {
		if template.at(properties(q), "SqsManagedSseEnabled") != (tree{true}) {
			wrong = append(wrong, q+" is not encrypted")
		}
		if template.number(properties(q), "MaximumMessageSize") != queue.MaxSize {
			wrong = append(wrong, q+" does not take the largest message that is sent")
		}
	}
	return wrong
}

// tlsOnly is a policy of each queue that refuses everybody who does not use TLS.
func tlsOnly(template tree) (wrong []string) {
	for _, q := range template.ofType("AWS::SQS::Queue") {
		want := map[string]any{
			"Queues": []any{map[string]any{"Ref": q}},
			"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
				"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": map[string]any{"Fn::GetAtt": []any{q, "Arn"}},
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			}}},
		}
		if template.text("Resources", q+"Policy", "Type") != "AWS::SQS::QueuePolicy" {
			wrong = append(wrong, q+" has no policy")
		}
		wrong = append(wrong, differences(want, template.at(properties(q+"Policy")).value)...)
	}
	return wrong
}

// redriveAllowed is that each dead-letter queue takes what SQS moves out of its own
// queue and out of no other. It is no matter of who may send to it, or where its
// letters are moved. It names its queue by name: by reference, each would have to
// be made before the other.
func redriveAllowed(template tree) (wrong []string) {
	for q := range consumers {
		name, dead := template.text(properties(q), "QueueName", "Fn::Sub"), deadLettersOf(template, q)
		if name == "" || strings.HasSuffix(name, ".fifo") != (template.at(properties(q), "FifoQueue") == tree{true}) {
			wrong = append(wrong, fmt.Sprintf("%s cannot be called %q", q, name))
		}
		want := map[string]any{"redrivePermission": "byQueue", "sourceQueueArns": []any{
			map[string]any{"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + name},
		}}
		wrong = append(wrong, differences(want, template.at(properties(dead), "RedriveAllowPolicy").value)...)
	}
	return wrong
}

func singlePublisher(template tree) (wrong []string) {
	p := template.at(properties("PublisherFunction"))
	events := p.at("Events").keys()
	if p.number("ReservedConcurrentExecutions") != 1 {
		wrong = append(wrong, "more than one publisher may run")
	}
	if len(events) != 1 {
		return append(wrong, "the publisher has other sources than its queue")
	}
	source := p.at("Events", events[0], "Properties")
	if source.at("ScalingConfig").value != nil {
		wrong = append(wrong, "MaximumConcurrency is set, which must be at least 2")
	}
	if source.number("BatchSize") != 1 || attributeOf(source.at("Queue"), "Arn") != "PublishQueue" {
		wrong = append(wrong, "the publisher does not take single messages of PublishQueue")
	}
	return wrong
}

// rounds are the publisher's, that sends the rest of its work to itself, and those
// of a message that waits, which the enricher's function sends back. Lambda would
// take both for a mistake.
func rounds(template tree) (wrong []string) {
	for _, function := range []string{"PublisherFunction", "EnricherFunction"} {
		if template.text(properties(function), "RecursiveLoop") != "Allow" {
			wrong = append(wrong, "Lambda stops "+function+" after 16 rounds of a message")
		}
	}
	return wrong
}

func partialFailures(template tree) (wrong []string) {
	for q, function := range consumers {
		source := template.at(properties(function), "Events", q, "Properties")
		if attributeOf(source.at("Queue"), "Arn") != q || source.number("BatchSize") != 1 {
			wrong = append(wrong, function+" does not take single messages of "+q)
		}
		if !slices.Contains(source.at("FunctionResponseTypes").texts(), "ReportBatchItemFailures") {
			wrong = append(wrong, function+" cannot keep a failed message of "+q)
		}
	}
	return wrong
}

// ownConcurrency is what each source of the enricher's function has for itself.
// Without it five calls of an AI that hangs would hold up all that has waited.
func ownConcurrency(template tree) (wrong []string) {
	for q, want := range map[string]float64{"EnrichQueue": 5, "WaitingQueue": 2} {
		if got := template.number(properties("EnricherFunction"), "Events", q, "Properties", "ScalingConfig", "MaximumConcurrency"); got != want {
			wrong = append(wrong, fmt.Sprintf("the enricher runs %v times for %s, want %v", got, q, want))
		}
	}
	if template.at(properties("EnricherFunction"), "ReservedConcurrentExecutions").value != nil {
		wrong = append(wrong, "the enricher's sources share what is reserved")
	}
	return wrong
}

// memory is what the largest reports need, and a processor for the publisher: 1,769
// MB are one
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
func memory(template tree) (wrong []string) {
	for function, want := range map[string]float64{"PublisherFunction": 1769, "WebhookFunction": 1024} {
		if got := template.number(properties(function), "MemorySize"); got != want {
			wrong = append(wrong, fmt.Sprintf("%s has %v MB, want %v", function, got, want))
		}
	}
	return wrong
}

// timesOfTheCode compares what stands in the code for both places.
func timesOfTheCode(template tree) (wrong []string) {
	for _, tt := range []struct {
		resource string
		path     string
		want     float64
	}{
		{"WebhookFunction", "Timeout", intake.Timeout.Seconds()},
		{"PublisherFunction", "Timeout", publish.Timeout.Seconds()},
		{"PublishQueue", "VisibilityTimeout", publish.Visibility.Seconds()},
		{"PublishQueue", "RedrivePolicy.maxReceiveCount", publish.MaxReceives},
		{"EnricherFunction", "Timeout", enrich.Timeout.Seconds()},
		{"EnrichQueue", "VisibilityTimeout", enrich.Visibility.Seconds()},
		{"EnrichQueue", "RedrivePolicy.maxReceiveCount", enrich.MaxReceives},
		{"WaitingQueue", "VisibilityTimeout", enrich.Visibility.Seconds()},
		{"WaitingQueue", "RedrivePolicy.maxReceiveCount", enrich.WaitingReceives},
	} {
		if got := template.at(properties(tt.resource)).number(tt.path); got != tt.want {
			wrong = append(wrong, fmt.Sprintf("%s %s is %v here and %v in the code", tt.resource, tt.path, got, tt.want))
		}
	}
	return wrong
}

func requiredSettings(template tree) (wrong []string) {
	for function, folder := range functions {
		set := template.at(environment(function))
		for _, s := range settings[folder] {
			if value := set.at(s.Variable).value; s.Required && (value == nil || value == "") {
				wrong = append(wrong, function+" needs "+s.Variable)
			}
		}
	}
	return wrong
}

func unknownSettings(template tree) (wrong []string) {
	for function, folder := range functions {
		known := settings[folder]
		for _, variable := range template.at(environment(function)).keys() {
			if !slices.ContainsFunc(known, func(s config.Setting) bool { return s.Variable == variable }) {
				wrong = append(wrong, function+" does not know "+variable)
			}
		}
	}
	return wrong
}

func secretsAreParameters(template tree) (wrong []string) {
	for function, folder := range functions {
		for _, s := range settings[folder] {
			value := template.at(environment(function), s.Variable)
			if s.Secret && value.value != nil && parameterOf(value) == "" {
				wrong = append(wrong, fmt.Sprintf("%s gets %s as %v", function, s.Variable, value.value))
			}
		}
	}
	return wrong
}

// parameterOf is the name of the parameter that an environment variable stands
// for, below SecretsPath; empty when it stands for none.
func parameterOf(value tree) string {
	if branches := value.at("Fn::If").list(); len(branches) == 3 && branches[2].value == "" {
		value = branches[1]
	}
	name, _ := strings.CutPrefix(value.text("Fn::Sub"), "ssm:${SecretsPath}/")
	return name
}

func observability(template tree) (wrong []string) {
	if template.text("Globals", "Function", "Tracing") != "Active" {
		wrong = append(wrong, "the functions are not traced")
	}
	if runtime := template.text("Globals", "Function", "Runtime"); runtime != "provided.al2023" {
		wrong = append(wrong, "the functions run on "+runtime)
	}
	if template.text("Globals", "Function", "Architectures", "0", "Ref") != "Architecture" || template.text("Parameters", "Architecture", "Default") != "arm64" {
		wrong = append(wrong, "the functions do not run on arm64 unless told otherwise")
	}
	for function := range functions {
		logging := template.at(properties(function), "LoggingConfig")
		if logging.text("LogFormat") != "JSON" || template.text("Resources", logging.text("LogGroup", "Ref"), "Type") != "AWS::Logs::LogGroup" {
			wrong = append(wrong, function+" does not log JSON to a log group of ours")
		}
		if level := logging.at("ApplicationLogLevel").value; level != nil && level != "INFO" && level != "DEBUG" {
			wrong = append(wrong, function+" drops its figures, which are lines of level info")
		}
	}
	return wrong
}

// rolesAreWrittenOut makes sure that SAM has no reason to add a policy: it does
// so, with every queue as the resource, unless a function names its role.
func rolesAreWrittenOut(template tree) (wrong []string) {
	for function := range functions {
		role := attributeOf(template.at(properties(function), "Role"), "Arn")
		if template.text("Resources", role, "Type") != "AWS::IAM::Role" || template.at(properties(function), "Policies").value != nil {
			wrong = append(wrong, function+" has a role that SAM writes")
		}
		if template.at(properties(role), "ManagedPolicyArns").value != nil {
			wrong = append(wrong, role+" has rights that are not in this template")
		}
	}
	return wrong
}

// grants are what a function's role allows: resources by action.
func grants(template tree, function string) map[string][]string {
	allowed := map[string][]string{}
	role := attributeOf(template.at(properties(function), "Role"), "Arn")
	for _, policy := range template.at(properties(role), "Policies").list() {
		for _, statement := range policy.at("PolicyDocument", "Statement").list() {
			for _, action := range statement.at("Action").texts() {
				for _, resource := range statement.at("Resource").list() {
					allowed[action] = append(allowed[action], resourceName(resource))
				}
			}
		}
	}
	for _, resources := range allowed {
		slices.Sort(resources)
	}
	return allowed
}

// resourceName is a logical id, or what follows an ARN's account.
func resourceName(resource tree) string {
	if id := attributeOf(resource, "Arn"); id != "" {
		return id
	}
	if arn := resource.text("Fn::Sub"); arn != "" {
		return arn[strings.LastIndexByte(arn, ':')+1:]
	}
	return fmt.Sprint(resource.value)
}

func rolesFollowSettings(template tree) (wrong []string) {
	for function := range functions {
		want := map[string][]string{
			"logs:CreateLogStream":     {template.text(properties(function), "LoggingConfig", "LogGroup", "Ref")},
			"xray:PutTraceSegments":    {"*"},
			"xray:PutTelemetryRecords": {"*"},
			"kms:Decrypt":              {"key/*"},
		}
		want["logs:PutLogEvents"] = want["logs:CreateLogStream"]
		for source, consumer := range consumers {
			if consumer != function {
				continue
			}
			for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"} {
				want[action] = append(want[action], source)
			}
		}
		for _, variable := range template.at(environment(function)).keys() {
			value := template.at(environment(function), variable)
			switch target := value.text("Ref"); {
			case parameterOf(value) != "":
				want["ssm:GetParameters"] = append(want["ssm:GetParameters"], "parameter${SecretsPath}/"+parameterOf(value))
			case strings.HasSuffix(variable, "_TABLE"):
				want["dynamodb:GetItem"], want["dynamodb:PutItem"] = []string{target}, []string{target}
			// The enricher only waits on its own queues; the publisher continues on its own.
			case strings.HasSuffix(variable, "QUEUE_URL") || strings.HasSuffix(variable, "DLQ_URL"):
				if function != "EnricherFunction" || consumers[target] != function {
					want["sqs:SendMessage"] = append(want["sqs:SendMessage"], target)
				}
			}
		}
		if function == "WebhookFunction" {
			want["dynamodb:Query"] = []string{"${RunsTable.Arn}/index/" + aws.ToString(dynamoruns.Table("").GlobalSecondaryIndexes[0].IndexName)}
		}
		for _, resources := range want {
			slices.Sort(resources)
		}
		if diff := cmp.Diff(want, grants(template, function)); diff != "" {
			wrong = append(wrong, fmt.Sprintf("%s (-wanted +granted):\n%s", function, diff))
		}
	}
	return wrong
}

func enricherHasNoToken(template tree) (wrong []string) {
	for _, variable := range template.at(environment("EnricherFunction")).keys() {
		if strings.HasPrefix(variable, "NOTION_") {
			wrong = append(wrong, "the enricher gets "+variable)
		}
	}
	role := attributeOf(template.at(properties("EnricherFunction"), "Role"), "Arn")
	if written := fmt.Sprint(template.at("Resources", role).value); strings.Contains(strings.ToLower(written), "notion-api-key") {
		wrong = append(wrong, "the enricher may read Notion's token")
	}
	return wrong
}

func noWildcards(template tree) (wrong []string) {
	for _, role := range template.ofType("AWS::IAM::Role") {
		for _, policy := range template.at(properties(role), "Policies").list() {
			for _, statement := range policy.at("PolicyDocument", "Statement").list() {
				written := fmt.Sprint(statement.at("Resource").value)
				actions := statement.at("Action").texts()
				if !strings.Contains(written, "*") && !strings.Contains(strings.Join(actions, " "), "*") {
					continue
				}
				tracing := slices.Equal(actions, []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"})
				decrypting := slices.Equal(actions, []string{"kms:Decrypt"}) &&
					statement.text("Condition", "ForAnyValue:StringEquals", "kms:ResourceAliases") == "alias/aws/ssm" &&
					statement.text("Condition", "StringEquals", "kms:ViaService", "Fn::Sub") == "ssm.${AWS::Region}.amazonaws.com"
				if !tracing && !decrypting {
					wrong = append(wrong, fmt.Sprintf("%s allows %v on %s", role, actions, written))
				}
			}
		}
	}
	return wrong
}

func runsTable(template tree) (wrong []string) {
	table := template.at(properties("RunsTable"))
	want := dynamoruns.Table("")
	key := func(elements []types.KeySchemaElement) (all []any) {
		for _, e := range elements {
			all = append(all, map[string]any{"AttributeName": aws.ToString(e.AttributeName), "KeyType": string(e.KeyType)})
		}
		return all
	}
	var attributes, indexes []any
	for _, a := range want.AttributeDefinitions {
		attributes = append(attributes, map[string]any{"AttributeName": aws.ToString(a.AttributeName), "AttributeType": string(a.AttributeType)})
	}
	for _, i := range want.GlobalSecondaryIndexes {
		indexes = append(indexes, map[string]any{
			"IndexName": aws.ToString(i.IndexName), "KeySchema": key(i.KeySchema),
			"Projection": map[string]any{"ProjectionType": string(i.Projection.ProjectionType)},
		})
	}
	return append(wrong, differences(map[string]any{
		"BillingMode": string(want.BillingMode), "AttributeDefinitions": attributes, "KeySchema": key(want.KeySchema), "GlobalSecondaryIndexes": indexes,
		"TimeToLiveSpecification":          map[string]any{"AttributeName": "expires", "Enabled": true},
		"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
	}, table.value)...)
}

func differences(want, got any) []string {
	if diff := cmp.Diff(want, got); diff != "" {
		return []string{"(-want +got)\n" + diff}
	}
	return nil
}

// fields are what the access log may hold: neither the query, which holds the tokens
// of links, nor headers, which hold secrets.
var fields = map[string]string{
	"requestId": "$context.requestId", "time": "$context.requestTime", "ip": "$context.identity.sourceIp",
	"method": "$context.httpMethod", "route": "$context.routeKey", "path": "$context.path", "status": "$context.status",
	"responseLength": "$context.responseLength", "latency": "$context.responseLatency",
	"integrationLatency": "$context.integrationLatency", "integrationError": "$context.integrationErrorMessage",
}

func accessLog(template tree) (wrong []string) {
	properties := template.at(properties("Api"))
	var logged map[string]string
	if err := json.Unmarshal([]byte(properties.text("AccessLogSettings", "Format")), &logged); err != nil || template.text("Resources", attributeOf(properties.at("AccessLogSettings", "DestinationArn"), "Arn"), "Type") != "AWS::Logs::LogGroup" {
		wrong = append(wrong, "the access log is no JSON in a log group of ours")
	}
	return append(wrong, differences(fields, logged)...)
}

// routes are those of the contract, so that each has its own limit: what is sent to
// any other address, with any other method, has the smallest.
func routes(template tree) (wrong []string) {
	api := template.at(properties("Api"))
	other := api.number("DefaultRouteSettings", "ThrottlingRateLimit")
	if other <= 0 || api.number("DefaultRouteSettings", "ThrottlingBurstLimit") <= 0 {
		wrong = append(wrong, "the API takes any number of requests")
	}
	declared := []string{}
	for _, path := range api.at("DefinitionBody", "paths").keys() {
		for _, method := range api.at("DefinitionBody.paths").child(path).keys() {
			if operation := api.at("DefinitionBody.paths").child(path).child(method); operation.text("x-amazon-apigateway-integration", "type") == "aws_proxy" {
				declared = append(declared, method+" "+path)
			}
		}
	}
	wrong = append(wrong, differences([]string{
		"x-amazon-apigateway-any-method $default", "post /api/add-to-notion", "get /api/add-to-notion/status",
		"post /reports", "get /reports/{id}", "get /reports/{id}/open",
	}, declared)...)
	if api.at("DefinitionBody.paths.$default.x-amazon-apigateway-any-method.isDefaultRoute") != (tree{true}) {
		wrong = append(wrong, "other addresses do not lead to the function, which would answer in our form")
	}
	for _, route := range []string{"POST /reports", "POST /api/add-to-notion", "GET /reports/{id}"} {
		limits := api.at("RouteSettings").child(route)
		if limits.number("ThrottlingRateLimit") <= other || limits.number("ThrottlingBurstLimit") < 2*limits.number("ThrottlingRateLimit") || limits.at("DetailedMetricsEnabled") != (tree{true}) {
			wrong = append(wrong, route+" has no room of its own")
		}
	}
	return wrong
}

func invokesWebhook(template tree) (wrong []string) {
	const uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${WebhookFunction.Arn}/invocations"
	paths := template.at(properties("Api"), "DefinitionBody.paths")
	for _, path := range paths.keys() {
		for _, method := range paths.child(path).keys() {
			wrong = append(wrong, differences(map[string]any{
				"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": map[string]any{"Fn::Sub": uri},
			}, paths.child(path).child(method).at("x-amazon-apigateway-integration").value)...)
		}
	}
	permissions := template.ofType("AWS::Lambda::Permission")
	if len(permissions) != 1 {
		return append(wrong, fmt.Sprintf("others may invoke a function: %v", permissions))
	}
	return append(wrong, differences(map[string]any{
		"Action": "lambda:InvokeFunction", "FunctionName": map[string]any{"Ref": "WebhookFunction"}, "Principal": "apigateway.amazonaws.com",
		"SourceArn": map[string]any{"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"},
	}, template.at(properties(permissions[0])).value)...)
}

// noEventsOfTheAPI is because `sam deploy --guided` asks of each whether it is okay
// that it has no authorizer, and takes its default for a no that ends everything.
func noEventsOfTheAPI(template tree) (wrong []string) {
	for function := range functions {
		events := template.at(properties(function), "Events")
		for _, name := range events.keys() {
			if kind := events.text(name, "Type"); kind == "HttpApi" || kind == "Api" {
				wrong = append(wrong, function+" is a target of "+name)
			}
		}
	}
	return wrong
}

func webhookConcurrency(template tree) (wrong []string) {
	if template.number("Parameters", "WebhookConcurrency", "Default") != 0 {
		wrong = append(wrong, "a new account, whose limit is 10, could not reserve that much")
	}
	wrong = append(wrong, differences([]any{map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "WebhookConcurrency"}, 0}}},
		template.at("Conditions", "WithWebhookConcurrency", "Fn::Not").value)...)
	return append(wrong, differences([]any{"WithWebhookConcurrency", map[string]any{"Ref": "WebhookConcurrency"}, map[string]any{"Ref": "AWS::NoValue"}},
		template.at(properties("WebhookFunction"), "ReservedConcurrentExecutions", "Fn::If").value)...)
}

func logRetention(template tree) (wrong []string) {
	for _, group := range template.ofType("AWS::Logs::LogGroup") {
		if template.number(properties(group), "RetentionInDays") != 30 {
			wrong = append(wrong, group)
		}
	}
	return wrong
}

// watched is what an alarm looks at.
type watched struct {
	metric    string // namespace and name
	dimension string // name and the logical id of its value
	threshold float64
}

func alarms(template tree) (wrong []string) {
	missing := map[watched]bool{
		{"AWS/SQS ApproximateNumberOfMessagesVisible", "QueueName PublishDeadLetters", 1}:                 true,
		{"AWS/SQS ApproximateNumberOfMessagesVisible", "QueueName EnrichDeadLetters", 1}:                  true,
		{"AWS/SQS ApproximateNumberOfMessagesVisible", "QueueName WaitingDeadLetters", 1}:                 true,
		{"AWS/SQS ApproximateAgeOfOldestMessage", "QueueName WaitingQueue", maxDelay + 900}:               true,
		{metrics.Namespace + " " + string(metrics.PublisherHalted), "FunctionName PublisherFunction", 1}:  true,
		{"AWS/Lambda Errors", "FunctionName PublisherFunction", 1}:                                        true,
		{"AWS/SQS ApproximateAgeOfOldestMessage", "QueueName PublishQueue", 900}:                          true,
		{"AWS/SQS ApproximateAgeOfOldestMessage", "QueueName EnrichQueue", 900}:                           true,
		{"AWS/Lambda Throttles", "FunctionName PublisherFunction", 1}:                                     true,
		{"AWS/ApiGateway 5xx", "ApiId Api", 1}:                                                            true,
		{"AWS/Lambda Errors", "FunctionName EnricherFunction", 1}:                                         true,
		{metrics.Namespace + " " + string(metrics.NotionConflicts), "FunctionName PublisherFunction", 1}:  true,
		{metrics.Namespace + " " + string(metrics.RunsFailed), "FunctionName PublisherFunction", 1}:       true,
		{metrics.Namespace + " " + string(metrics.EnricherFallbacks), "FunctionName EnricherFunction", 1}: true,
		{metrics.Namespace + " " + string(metrics.WrongSecrets), "FunctionName WebhookFunction", 1}:       true,
	}
	for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
		alarm := template.at(properties(id))
		dimension := alarm.at("Dimensions", "0")
		target := dimension.text("Value", "Ref")
		if target == "" {
			target = attributeOf(dimension.at("Value"), "QueueName")
		}
		delete(missing, watched{
			alarm.text("Namespace") + " " + alarm.text("MetricName"), dimension.text("Name") + " " + target, alarm.number("Threshold"),
		})
		if alarm.text("TreatMissingData") != "notBreaching" {
			wrong = append(wrong, id+" rings when nothing happens")
		}
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			wrong = append(wrong, differences([]any{"WithAlarmEmail", []any{map[string]any{"Ref": "AlarmTopic"}}, map[string]any{"Ref": "AWS::NoValue"}},
				alarm.at(actions, "Fn::If").value)...)
		}
	}
	for w := range missing {
		wrong = append(wrong, fmt.Sprintf("nothing watches %s of %s", w.metric, w.dimension))
	}
	return wrong
}

// haltAlarm rings at the second attempt that came to nothing. A single report that
// is left is tried every fifteen minutes, so two attempts have to fit into what the
// alarm looks at, or it would stop in the middle of the halt.
func haltAlarm(template tree) (wrong []string) {
	alarm := template.at(properties("PublisherHaltedAlarm"))
	if looksAt := alarm.number("Period") * alarm.number("EvaluationPeriods"); looksAt < 2*maxDelay || alarm.number("Period") > 300 {
		wrong = append(wrong, fmt.Sprintf("it looks at %v s, in steps of %v s", looksAt, alarm.number("Period")))
	}
	if alarm.number("DatapointsToAlarm") != 2 || alarm.text("Statistic") != "Maximum" || alarm.text("ComparisonOperator") != "GreaterThanOrEqualToThreshold" {
		wrong = append(wrong, "it does not ring at the second attempt")
	}
	return wrong
}

// throttleAlarm counts what no function sees, of this stack alone.
func throttleAlarm(template tree) (wrong []string) {
	ours := map[string]any{"Fn::Sub": "NotionRelay/${AWS::StackName}"}
	wrong = differences(map[string]any{
		"LogGroupName": map[string]any{"Ref": "ApiLogs"}, "FilterPattern": `{ $.status = "429" && ($.route = "POST /reports" || $.route = "POST /api/add-to-notion") }`,
		"MetricTransformations": []any{map[string]any{"MetricNamespace": ours, "MetricName": "ThrottledRequests", "MetricValue": "1"}},
	}, template.at(properties("ThrottledRequests")).value)
	alarm := template.at(properties("ThrottledRequestsAlarm"))
	wrong = append(wrong, differences(ours, alarm.at("Namespace").value)...)
	if alarm.text("MetricName") != "ThrottledRequests" || alarm.text("Statistic") != "Sum" || alarm.number("Threshold") != 1 {
		wrong = append(wrong, "nothing watches it")
	}
	return wrong
}

// queuesOnDashboard wants the depth and age of each queue, and the dead letters.
func queuesOnDashboard(template tree) (wrong []string) {
	body := template.text(properties("Dashboard"), "DashboardBody", "Fn::Sub")
	shows := func(metric, q string) {
		if !strings.Contains(body, fmt.Sprintf(`["AWS/SQS", "%s", "QueueName", "${%s.QueueName}"`, metric, q)) {
			wrong = append(wrong, metric+" of "+q+" is not shown")
		}
	}
	for q := range consumers {
		shows("ApproximateNumberOfMessagesVisible", q)
		shows("ApproximateNumberOfMessagesNotVisible", q)
		shows("ApproximateAgeOfOldestMessage", q)
		shows("ApproximateNumberOfMessagesVisible", deadLettersOf(template, q))
	}
	shows("ApproximateNumberOfMessagesDelayed", "WaitingQueue")
	return wrong
}

// queuesAmongOutputs are what the commands in docs/deploy.md begin with.
func queuesAmongOutputs(template tree) (wrong []string) {
	for _, q := range template.ofType("AWS::SQS::Queue") {
		if template.text("Outputs", q+"Url", "Value", "Ref") != q || attributeOf(template.at("Outputs", q+"Name", "Value"), "QueueName") != q {
			wrong = append(wrong, "no output has the address and the name of "+q)
		}
	}
	return wrong
}

func functionsAmongOutputs(template tree) (wrong []string) {
	for function := range functions {
		if template.text("Outputs", function+"Name", "Value", "Ref") != function {
			wrong = append(wrong, "no output has the name of "+function)
		}
	}
	return wrong
}

// commandsAmongOutputs are whole: they name the stack or the function, and region.
func commandsAmongOutputs(template tree) (wrong []string) {
	const update = "aws lambda update-function-configuration --region ${AWS::Region} --function-name ${WebhookFunction} --description "
	for name, begins := range map[string]string{
		"ReadSecretsAnewCommand": update, "DoctorCommand": "relayctl --stack ${AWS::StackName} doctor",
		"RunsCommand": "relayctl --stack ${AWS::StackName} runs", "DeadLettersCommand": "relayctl --stack ${AWS::StackName} dead-letters list",
	} {
		if !strings.HasPrefix(template.text("Outputs", name, "Value", "Fn::Sub"), begins) {
			wrong = append(wrong, name)
		}
	}
	if template.text("Outputs", "Secrets", "Value", "Ref") != "SecretsPath" {
		wrong = append(wrong, "no output says where the secrets are")
	}
	return wrong
}

// substituted is a reference in a string of Fn::Sub.
var substituted = regexp.MustCompile(`\$\{([A-Za-z:.]+)\}`)

// figures compares the names in the dashboard and in the alarms with those that
// the code knows. That the code uses them all is shown where it runs.
func figures(template tree) (wrong []string) {
	known := map[string]bool{}
	for _, name := range metrics.Names() {
		known[string(name)] = true
	}
	missing := maps.Clone(known)
	for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
		if name := template.text(properties(id), "MetricName"); template.text(properties(id), "Namespace") == metrics.Namespace && !known[name] {
			wrong = append(wrong, id+" watches "+name)
		}
	}
	var dashboard struct {
		Widgets []struct{ Properties struct{ Metrics [][]any } }
	}
	body := template.text(properties("Dashboard"), "DashboardBody", "Fn::Sub")
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		return append(wrong, fmt.Sprint("the dashboard: ", err))
	}
	for _, reference := range substituted.FindAllStringSubmatch(body, -1) {
		id, _, _ := strings.Cut(reference[1], ".")
		if template.at("Resources", id).value == nil && !strings.HasPrefix(id, "AWS::") {
			wrong = append(wrong, "the dashboard shows "+id)
		}
	}
	for _, widget := range dashboard.Widgets {
		for _, m := range widget.Properties.Metrics {
			name := fmt.Sprint(m[1])
			if m[0] == metrics.Namespace && (!known[name] || m[2] != "FunctionName") {
				wrong = append(wrong, "the dashboard shows "+name)
			}
			delete(missing, name)
		}
	}
	for name := range missing {
		wrong = append(wrong, "the dashboard does not show "+name)
	}
	return wrong
}
