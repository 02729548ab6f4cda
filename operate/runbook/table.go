package runbook

// What clients see, where many troubles have it in common.
const (
	untouched = "What is published stays. The status of other reports says that they wait, and why."
	nothing   = "Nothing."
	failed    = "The status says that the report failed, and why. Pages that exist stay; some may be missing or end early."
	later     = "Reports come later than usual; their status says that they are queued."
	standard  = "The homepage has its standard title and introduction, and no quotes, and the status says so."
)

// ByItself is what follows when the cause of a halt is mended.
const ByItself = "When it is mended, all goes on by itself within five minutes, and nothing has to be put back."

// What is to be done about many troubles.
const (
	redrive = "relayctl dead-letters redrive " + Example
	explain = "relayctl explain " + Example
)

var (
	see     = []string{"relayctl watch --once", "relayctl runs --state queued,publishing,published"}
	check   = []string{"relayctl doctor", "relayctl watch --once"}
	putBack = []string{explain, redrive}
)

// malformed is for codes of Notion that no table has.
var malformed = Trouble{
	Kind: Notion, Means: "Notion says that what was sent is malformed, which is a defect of this program.", Client: failed,
	Do: "Report it with Notion's request id. Redrive after the mended version is deployed.", Commands: []string{"relayctl dead-letters show " + Example, redrive},
}

var table = slicesOf(alarms, halts, failures, notions)

func slicesOf(kinds ...[]Trouble) (all []Trouble) {
	for _, k := range kinds {
		all = append(all, k...)
	}
	return all
}

var alarms = []Trouble{
	{
		Codes: []string{"PublisherHaltedAlarm"}, Kind: Alarm, Client: untouched,
		Means:    "Nothing can be written for anybody.",
		Do:       "See what it waits for, and look that up under Halts. A refused token or a database that is gone needs you, an outage of Notion does not. Nothing fails meanwhile. " + ByItself,
		Commands: check,
	},
	{
		Codes: []string{"RunFailedAlarm"}, Kind: Alarm, Client: failed,
		Means:    "A run has failed now. It rings for each, while PublishDeadLetterAlarm rings on as long as there is any dead letter.",
		Do:       "Ask why it failed, mend that, and put its letter back.",
		Commands: []string{"relayctl runs --state failed --since 1h", explain, redrive},
	},
	{
		Codes: []string{"PublishDeadLetterAlarm"}, Kind: Alarm, Client: failed,
		Means:    "There are dead letters of the publish queue: reports that could not be published, or only in part.",
		Do:       "Ask why each failed, mend that, and put them back; each goes on where it stopped. Letters of reports that were sent again and are complete are swept. They are kept for 14 days.",
		Commands: []string{"relayctl dead-letters list", explain, "relayctl dead-letters redrive --all", "relayctl dead-letters sweep"},
	},
	{
		Codes: []string{"EnrichDeadLetterAlarm"}, Kind: Alarm, Client: standard,
		Means:    "The enricher could not handle a message.",
		Do:       "The enricher's log says why. Put the message back when that is mended: quotes are added even to a report that is complete.",
		Commands: []string{"relayctl dead-letters list", redrive},
	},
	{
		Codes: []string{"WaitingDeadLetterAlarm"}, Kind: Alarm,
		Client:   "The status does not change any more.",
		Means:    "A message that waited could not be sent back to the publish queue for days; its report stands still.",
		Do:       "The enricher's log says why. Put the message back; the record of its run decides what is still due, so that it does no harm to do so twice, or late.",
		Commands: []string{"relayctl dead-letters list", redrive},
	},
	{
		Codes: []string{"PublishAgeAlarm"}, Kind: Alarm, Client: later,
		Means:    "A message has been on the publish queue for more than 15 minutes.",
		Do:       "With PublisherHaltedAlarm, or while publishing is paused, it says nothing new. Otherwise the publisher does not run: look for PublisherErrorAlarm and into its log. A thousand reports at once take half an hour, and with quotes many hours.",
		Commands: see,
	},
	{
		Codes: []string{"EnrichAgeAlarm"}, Kind: Alarm, Client: "The homepage keeps its standard title and introduction, and quotes come late.",
		Means:    "A message has been on the enrich queue for more than 15 minutes.",
		Do:       "The enricher does not run, or cannot keep up: look into its log. A provider of AI that hangs is given up within a minute, the research database after some three.",
		Commands: check,
	},
	{
		Codes: []string{"WaitingAgeAlarm"}, Kind: Alarm, Client: "Reports that met an error stand still.",
		Means:    "A message has been on the waiting queue for 15 minutes longer than any has to wait.",
		Do:       "The enricher, which sends them back, does not run: look for EnricherErrorAlarm and into its log.",
		Commands: see,
	},
	{
		Codes: []string{"PublisherErrorAlarm"}, Kind: Alarm, Client: later,
		Means:    "The publisher has died or timed out, or could not start.",
		Do:       "With PublisherHaltedAlarm and the code token_refused its process ends on purpose, to read the secret anew. Otherwise its log says why, in lines with level ERROR and in reports of Lambda about its end. Its messages come again, and what they have written is not written twice.",
		Commands: check,
	},
	{
		Codes: []string{"PublisherThrottleAlarm"}, Kind: Alarm, Client: later,
		Means:    "Something else invokes the publisher, which may run once at a time, and uses up the deliveries of its messages.",
		Do:       "Find out what, and remove it: a trigger that was added by hand, or a test in the console. Letters that have the code process_died are put back.",
		Commands: []string{"relayctl dead-letters list", "relayctl dead-letters redrive --all"},
	},
	{
		Codes: []string{"WebhookErrorAlarm"}, Kind: Alarm,
		Client:   "No report of that caller, until it is sent again.",
		Means:    "The webhook has answered 5xx.",
		Do:       "Send the report again; what was accepted all the same is not published twice. The webhook's log says why, in lines with level ERROR.",
		Commands: []string{"relayctl runs --since 1h"},
	},
	{
		Codes: []string{"WrongSecretAlarm"}, Kind: Alarm,
		Client:   "No report of that caller.",
		Means:    "Reports come with a secret or a signature that is not known.",
		Do:       "A flow has the wrong secret, or an old one after a change: the access log has its address. Requests without any, as scanners send them, are not counted.",
		Commands: []string{"relayctl runs --since 1h"},
	},
	{
		Codes: []string{"ThrottledRequestsAlarm"}, Kind: Alarm,
		Client:   "No report of that caller, until it is sent again.",
		Means:    "API Gateway has answered 429 where reports are sent: more came than the limit of the address lets in.",
		Do:       "The access log has who sends so much, and where, in lines with the status 429. If it is flows that send many reports at once, they send what was refused again, more slowly, or the limits of the routes in template.yaml are raised. A flood from elsewhere takes the room of its own address alone; it stops when its senders do.",
		Commands: []string{"relayctl runs --since 1h"},
	},
	{
		Codes: []string{"EnricherErrorAlarm"}, Kind: Alarm, Client: "Titles, introductions and quotes come late.",
		Means:    "The enricher has died or timed out, or could not start.",
		Do:       "Its log says why, in lines with level ERROR and in reports of Lambda about its end. Its messages come again. While it cannot start, whatever waits stands still.",
		Commands: check,
	},
	{
		Codes: []string{"FallbackAlarm"}, Kind: Alarm, Client: standard,
		Means:    "The AI or the research database did not answer for a report.",
		Do:       "The enricher's log says which, and why. The report is complete and stays as it is.",
		Commands: []string{explain, "relayctl doctor"},
	},
	{
		Codes: []string{"NotionConflictAlarm"}, Kind: Alarm, Client: nothing,
		Means:    "Someone else writes to the same pages at the same time.",
		Do:       "Nothing is lost, as the write is repeated. If it rings often, find out what else has the integration's secret.",
		Commands: []string{explain},
	},
}

var halts = []Trouble{
	{
		Codes: []string{"token_refused"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "Notion does not know the token.",
		Do:    "Store the integration's secret anew: in the parameter of the stack, or in NOTION_API_KEY on one machine, where a restart is needed.",
	},
	{
		Codes: []string{"access_blocked"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "Notion has blocked the integration.",
		Do:    "Waiting does not help. Ask Notion's support for the reason.",
	},
	{
		Codes: []string{"database_not_found"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "The reports database is gone, or not shared with the integration.",
		Do:    "Share it again, in its menu under Connections; or set NOTION_DATABASE_ID to another one.",
	},
	{
		Codes: []string{"database_in_trash"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "The reports database is in the trash.",
		Do:    "Restore it.",
	},
	{
		Codes: []string{"several_data_sources"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "Someone has given the reports database a second data source.",
		Do:    "Remove that.",
	},
	{
		Codes: []string{"column_missing"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "A property of the reports database was renamed or deleted.",
		Do:    "The reason names it. Give it its name back, or set REPORT_TYPE_COLUMN or CONTACT_EMAIL_COLUMN.",
	},
	{
		Codes: []string{"column_type"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "A property of the reports database has another type.",
		Do:    "The reason names it. Give it its type back.",
	},
	{
		Codes: []string{"cannot_read", "cannot_insert", "cannot_update"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "The integration lacks that capability.",
		Do:    "Switch it on among its capabilities at notion.so/profile/integrations.",
	},
	{
		Codes: []string{"block_limit"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "The workspace's plan allows no more blocks.",
		Do:    "Choose a paid plan, or remove the other members. To delete blocks does not help.",
	},
	{
		Codes: []string{"row_limit_exceeded"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "The reports database has no room for another row.",
		Do:    "Move rows to another database, or set NOTION_DATABASE_ID to one with room.",
	},
	{
		Codes: []string{"notion_unreachable"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "Notion does not even answer questions.",
		Do:    "Wait; status.notion.so tells of outages. Where Notion works for others, look at the network.",
	},
	{
		Codes: []string{"notion_failing"}, Kind: Halt, Client: untouched, Commands: check,
		Means: "Writing fails for one report after the other.",
		Do:    "Wait; status.notion.so tells of outages.",
	},
}

var failures = []Trouble{
	{
		Codes: []string{"gave_up"}, Kind: Failure, Client: failed, Commands: putBack,
		Means: "The report did not get on for two and a half hours, though others did.",
		Do:    "Mend what the message names last, then redrive.",
	},
	{
		Codes: []string{"in_trash"}, Kind: Failure, Client: failed, Commands: []string{explain, redrive, "relayctl dead-letters drop " + Example},
		Means: "A page that has to be written to is in Notion's trash.",
		Do:    "Restore the page, then redrive. If it was deleted on purpose, drop the letter.",
	},
	{
		Codes: []string{"part_missing"}, Kind: Failure, Client: "The pages are there, and quotes are missing from some number on.", Commands: []string{"relayctl dead-letters list", redrive},
		Means: "An earlier part of the report was put aside, or was never written.",
		Do:    "Redrive the report's letters together: they go back in their order. If the first part is not among them, it has never come: redrive the report's letter of the enrich queue, which brings all parts anew, and drop these.",
	},
	{
		Codes: []string{"process_died"}, Kind: Failure, Client: failed, Commands: putBack,
		Means: "The publisher's process died at this message every time, most likely for lack of memory.",
		Do:    "Look into the publisher's log. Redrive with more memory, or shorten the report and send it anew.",
	},
	{
		Codes: []string{"unreadable_message"}, Kind: Failure, Client: failed, Commands: []string{"relayctl dead-letters list", redrive},
		Means: "The message is not one that this version reads.",
		Do:    "Deploy the version that wrote it, then redrive; else send the report again and drop the letter.",
	},
	{
		Codes: []string{"too_large"}, Kind: Failure, Client: failed, Commands: []string{"relayctl dead-letters show " + Example, "relayctl dead-letters drop " + Example},
		Means: "With what is known of its company the report exceeds a message.",
		Do:    "Shorten the report or the account's description, send it again, and drop the letter.",
	},
	{
		Codes: []string{"record_lost"}, Kind: Failure, Client: failed, Commands: []string{explain},
		Means: "The run's record is gone while its texts or quotes came.",
		Do:    "Send the report again. Its pages are made anew, so delete those that it had before. There is no dead letter: of texts and quotes alone nothing can be made.",
	},
	{
		Codes: []string{"defect"}, Kind: Failure, Client: failed, Commands: putBack,
		Means: "The program has a mistake.",
		Do:    "Report it with the line “panic” of the publisher's log, which has the place. Redrive after the mended version is deployed.",
	},
}

var notions = []Trouble{
	{
		Codes: []string{"validation_error"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion refuses something in the report or the database.",
		Do:    "The message names it. Mend it, then redrive.",
	},
	{
		Codes: []string{"unauthorized"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "The token is not valid.",
		Do:    "Store a valid one. That halts everyone, so that no run should fail of it; one that has all the same is redriven.",
	},
	{
		Codes: []string{"restricted_resource"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "The integration may not do this, or the workspace is full.",
		Do:    "Give it the capability, or room, then redrive.",
	},
	{
		Codes: []string{"object_not_found"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "A page or the database is gone, or not shared with the integration.",
		Do:    "Share it again or restore it, then redrive.",
	},
	{
		Codes: []string{"row_limit_exceeded"}, Kind: Notion, Client: "The pages are there, and quotes are missing from some number on.", Commands: putBack,
		Means: "A quotes database has no room for another row.",
		Do:    "Make room in it, then redrive.",
	},
	{
		Codes: []string{"conflict_error"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Someone else keeps writing to the same pages.",
		Do:    "Find out who, then redrive.",
	},
	{
		Codes: []string{"rate_limited"}, Kind: Notion, Client: later, Commands: putBack,
		Means: "There were too many requests, for hours.",
		Do:    "Lower NOTION_BUDGET, or find out what else uses the integration; then redrive.",
	},
	{
		Codes: []string{"internal_server_error"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion failed.",
		Do:    "Redrive when Notion works again; status.notion.so tells of outages.",
	},
	{
		Codes: []string{"bad_gateway"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion could not be reached behind its gateway.",
		Do:    "As for internal_server_error.",
	},
	{
		Codes: []string{"service_unavailable"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion was not available.",
		Do:    "As for internal_server_error.",
	},
	{
		Codes: []string{"gateway_timeout"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion took too long.",
		Do:    "As for internal_server_error.",
	},
	{
		Codes: []string{"service_overload"}, Kind: Notion, Client: failed, Commands: putBack,
		Means: "Notion had too much to do.",
		Do:    "As for internal_server_error.",
	},
}
