package template_test

import (
	"strings"
	"testing"
)

// Every invariant is broken here in some way, and has to notice.
func TestEveryInvariantCanFail(t *testing.T) {
	t.Parallel()
	template := readTemplate(t)
	broken := map[string]bool{}
	for _, m := range mutations {
		wrong, ok := invariants[m.breaks]
		if !ok {
			t.Fatalf("there is no invariant %q", m.breaks)
		}
		broken[m.breaks] = true
		value := m.value
		if part, ok := value.(without); ok {
			value = part.removedFrom(t, template.text(m.path))
		}
		if len(wrong(template.set(m.path, value))) == 0 {
			t.Errorf("%s: not noticed that %s became %v", m.breaks, m.path, value)
		}
	}
	for name := range invariants {
		if !broken[name] {
			t.Errorf("nothing breaks %q", name)
		}
	}
}

// Breaking one thing may not be noticed by what looks at another.
func TestAMutationIsNoticedByItsInvariantAlone(t *testing.T) {
	t.Parallel()
	mutated := readTemplate(t).set(properties("ApiLogs")+".RetentionInDays", 7)
	for name, wrong := range invariants {
		if problems := wrong(mutated); (len(problems) > 0) != (name == "logs are kept for 30 days") {
			t.Errorf("%s: %s", name, strings.Join(problems, "; "))
		}
	}
}

// mutation is a change of one value; nil removes it, and without a part of it.
type mutation struct {
	breaks string
	path   string
	value  any
}

// without is a part of a text that is taken out of it.
type without string

func (w without) removedFrom(t *testing.T, text string) string {
	t.Helper()
	if strings.Count(text, string(w)) != 1 {
		t.Fatalf("%q is not once in %s", string(w), text)
	}
	return strings.Replace(text, string(w), "", 1)
}

const (
	webhook   = "Resources.WebhookFunction.Properties."
	publisher = "Resources.PublisherFunction.Properties."
	enricher  = "Resources.EnricherFunction.Properties."
	variables = "Environment.Variables."

	dashboard = "Resources.Dashboard.Properties.DashboardBody.Fn::Sub"

	api   = "Resources.Api.Properties."
	paths = api + "DefinitionBody.paths."

	publishQueue = "Resources.PublishQueue.Properties."
	enrichQueue  = "Resources.EnrichQueue.Properties."
	waitingQueue = "Resources.WaitingQueue.Properties."
	table        = "Resources.RunsTable.Properties."

	webhookRights   = "Resources.WebhookRole.Properties.Policies.0.PolicyDocument.Statement."
	publisherRights = "Resources.PublisherRole.Properties.Policies.0.PolicyDocument.Statement."
	enricherRights  = "Resources.EnricherRole.Properties.Policies.0.PolicyDocument.Statement."
)

func ref(id string) any { return map[string]any{"Ref": id} }

func arn(id string) any { return map[string]any{"Fn::GetAtt": []any{id, "Arn"}} }

func sub(text string) any { return map[string]any{"Fn::Sub": text} }

var mutations = []mutation{
	{"a delivery outlives its function sixfold", publishQueue + "VisibilityTimeout", 359},
	{"a delivery outlives its function sixfold", publishQueue + "VisibilityTimeout", nil},
	{"a delivery outlives its function sixfold", waitingQueue + "VisibilityTimeout", 719},
	{"a delivery outlives its function sixfold", enricher + "Timeout", 121},
	{"a delivery outlives its function sixfold", enricher + "Timeout", nil},

	{"a message has deliveries and then a dead letter", publishQueue + "RedrivePolicy.maxReceiveCount", 4},
	{"a message has deliveries and then a dead letter", enrichQueue + "RedrivePolicy", nil},
	{"a message has deliveries and then a dead letter", publishQueue + "FifoQueue", nil},
	{"a message has deliveries and then a dead letter", "Resources.PublishDeadLetters.Properties.FifoQueue", nil},
	{"a message has deliveries and then a dead letter", enrichQueue + "RedrivePolicy.deadLetterTargetArn", arn("PublishDeadLetters")},
	{"a message has deliveries and then a dead letter", waitingQueue + "RedrivePolicy", nil},
	{"a message has deliveries and then a dead letter", waitingQueue + "RedrivePolicy.deadLetterTargetArn", arn("PublishDeadLetters")},
	{"a message has deliveries and then a dead letter", waitingQueue + "FifoQueue", true},

	{"a dead letter is there for days", "Resources.EnrichDeadLetters.Properties.MessageRetentionPeriod", nil},
	{"a dead letter is there for days", "Resources.PublishDeadLetters.Properties.MessageRetentionPeriod", 345600},
	{"a dead letter is there for days", enrichQueue + "MessageRetentionPeriod", 1209600},
	{"a dead letter is there for days", enrichQueue + "MessageRetentionPeriod", 345660},
	{"a dead letter is there for days", publishQueue + "MessageRetentionPeriod", 345600},
	{"a dead letter is there for days", "Resources.WaitingDeadLetters.Properties.MessageRetentionPeriod", 345600},
	{"a dead letter is there for days", waitingQueue + "MessageRetentionPeriod", nil},
	{"a dead letter is there for days", waitingQueue + "MessageRetentionPeriod", 720000},
	{"a dead letter is there for days", waitingQueue + "MessageRetentionPeriod", 1209600},
	{"a dead letter is there for days", waitingQueue + "VisibilityTimeout", 900},

	{"queues keep messages, whole and encrypted", "Resources.PublishDeadLetters.Properties.SqsManagedSseEnabled", false},
	{"queues keep messages, whole and encrypted", enrichQueue + "MaximumMessageSize", 262144},
	{"queues keep messages, whole and encrypted", waitingQueue + "MaximumMessageSize", nil},
	{"queues keep messages, whole and encrypted", "Resources.WaitingDeadLetters.Properties.SqsManagedSseEnabled", nil},

	{"queues take nothing that is not encrypted", "Resources.PublishQueuePolicy", nil},
	{"queues take nothing that is not encrypted", "Resources.EnrichQueuePolicy.Type", "AWS::SQS::QueueInlinePolicy"},
	{"queues take nothing that is not encrypted", "Resources.WaitingDeadLettersPolicy.Properties.Queues.0", ref("WaitingQueue")},
	{"queues take nothing that is not encrypted", "Resources.PublishDeadLettersPolicy.Properties.PolicyDocument.Statement.0.Effect", "Allow"},
	{"queues take nothing that is not encrypted", "Resources.EnrichDeadLettersPolicy.Properties.PolicyDocument.Statement.0.Condition", nil},
	{"queues take nothing that is not encrypted", "Resources.WaitingQueuePolicy.Properties.PolicyDocument.Statement.0.Resource", arn("PublishQueue")},
	{"queues take nothing that is not encrypted", "Resources.NightlyQueue", map[string]any{"Type": "AWS::SQS::Queue"}},

	{"a dead-letter queue belongs to its queue", "Resources.PublishDeadLetters.Properties.RedriveAllowPolicy", nil},
	{"a dead-letter queue belongs to its queue", "Resources.EnrichDeadLetters.Properties.RedriveAllowPolicy.redrivePermission", "allowAll"},
	{"a dead-letter queue belongs to its queue", "Resources.WaitingDeadLetters.Properties.RedriveAllowPolicy.sourceQueueArns.0", sub("arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-enrich")},
	{"a dead-letter queue belongs to its queue", publishQueue + "QueueName", nil},
	{"a dead-letter queue belongs to its queue", publishQueue + "QueueName", sub("${AWS::StackName}-publish")},
	{"a dead-letter queue belongs to its queue", enrichQueue + "QueueName", sub("${AWS::StackName}-texts")},

	{"the publisher is single", publisher + "ReservedConcurrentExecutions", 2},
	{"the publisher is single", publisher + "ReservedConcurrentExecutions", nil},
	{"the publisher is single", publisher + "Events.PublishQueue.Properties.ScalingConfig", map[string]any{"MaximumConcurrency": 2}},
	{"the publisher is single", publisher + "Events.PublishQueue.Properties.BatchSize", 10},
	{"the publisher is single", publisher + "Events.Nightly", map[string]any{"Type": "Schedule"}},

	{"a message may go round as often as it must", publisher + "RecursiveLoop", nil},
	{"a message may go round as often as it must", enricher + "RecursiveLoop", "Terminate"},

	{"functions report which messages failed", publisher + "Events.PublishQueue.Properties.FunctionResponseTypes", nil},
	{"functions report which messages failed", enricher + "Events.EnrichQueue.Properties.FunctionResponseTypes", []any{}},
	{"functions report which messages failed", enricher + "Events.WaitingQueue", nil},
	{"functions report which messages failed", enricher + "Events.WaitingQueue.Properties.FunctionResponseTypes", nil},
	{"functions report which messages failed", enricher + "Events.WaitingQueue.Properties.BatchSize", 10},
	{"functions report which messages failed", enricher + "Events.WaitingQueue.Properties.Queue", arn("EnrichQueue")},

	{"what has waited passes a slow AI", enricher + "Events.EnrichQueue.Properties.ScalingConfig.MaximumConcurrency", 50},
	{"what has waited passes a slow AI", enricher + "Events.WaitingQueue.Properties.ScalingConfig", nil},
	{"what has waited passes a slow AI", enricher + "ReservedConcurrentExecutions", 5},

	{"functions have the memory that was measured", publisher + "MemorySize", nil},
	{"functions have the memory that was measured", publisher + "MemorySize", 512},
	{"functions have the memory that was measured", webhook + "MemorySize", nil},

	{"one machine has the times of the cloud", publisher + "Timeout", 30},
	{"one machine has the times of the cloud", publishQueue + "VisibilityTimeout", 720},
	{"one machine has the times of the cloud", publishQueue + "RedrivePolicy.maxReceiveCount", 11},
	{"one machine has the times of the cloud", enricher + "Timeout", 60},
	{"one machine has the times of the cloud", enrichQueue + "VisibilityTimeout", 800},
	{"one machine has the times of the cloud", enrichQueue + "RedrivePolicy.maxReceiveCount", 5},
	{"one machine has the times of the cloud", waitingQueue + "VisibilityTimeout", 800},
	{"one machine has the times of the cloud", waitingQueue + "RedrivePolicy.maxReceiveCount", 100},

	{"functions get the settings that they require", webhook + variables + "STATUS_TOKEN_KEY", nil},
	{"functions get the settings that they require", publisher + variables + "NOTION_DATABASE_ID", nil},
	{"functions get the settings that they require", publisher + variables + "PUBLISH_DLQ_URL", ""},
	{"functions get the settings that they require", publisher + variables + "WAITING_QUEUE_URL", nil},
	{"functions get the settings that they require", enricher + variables + "PUBLISH_QUEUE_URL", nil},
	{"functions get the settings that they require", enricher + variables + "WAITING_QUEUE_URL", nil},

	{"functions get no settings that they do not know", publisher + variables + "NOTION_BUDGETS", "180"},
	{"functions get no settings that they do not know", enricher + variables + "NOTION_DATABASE_ID", ref("NotionDatabaseId")},

	{"secrets are names of parameters", publisher + variables + "NOTION_API_KEY", "secret"},
	{"secrets are names of parameters", webhook + variables + "WEBHOOK_SECRETS", ref("Secret")},

	{"functions are traced and log JSON", "Globals.Function.Tracing", "PassThrough"},
	{"functions are traced and log JSON", "Globals.Function.Runtime", "provided.al2"},
	{"functions are traced and log JSON", "Parameters.Architecture.Default", "x86_64"},
	{"functions are traced and log JSON", enricher + "LoggingConfig.LogFormat", "Text"},
	{"functions are traced and log JSON", enricher + "LoggingConfig.LogGroup", nil},
	{"functions are traced and log JSON", publisher + "LoggingConfig.ApplicationLogLevel", "ERROR"},

	{"roles are written out", webhook + "Role", nil},
	{"roles are written out", webhook + "Policies", []any{"AmazonSQSFullAccess"}},
	{"roles are written out", "Resources.EnricherRole.Properties.ManagedPolicyArns", []any{"arn"}},

	{"roles allow what settings name and nothing more", webhookRights + "0.Action", []any{"sqs:SendMessage", "sqs:ReceiveMessage"}},
	{"roles allow what settings name and nothing more", webhookRights + "0.Resource", arn("EnrichQueue")},
	{"roles allow what settings name and nothing more", webhookRights + "1.Action", "dynamodb:GetItem"},
	{"roles allow what settings name and nothing more", webhookRights + "2.Resource", sub("${RunsTable.Arn}/index/another")},
	{"roles allow what settings name and nothing more", publisherRights + "0.Action", []any{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}},
	{"roles allow what settings name and nothing more", publisherRights + "1.Resource", arn("EnrichQueue")},
	{"roles allow what settings name and nothing more", publisherRights + "1.Resource.2", arn("WaitingDeadLetters")},
	{"roles allow what settings name and nothing more", publisherRights + "5.Resource", arn("WebhookLogs")},
	{"roles allow what settings name and nothing more", enricherRights + "0.Resource", arn("EnrichQueue")},
	{"roles allow what settings name and nothing more", enricherRights + "1.Resource", []any{arn("PublishQueue"), arn("WaitingQueue")}},
	{"roles allow what settings name and nothing more", enricherRights + "1.Action", "sqs:*"},
	{"roles allow what settings name and nothing more", enricherRights + "2.Resource", sub("arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretsPath}/notion-api-key")},
	{"roles allow what settings name and nothing more", enricher + variables + "WEBHOOK_SECRETS", sub("ssm:${SecretsPath}/webhook-secrets")},

	{"the enricher has no token of Notion's", enricher + variables + "NOTION_API_KEY", "anything"},
	{"the enricher has no token of Notion's", enricherRights + "2.Resource.0", sub("arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretsPath}/notion-api-key")},

	{"only X-Ray and the SSM key are granted by pattern", webhookRights + "0.Resource", "*"},
	{"only X-Ray and the SSM key are granted by pattern", publisherRights + "0.Action", "sqs:*"},
	{"only X-Ray and the SSM key are granted by pattern", publisherRights + "3.Resource", sub("arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${SecretsPath}/*")},
	{"only X-Ray and the SSM key are granted by pattern", enricherRights + "3.Condition", nil},
	{"only X-Ray and the SSM key are granted by pattern", enricherRights + "5.Action", "xray:*"},

	{"the table is the one of the code", table + "KeySchema.0.AttributeName", "runId"},
	{"the table is the one of the code", table + "GlobalSecondaryIndexes.0.IndexName", "another"},
	{"the table is the one of the code", table + "GlobalSecondaryIndexes.1", nil},
	{"the table is the one of the code", table + "GlobalSecondaryIndexes.1.KeySchema.0.AttributeName", "state"},
	{"the table is the one of the code", table + "GlobalSecondaryIndexes.0.Projection.ProjectionType", "ALL"},
	{"the table is the one of the code", table + "AttributeDefinitions.2.AttributeType", "N"},
	{"the table is the one of the code", table + "BillingMode", "PROVISIONED"},
	{"the table is the one of the code", table + "TimeToLiveSpecification.AttributeName", "ttl"},
	{"the table is the one of the code", table + "PointInTimeRecoverySpecification", nil},

	{"the API logs no tokens and no texts", api + "AccessLogSettings", nil},
	{"the API logs no tokens and no texts", api + "AccessLogSettings.DestinationArn", nil},
	{"the API logs no tokens and no texts", api + "AccessLogSettings.Format", `{"query":"$context.requestOverride.querystring"}`},
	{"the API logs no tokens and no texts", api + "AccessLogSettings.Format", without(`"route":"$context.routeKey",`)},
	{"the API logs no tokens and no texts", api + "AccessLogSettings.Format", without(`$context.routeKey`)},

	{"noise does not use up the flow's posts", api + "DefaultRouteSettings.ThrottlingRateLimit", nil},
	{"noise does not use up the flow's posts", api + "DefaultRouteSettings.ThrottlingRateLimit", 50},
	{"noise does not use up the flow's posts", api + "DefaultRouteSettings.ThrottlingBurstLimit", nil},
	{"noise does not use up the flow's posts", api + "RouteSettings.POST /reports", nil},
	{"noise does not use up the flow's posts", api + "RouteSettings.POST /api/add-to-notion.ThrottlingBurstLimit", 50},
	{"noise does not use up the flow's posts", api + "RouteSettings.POST /reports.DetailedMetricsEnabled", nil},
	{"noise does not use up the flow's posts", api + "RouteSettings", map[string]any{"ANY /reports": map[string]any{"ThrottlingRateLimit": 50}}},
	{"noise does not use up the flow's posts", paths + "/reports.post", nil},
	{"noise does not use up the flow's posts", paths + "/reports/{id}/open", nil},
	{"noise does not use up the flow's posts", paths + "/reports.x-amazon-apigateway-any-method", map[string]any{"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy"}}},
	{"noise does not use up the flow's posts", paths + "$default.x-amazon-apigateway-any-method.isDefaultRoute", nil},

	{"the API invokes the webhook alone", paths + "/reports.post.x-amazon-apigateway-integration.uri", sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${PublisherFunction.Arn}/invocations")},
	{"the API invokes the webhook alone", paths + "/reports/{id}.get.x-amazon-apigateway-integration.payloadFormatVersion", "1.0"},
	{"the API invokes the webhook alone", "Resources.ApiPermission.Properties.FunctionName", ref("PublisherFunction")},
	{"the API invokes the webhook alone", "Resources.ApiPermission.Properties.SourceArn", nil},
	{"the API invokes the webhook alone", "Resources.ApiPermission", nil},
	{"the API invokes the webhook alone", "Resources.AnotherPermission", map[string]any{"Type": "AWS::Lambda::Permission"}},

	{"the SAM CLI asks nothing that aborts", webhook + "Events", map[string]any{"AnyRequest": map[string]any{"Type": "HttpApi"}}},
	{"the SAM CLI asks nothing that aborts", enricher + "Events.Test", map[string]any{"Type": "Api"}},

	{"the webhook reserves what it is told", "Parameters.WebhookConcurrency.Default", 20},
	{"the webhook reserves what it is told", "Conditions.WithWebhookConcurrency", nil},
	{"the webhook reserves what it is told", webhook + "ReservedConcurrentExecutions", nil},
	{"the webhook reserves what it is told", webhook + "ReservedConcurrentExecutions", 20},

	{"logs are kept for 30 days", "Resources.ApiLogs.Properties.RetentionInDays", nil},
	{"logs are kept for 30 days", "Resources.PublisherLogs.Properties.RetentionInDays", 365},

	{"alarms watch what an operator must know", "Resources.PublishDeadLetterAlarm", nil},
	{"alarms watch what an operator must know", "Resources.EnrichDeadLetterAlarm.Properties.Threshold", 2},
	{"alarms watch what an operator must know", "Resources.PublishAgeAlarm.Properties.Threshold", 3600},
	{"alarms watch what an operator must know", "Resources.EnrichAgeAlarm.Properties.Dimensions.0.Value", map[string]any{"Fn::GetAtt": []any{"PublishQueue", "QueueName"}}},
	{"alarms watch what an operator must know", "Resources.PublisherThrottleAlarm.Properties.MetricName", "Errors"},
	{"alarms watch what an operator must know", "Resources.WebhookErrorAlarm.Properties.MetricName", "5XXError"},
	{"alarms watch what an operator must know", "Resources.EnricherErrorAlarm.Properties.AlarmActions", nil},
	{"alarms watch what an operator must know", "Resources.WaitingDeadLetterAlarm.Properties.Dimensions.0.Value", map[string]any{"Fn::GetAtt": []any{"WaitingQueue", "QueueName"}}},
	{"alarms watch what an operator must know", "Resources.WaitingAgeAlarm.Properties.Threshold", 900},
	{"alarms watch what an operator must know", "Resources.PublisherHaltedAlarm.Properties.Dimensions.0.Value", ref("EnricherFunction")},
	{"alarms watch what an operator must know", "Resources.PublisherHaltedAlarm.Properties.AlarmActions", nil},
	{"alarms watch what an operator must know", "Resources.PublisherErrorAlarm", nil},
	{"alarms watch what an operator must know", "Resources.NotionConflictAlarm.Properties.Namespace", "Relay"},
	{"alarms watch what an operator must know", "Resources.NotionConflictAlarm.Properties.TreatMissingData", "breaching"},

	{"alarms watch what an operator must know", "Resources.RunFailedAlarm", nil},
	{"alarms watch what an operator must know", "Resources.FallbackAlarm.Properties.MetricName", "RunsFailed"},
	{"alarms watch what an operator must know", "Resources.WrongSecretAlarm.Properties.Dimensions.0.Value", ref("PublisherFunction")},
	{"alarms watch what an operator must know", "Resources.WrongSecretAlarm.Properties.OKActions", nil},
	{"alarms watch what an operator must know", "Resources.PublishDeadLetterAlarm.Properties.OKActions", nil},

	{"an alarm of a halt rings as long as it lasts", "Resources.PublisherHaltedAlarm", nil},
	{"an alarm of a halt rings as long as it lasts", "Resources.PublisherHaltedAlarm.Properties.EvaluationPeriods", 2},
	{"an alarm of a halt rings as long as it lasts", "Resources.PublisherHaltedAlarm.Properties.DatapointsToAlarm", nil},
	{"an alarm of a halt rings as long as it lasts", "Resources.PublisherHaltedAlarm.Properties.Statistic", "Average"},

	{"an alarm tells what API Gateway refuses", "Resources.ThrottledRequests.Properties.FilterPattern", `{ $.status = "4*" }`},
	{"an alarm tells what API Gateway refuses", "Resources.ThrottledRequests.Properties.LogGroupName", ref("WebhookLogs")},
	{"an alarm tells what API Gateway refuses", "Resources.ThrottledRequestsAlarm.Properties.Namespace", "NotionRelay"},
	{"an alarm tells what API Gateway refuses", "Resources.ThrottledRequestsAlarm.Properties.MetricName", "4xx"},

	{"the dashboard shows every queue", dashboard, without(`["AWS/SQS", "ApproximateNumberOfMessagesDelayed", "QueueName", "${WaitingQueue.QueueName}"`)},
	{"the dashboard shows every queue", dashboard, without(`["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${WaitingQueue.QueueName}"`)},
	{"the dashboard shows every queue", dashboard, without(`["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", "${WaitingQueue.QueueName}"`)},
	{"the dashboard shows every queue", dashboard, without(`["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${WaitingQueue.QueueName}"`)},
	{"the dashboard shows every queue", dashboard, without(`["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${WaitingDeadLetters.QueueName}"`)},
	{"the dashboard shows every queue", waitingQueue + "RedrivePolicy.deadLetterTargetArn", arn("ApiLogs")},

	{"outputs name every queue", "Outputs.WaitingQueueUrl", nil},
	{"outputs name every queue", "Outputs.WaitingDeadLettersName.Value", ref("WaitingDeadLetters")},

	{"outputs name every function", "Outputs.PublisherFunctionName", nil},
	{"outputs name every function", "Outputs.EnricherFunctionName.Value", ref("WebhookFunction")},

	{"outputs have commands that can be run", "Outputs.ReadSecretsAnewCommand.Value", sub("aws lambda update-function-configuration --function-name ${WebhookFunction}")},
	{"outputs have commands that can be run", "Outputs.DeadLettersCommand.Value", "relayctl --stack notion-relay dead-letters list"},
	{"outputs have commands that can be run", "Outputs.DoctorCommand", nil},
	{"outputs have commands that can be run", "Outputs.RunsCommand", nil},
	{"outputs have commands that can be run", "Outputs.Secrets.Value", "/notion-relay"},

	{"figures have the names that the code gives them", "Resources.PublisherHaltedAlarm.Properties.MetricName", "Halted"},
	{"figures have the names that the code gives them", "Resources.NotionConflictAlarm.Properties.MetricName", "Conflicts"},
	{"figures have the names that the code gives them", dashboard, `{"widgets": []}`},
	{"figures have the names that the code gives them", dashboard, `{"widgets": [}`},
	{"figures have the names that the code gives them", "Resources.WebhookFunction", nil},
}
