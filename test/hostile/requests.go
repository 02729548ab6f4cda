package hostile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Requests are all of them; known is a report that was accepted before, and token
// the one of its links.
func Requests(tb testing.TB, known, token string) []Request {
	tb.Helper()
	return slices.Concat(strangers(tb, known, token), wrongWays(known), brokenHeaders(), brokenJSON(), brokenPayloads(), harmless())
}

const collection, predecessor = "POST /reports", "POST /api/add-to-notion"

// strangers have no secret, no signature and no link, or not the right one.
func strangers(tb testing.TB, known, token string) []Request {
	tb.Helper()
	now := time.Now()
	report := "GET /reports/" + known
	parts := strings.Split(token, ".")
	signature := signedHeader(tb, SigningSecret, now, Good)
	return []Request{
		{"no secret", collection, "Authorization:", Good, 401, "unauthorized"},
		{"no secret, the predecessor's path", predecessor, "Authorization:", Good, 401, "unauthorized"},
		{"no secret and nonsense", collection, "Authorization:", "{", 401, "unauthorized"},
		{"no secret and too much", collection, "Authorization:\nContent-Length: 99999999", "", 401, "unauthorized"},
		{"no secret and another type", collection, "Authorization:\nContent-Type: text/html", Good, 401, "unauthorized"},
		{"an empty bearer", collection, "Authorization: Bearer", Good, 401, "unauthorized"},
		{"an empty bearer with a space", collection, "Authorization: Bearer ", Good, 401, "unauthorized"},
		{"a wrong bearer", collection, "Authorization: Bearer evil", Good, 401, "unauthorized"},
		{"a secret without its scheme", collection, "Authorization: " + Secret, Good, 401, "unauthorized"},
		{"a secret with Basic", collection, "Authorization: Basic " + Secret, Good, 401, "unauthorized"},
		{"the beginning of a secret", collection, "Authorization: Bearer " + Secret[:len(Secret)-1], Good, 401, "unauthorized"},
		{"a secret and more", collection, "Authorization: Bearer " + Secret + "x", Good, 401, "unauthorized"},
		{"a secret in other letters", collection, "Authorization: Bearer " + strings.ToUpper(Secret), Good, 401, "unauthorized"},
		{"both secrets with a comma", collection, "Authorization: Bearer " + Secret + "," + SigningSecret, Good, 401, "unauthorized"},
		{"a wrong bearer before the right one", collection, "Authorization: Bearer evil\nAuthorization: Bearer " + Secret, Good, 401, "unauthorized"},
		{"the right bearer before a wrong one", collection, "Authorization: Bearer " + Secret + "\nAuthorization: Bearer evil", Good, 401, "unauthorized"},
		{"the right key twice", collection, "Authorization:\nX-Api-Key: " + Secret + "\nX-Api-Key: " + Secret, Good, 401, "unauthorized"},
		{"a secret in the query", collection + "?token=" + strings.ReplaceAll(Secret, " ", "+"), "Authorization:", Good, 401, "unauthorized"},
		{"a secret in a cookie", collection, "Authorization:\nCookie: X-Api-Key=" + Secret, Good, 401, "unauthorized"},
		{"an empty key", collection, "Authorization:\nX-Api-Key: ", Good, 401, "unauthorized"},
		{"a wrong key", collection, "Authorization:\nX-Api-Key: evil", Good, 401, "unauthorized"},
		{"a bearer of 8 KB", collection, "Authorization: Bearer " + strings.Repeat("evil", 2000), Good, 401, "unauthorized"},
		{"what a secret signs with", collection, "Authorization: Bearer sixteen bytes or more", Good, 401, "unauthorized"},
		{"a secret without its prefix", collection, "Authorization: Bearer " + strings.TrimPrefix(SigningSecret, "whsec_"), Good, 401, "unauthorized"},

		{"a signature of another body", collection, signature, Good + " ", 401, "unauthorized"},
		{"a signature of another secret", collection, signedHeader(tb, "another secret that is long", now, Good), Good, 401, "unauthorized"},
		{"a signature with an empty key", collection, signedHeader(tb, "whsec_", now, Good), Good, 401, "unauthorized"},
		{"a signature that is six minutes old", collection, signedHeader(tb, SigningSecret, now.Add(-6*time.Minute), Good), Good, 401, "unauthorized"},
		{"a signature of tomorrow", collection, signedHeader(tb, SigningSecret, now.Add(24*time.Hour), Good), Good, 401, "unauthorized"},
		{"a signature under another id", collection, strings.Replace(signature, "id-1", "id-evil", 1), Good, 401, "unauthorized"},
		{"a signature without an id", collection, strings.Replace(signature, ": id-1", ":", 1), Good, 401, "unauthorized"},
		{"a signature under two ids", collection, signature + "\nWebhook-Id: id-evil", Good, 401, "unauthorized"},
		{"a signature at two times", collection, signature + "\nWebhook-Timestamp: " + fmt.Sprint(now.Unix()), Good, 401, "unauthorized"},
		{"a signature beside another", collection, signature + "\nWebhook-Signature: v1,evil", Good, 401, "unauthorized"},
		{"a signature without a time", collection, strings.Replace(signature, fmt.Sprint(": ", now.Unix()), ":", 1), Good, 401, "unauthorized"},
		{"a signature with a time in words", collection, strings.Replace(signature, fmt.Sprint(now.Unix()), "evil", 1), Good, 401, "unauthorized"},
		{"a signature with a time beyond numbers", collection, strings.Replace(signature, fmt.Sprint(now.Unix()), strings.Repeat("9", 40), 1), Good, 401, "unauthorized"},
		{"a signature of another version", collection, strings.Replace(signature, "v1,", "v0,", 1), Good, 401, "unauthorized"},
		{"a signature without a version", collection, strings.Replace(signature, "v1,", "", 1), Good, 401, "unauthorized"},
		{"a signature that is no base64", collection, strings.Replace(signature, "v1,", "v1,???", 1), Good, 401, "unauthorized"},
		{"an empty signature", collection, "Authorization:\nWebhook-Id: id-1\nWebhook-Timestamp: " + fmt.Sprint(now.Unix()) + "\nWebhook-Signature: v1,", Good, 401, "unauthorized"},
		{"a signature over an empty body", collection, signedHeader(tb, SigningSecret, now, ""), "", 401, "unauthorized"},
		{"a signature over nothing, for a status", report, signedHeader(tb, SigningSecret, now, ""), "", 401, "unauthorized"},
		{"a signature over nothing, for a report", report + "/open", signedHeader(tb, SigningSecret, now, ""), "", 401, "unauthorized"},
		{"a signature over nothing, for a run", "GET /api/add-to-notion/status?runId=run-1", signedHeader(tb, SigningSecret, now, ""), "", 401, "unauthorized"},
		{"a signature over a body, for a status", report, signature, Good, 401, "unauthorized"},

		{"a status without a token", report, "Authorization:", "", 401, "unauthorized"},
		{"a report without a token", report + "/open", "Authorization:", "", 401, "unauthorized"},
		{"an unknown report without a token", "GET /reports/" + unknown, "Authorization:", "", 401, "unauthorized"},
		{"an empty token", report + "?token=", "Authorization:", "", 401, "unauthorized"},
		{"a token of dots", report + "?token=..", "Authorization:", "", 401, "unauthorized"},
		{"a token in words", report + "?token=evil", "Authorization:", "", 401, "unauthorized"},
		{"the first byte of a token", report + "?token=" + token[:1], "Authorization:", "", 401, "unauthorized"},
		{"a token less its last byte", report + "?token=" + token[:len(token)-1], "Authorization:", "", 401, "unauthorized"},
		{"a token in capitals", report + "?token=" + strings.ToUpper(token), "Authorization:", "", 401, "unauthorized"},
		{"a token with a later end", report + "?token=" + parts[0] + ".9999999999." + parts[2], "Authorization:", "", 401, "unauthorized"},
		{"a token without an end", report + "?token=" + parts[0] + ".." + parts[2], "Authorization:", "", 401, "unauthorized"},
		{"a token with an end in words", report + "?token=" + parts[0] + ".evil." + parts[2], "Authorization:", "", 401, "unauthorized"},
		{"a token of another key", report + "?token=00000000." + parts[1] + "." + parts[2], "Authorization:", "", 401, "unauthorized"},
		{"a token without a signature", report + "?token=" + parts[0] + "." + parts[1], "Authorization:", "", 401, "unauthorized"},
		{"a token for another report", "GET /reports/" + unknown + "?token=" + token, "Authorization:", "", 401, "unauthorized"},
		{"a token twice, the first one wrong", report + "?token=evil&token=" + token, "Authorization:", "", 401, "unauthorized"},
		{"a token as a bearer", report, "Authorization: Bearer " + token, "", 401, "unauthorized"},
		{"a token for a run", "GET /api/add-to-notion/status?runId=run-1&token=" + token, "Authorization:", "", 401, "unauthorized"},
		{"a token for sending", collection + "?token=" + token, "Authorization:", Good, 401, "unauthorized"},
	}
}

// wrongWays are methods and addresses that lead nowhere.
func wrongWays(known string) []Request {
	report := "/reports/" + known
	return []Request{
		{"GET on the collection", "GET /reports", "", "", 405, "method_not_allowed"},
		{"HEAD on the collection", "HEAD /reports", "", "", 405, ""}, // its answer has no body
		{"PUT on the collection", "PUT /reports", "", Good, 405, "method_not_allowed"},
		{"DELETE of a report", "DELETE " + report, "", "", 405, "method_not_allowed"},
		{"PATCH of a report", "PATCH " + report, "", Good, 405, "method_not_allowed"},
		{"POST on a report", "POST " + report, "", Good, 405, "method_not_allowed"},
		{"POST on a report's link", "POST " + report + "/open", "", Good, 405, "method_not_allowed"},
		{"OPTIONS of a browser elsewhere", "OPTIONS /reports", "Origin: https://evil.example\nAccess-Control-Request-Method: POST", "", 405, "method_not_allowed"},
		{"TRACE", "TRACE /reports", "X-Evil: evil", "", 405, "method_not_allowed"},
		{"CONNECT", "CONNECT evil.example:443", "Host: evil.example:443", "", 404, "not_found"},
		{"a method of one's own", "EVIL /reports", "", "", 405, "method_not_allowed"},
		{"a method of 8 KB", strings.Repeat("EVIL", 2000) + " /reports", "", "", 405, "method_not_allowed"},
		{"a method in small letters", "post /reports", "", Good, 405, "method_not_allowed"},
		{"GET on the predecessor's path", "GET /api/add-to-notion", "", "", 405, "method_not_allowed"},
		{"POST on the predecessor's status", "POST /api/add-to-notion/status?runId=run-1", "", Good, 405, "method_not_allowed"},
		{"a method that overrides", "GET /reports", "X-HTTP-Method-Override: POST", Good, 405, "method_not_allowed"},

		{"the root", "POST /", "", Good, 404, "not_found"},
		{"an environment file", "GET /.env", "", "", 404, "not_found"},
		{"a repository", "GET /.git/config", "", "", 404, "not_found"},
		{"a console", "GET /actuator/env", "", "", 404, "not_found"},
		{"a script", "GET /evil.php?evil=1", "", "", 404, "not_found"},
		{"a slash at the end", "POST /reports/", "", Good, 404, "not_found"},
		{"two slashes", "POST //reports", "", Good, 404, "not_found"},
		{"a dot", "POST /./reports", "", Good, 404, "not_found"},
		{"a way up", "GET /reports/../../etc/passwd", "", "", 404, "not_found"},
		{"a way up that is escaped", "GET /reports/%2e%2e/%2e%2e/etc/passwd", "", "", 404, "not_found"},
		{"a slash that is escaped", "GET /reports%2f" + known, "", "", 404, "not_found"},
		{"a backslash", `GET /reports\..\evil`, "", "", 404, "not_found"},
		{"the collection in capitals", "POST /REPORTS", "", Good, 404, "not_found"},
		{"a path below a link", "GET " + report + "/open/evil", "", "", 404, "not_found"},
		{"a path of 900 KB", "GET /" + strings.Repeat("evil", 225<<10), "", "", 404, "not_found"},
		{"an id of 900 KB", "GET /reports/" + strings.Repeat("evil", 225<<10), "", "", 404, "not_found"},
		{"a star", "GET *", "", "", 404, "not_found"},
		{"another protocol", "PRI * HTTP/2.0", "", "SM\r\n\r\n", 404, "not_found"},
		{"an escape that is none", "GET /reports/%zz", "", "", 400, ""},

		{"an unknown report", "GET /reports/" + unknown, "", "", 404, "not_found"},
		{"an unknown report's link", "GET /reports/" + unknown + "/open", "", "", 404, "not_found"},
		{"an item that is no report", "GET /reports/halt", "", "", 404, "not_found"},
		{"an item that is a row", "GET /reports/row%23evil", "", "", 404, "not_found"},
		{"an id in capitals", "GET " + strings.ToUpper(report), "", "", 404, "not_found"},
		{"an id and a NUL", "GET " + report + "%00", "", "", 404, "not_found"},
		{"an id and a slash", "GET " + report + "%2fopen", "", "", 404, "not_found"},
		{"an id that is SQL", "GET /reports/'%20OR%20'1'='1", "", "", 404, "not_found"},
		{"an id that is markup", "GET /reports/%3Cscript%3Eevil%3C/script%3E/open", "", "", 404, "not_found"},

		{"no run id", "GET /api/add-to-notion/status", "", "", 400, "invalid_payload runId"},
		{"a blank run id", "GET /api/add-to-notion/status?runId=%20", "", "", 400, "invalid_payload runId"},
		{"a run id in other letters", "GET /api/add-to-notion/status?runid=run-1", "", "", 400, "invalid_payload runId"},
		{"a query that is none", "GET /api/add-to-notion/status?runId=%zz", "", "", 400, "invalid_payload runId"},
		{"an unknown run", "GET /api/add-to-notion/status?runId=x", "", "", 404, "not_found"},
		{"a run that is SQL", "GET /api/add-to-notion/status?runId=run-1'--", "", "", 404, "not_found"},
		{"a run and a NUL", "GET /api/add-to-notion/status?runId=run-1%00", "", "", 404, "not_found"},
		{"a run id of 64 KB", "GET /api/add-to-notion/status?runId=" + strings.Repeat("evil", 16<<10), "", "", 404, "not_found"},
	}
}

// brokenHeaders are judged before any body is read.
func brokenHeaders() []Request {
	return []Request{
		{"no type", collection, "Content-Type:", Good, 415, "unsupported_media_type"},
		{"text", collection, "Content-Type: text/plain", Good, 415, "unsupported_media_type"},
		{"a form", collection, "Content-Type: application/x-www-form-urlencoded", "strategyReport=evil", 415, "unsupported_media_type"},
		{"parts", collection, "Content-Type: multipart/form-data; boundary=evil", Good, 415, "unsupported_media_type"},
		{"almost JSON", collection, "Content-Type: application/json-seq", Good, 415, "unsupported_media_type"},
		{"JSON of another kind", collection, "Content-Type: application/vnd.api+json", Good, 415, "unsupported_media_type"},
		{"two types", collection, "Content-Type: application/json, text/html", Good, 415, "unsupported_media_type"},
		{"another type in a header of its own", collection, "Content-Type: application/json\nContent-Type: text/html", Good, 415, "unsupported_media_type"},
		{"an encoding behind an empty one", collection, "content-encoding: \nContent-Encoding: evil", Good, 415, "unsupported_media_type"},
		{"a type that is none", collection, "Content-Type: evil", Good, 415, "unsupported_media_type"},
		{"another charset", collection, "Content-Type: application/json; charset=utf-16", Good, 415, "unsupported_media_type"},
		{"two charsets", collection, "Content-Type: application/json; charset=utf-8; charset=utf-7", Good, 415, "unsupported_media_type"},
		{"gzip", collection, "Content-Encoding: gzip", "\x1f\x8b\x08", 415, "unsupported_media_type"},
		{"an identity that is named", collection, "Content-Encoding: identity", Good, 415, "unsupported_media_type"},
		{"an encoding of one's own", collection, "Content-Encoding: evil", Good, 415, "unsupported_media_type"},

		{"a byte over 4 MiB", collection, "", padded(4<<20 + 1), 413, "payload_too_large"},
		{"a length beyond 4 MiB", collection, "Content-Length: 4194305", "", 413, "payload_too_large"},
		{"a length beyond belief", collection, "Content-Length: 9223372036854775807", "", 413, "payload_too_large"},
		{"a length beyond numbers", collection, "Content-Length: 99999999999999999999", Good, 400, ""},
		{"a length below nothing", collection, "Content-Length: -1", Good, 400, ""},
		{"a length in words", collection, "Content-Length: evil", Good, 400, ""},
		{"two lengths", collection, "Content-Length: 5\nContent-Length: 6", Good, 400, ""},
		{"less than was announced", collection, "Content-Length: 1000", Good, 400, "invalid_json"},
		{"4 MiB and a byte in chunks", collection, "Content-Length:\nTransfer-Encoding: chunked", chunked(padded(4<<20 + 1)), 413, "payload_too_large"},
		{"chunks that are none", collection, "Content-Length:\nTransfer-Encoding: chunked", "evil\r\n", 400, "invalid_json"},
		{"a chunk of less than nothing", collection, "Content-Length:\nTransfer-Encoding: chunked", "-1\r\nevil\r\n0\r\n\r\n", 400, "invalid_json"},
		{"a chunk in hexadecimal of C", collection, "Content-Length:\nTransfer-Encoding: chunked", "0x4\r\nevil\r\n0\r\n\r\n", 400, "invalid_json"},
		{"a chunk beyond numbers", collection, "Content-Length:\nTransfer-Encoding: chunked", "10000000000000004\r\nevil\r\n0\r\n\r\n", 400, "invalid_json"},
		{"a length with a sign", collection, fmt.Sprintf("Content-Length: +%d", len(Good)), Good, 400, ""},
		{"a list of lengths", collection, fmt.Sprintf("Content-Length: %d, %[1]d", len(Good)), Good, 400, ""},
		{"chunks behind a space", collection, "Transfer-Encoding : chunked", Good, 400, ""},
		{"a line that goes back", collection, "X-Evil: a\rb", Good, 400, ""},
		{"chunks that end too early", collection, "Content-Length:\nTransfer-Encoding: chunked", "5\r\n{", 400, "invalid_json"},
		{"what cannot be packed", collection, "", `{"strategyReport":"` + noise(2<<20) + `"}`, 413, "payload_too_large"},

		{"a key of 256", collection, "Idempotency-Key: " + strings.Repeat("k", 256), Good, 400, "invalid_payload Idempotency-Key"},
		{"a key of 64 KB", collection, "Idempotency-Key: " + strings.Repeat("evil", 16<<10), Good, 400, "invalid_payload Idempotency-Key"},
		{"two keys", collection, "Idempotency-Key: k-1\nIdempotency-Key: evil", Good, 400, "invalid_payload Idempotency-Key"},
		{"a webhook id of 256", collection, "Webhook-Id: " + strings.Repeat("k", 256), Good, 400, "invalid_payload Webhook-Id"},

		{"no host", collection, "Host:", Good, 400, ""},
		{"no host, as HTTP/1.0 allows", collection + " HTTP/1.0", "Host:", Good, 400, "invalid_payload Host"},
		{"two hosts", collection, "Host: relay.example\nHost: evil.example", Good, 400, ""},
		{"a host with a space", collection, "Host: relay.example evil", Good, 400, ""},
		{"a host with a quote", collection, `Host: evil"onload=`, Good, 400, ""},
		{"a host with a path", collection, "Host: relay.example/evil", Good, 400, ""},
		{"a host with a person", collection, "Host: relay.example@evil", Good, 400, ""},
		{"a host with an apostrophe", collection, "Host: evil'-alert(1)-'", Good, 400, "invalid_payload Host"},
		{"a host with a long port", collection, "Host: relay.example:123456", Good, 400, "invalid_payload Host"},
		{"a host with two ports", collection, "Host: relay.example:1:evil", Good, 400, "invalid_payload Host"},
		{"a host that is a list", collection, "Host: relay.example,evil.example", Good, 400, "invalid_payload Host"},
		{"a host of 300", collection, "Host: " + strings.Repeat("e", 300), Good, 400, "invalid_payload Host"},
		{"a host for a status page", "GET /reports/" + unknown, "Host: evil(1)\nAccept: */*", "", 400, "invalid_payload Host"},
		{"a header without a name", collection, ": evil", Good, 400, ""},
		{"a header with a space in its name", collection, "X Evil: evil", Good, 400, ""},
		{"another version of HTTP", collection + " HTTP/9.9", "", Good, 505, ""},
	}
}

func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// brokenJSON has no meaning, or more than one.
func brokenJSON() []Request {
	with := func(name, body string) Request { return Request{name, collection, "", body, 400, "invalid_json"} }
	return []Request{
		with("an empty body", ""),
		with("white space", " \r\n\t"),
		with("a cut object", `{"strategyReport":"evil"`),
		with("a cut string", `{"strategyReport":"evil`),
		with("a cut escape", `{"strategyReport":"evil\u00`),
		with("an array", `["evil"]`),
		with("a string", `"evil"`),
		with("a number", `5`),
		with("null", `null`),
		with("two objects", Good+Good),
		with("something behind", Good+" evil"),
		with("a comma at the end", `{"strategyReport":"evil",}`),
		with("a comment", `{/*evil*/"strategyReport":"evil"}`),
		with("single quotes", `{'strategyReport':'evil'}`),
		with("names without quotes", `{strategyReport:"evil"}`),
		with("a number that is none", `{"strategyReport":"evil","a":NaN}`),
		with("a number in hexadecimal", `{"strategyReport":"evil","a":0x10}`),
		with("a line break in a string", "{\"strategyReport\":\"ev\nil\"}"),
		with("a byte order mark", "\ufeff"+Good),
		with("UTF-16", "\xff\xfe{\x00}\x00"),
		with("a broken UTF-8 sequence", "{\"strategyReport\":\"evil\xff\"}"),
		with("a long form of UTF-8", "{\"strategyReport\":\"\xc0\xafevil\"}"),
		with("half a pair in UTF-8", "{\"strategyReport\":\"\xed\xa0\x80evil\"}"),
		with("half a pair in an escape", `{"strategyReport":"evil\ud800"}`),
		with("the other half", `{"strategyReport":"\udc00evil"}`),
		with("half a pair where nobody looks", `{"strategyReport":"x","evil":{"\udfff":1}}`),
		with("a NUL", "{\"strategyReport\":\"ev\x00il\"}"),
		with("a NUL in an escape", `{"strategyReport":"ev\u0000il"}`),
		with("a report twice", `{"strategyReport":"good","strategyReport":"evil"}`),
		with("a report twice, once in escapes", `{"strategyReport":"good","\u0073trategyReport":"evil"}`),
		with("an e-mail twice", `{"strategyReport":"x","email":"a@b.com","email":"evil@b.com"}`),
		with("a name twice where nobody looks", `{"strategyReport":"x","evil":[{"a":1,"a":2}]}`),
		with("65 arrays", `{"strategyReport":"x","a":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+`}`),
		with("a million arrays", `{"strategyReport":"x","a":`+strings.Repeat("[", 1_000_000)+strings.Repeat("]", 1_000_000)+`}`),
		with("a million arrays that stay open", strings.Repeat("[", 1_000_000)),
		with("100,000 objects in each other", strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)),
		with("XML", `<?xml version="1.0"?><!DOCTYPE e [<!ENTITY evil SYSTEM "file:///etc/passwd">]><e>&evil;</e>`),
	}
}

// brokenPayloads are JSON that no flow should send.
func brokenPayloads() []Request {
	with := func(name, field, members string) Request {
		return Request{name, predecessor, "", `{"strategyReport":"x",` + members + `}`, 400, strings.TrimSpace("invalid_payload " + field)}
	}
	blank := func(name, body string) Request { return Request{name, predecessor, "", body, 400, "invalid_payload"} }
	return []Request{
		blank("an empty object", `{}`),
		blank("no report", `{"email":"a@b.com","runId":"evil"}`),
		blank("blank reports", `{"strategyReport":" \n","comprehensiveReport":"\u00a0\u3000"}`),
		blank("null reports", `{"strategyReport":null,"comprehensiveReport":null}`),
		blank("a report of zero width", `{"strategyReport":"\u200b\u200d\ufeff\u2060"}`),
		blank("a report of fillers", `{"strategyReport":"\u3164\u2800\u115f"}`),
		blank("a report of blank hieroglyphs", `{"strategyReport":"\ud80d\udc41\ud80d\udc42"}`),
		blank("a report of tags and selectors", `{"strategyReport":"\udb40\udc41\ufe0f\udb40\udd00"}`),
		blank("a report of controls", `{"strategyReport":"\u0001\u001b\u007f\u202e"}`),
		blank("a name in other letters", `{"StrategyReport":"evil"}`),
		{"a number for a report", predecessor, "", `{"strategyReport":7}`, 400, "invalid_payload strategyReport"},
		{"an object for a report", predecessor, "", `{"comprehensiveReport":{"evil":1}}`, 400, "invalid_payload comprehensiveReport"},
		{"an array for a report", predecessor, "", `{"strategyReport":["evil"]}`, 400, "invalid_payload strategyReport"},
		with("a number for an e-mail", "email", `"email":1`),
		with("an e-mail without an at", "email", `"email":"evil"`),
		with("a hyphen for a domain", "email", `"email":"a@-.com"`),
		with("an e-mail with a name", "email", `"email":"Evil <a@b.com>"`),
		with("two e-mails", "email", `"email":"a@b.com,evil@c.com"`),
		with("an e-mail with a header", "email", `"email":"a@b.com\r\nBcc: evil@c.com"`),
		with("an e-mail of a filler", "email", `"email":"\u3164@b.com"`),
		with("an e-mail and a selector", "email", `"email":"evil\ufe0f@b.com"`),
		with("an e-mail that is markup", "email", `"email":"<evil>@b.com"`),
		with("an e-mail in quotes", "email", `"email":"\"evil\"@b.com"`),
		with("an address of a machine", "email", `"email":"evil@[169.254.169.254]"`),
		with("an e-mail of 101", "email", `"email":"evil@`+strings.Repeat("d.", 46)+`comm"`),
		with("a number for a run id", "runId", `"runId":7`),
		with("a run id of 201", "runId", `"runId":"`+strings.Repeat("é", 201)+`"`),
		with("an account id of 201", "accountId", `"accountId":"`+strings.Repeat("a", 201)+`"`),
		with("an object for an account id", "accountId", `"accountId":{"$ne":"evil"}`),
		with("a string for metadata", "metadata", `"metadata":"evil"`),
		with("a number for a report type", "metadata.reportType", `"metadata":{"reportType":1}`),
		with("an array for an analysis type", "metadata.analysisType", `"metadata":{"analysisType":["evil"]}`),
		with("an object for quotes", "quotes", `"quotes":{}`),
		with("a string for a quote", "quotes[0]", `"quotes":["evil"]`),
		with("null for a quote", "quotes[1]", `"quotes":[{"text":"a"},null]`),
		with("a quote without a text", "quotes[0].text", `"quotes":[{"theme":"evil"}]`),
		with("a score above 1", "quotes[0].relevanceScore", `"quotes":[{"text":"a","relevanceScore":1.0001}]`),
		with("a score below 0", "quotes[0].relevanceScore", `"quotes":[{"text":"a","relevanceScore":-1}]`),
		with("a score beyond numbers", "quotes[0].relevanceScore", `"quotes":[{"text":"a","relevanceScore":1e999}]`),
		with("a string for a score", "quotes[0].relevanceScore", `"quotes":[{"text":"a","relevanceScore":"1"}]`),
		with("a number for a link", "quotes[0].url", `"quotes":[{"text":"a","url":7}]`),
		with("5,001 quotes", "quotes", `"quotes":[`+strings.Repeat(`{"text":"a"},`, 5000)+`{"text":"a"}]`),
		{"the key of another report", collection, "Idempotency-Key: k", `{"strategyReport":"the first"}`, 202, ""},
		{"that key with another body", collection, "Idempotency-Key: k", `{"strategyReport":"evil"}`, 422, "idempotency_mismatch Idempotency-Key"},
	}
}

// harmless look hostile and are taken, or answered, as what they are.
func harmless() []Request {
	return []Request{
		{"a scheme that is forwarded", collection, "X-Forwarded-Proto: javascript\nX-Forwarded-Host: evil.example\nForwarded: host=evil.example", Good, 202, ""},
		{"an absolute address", "GET http://evil.example/reports/" + unknown, "", "", 404, "not_found"},
		{"names of JavaScript", collection, "", `{"strategyReport":"x","__proto__":{"evil":1},"constructor":{"prototype":{"evil":1}}}`, 202, ""},
		{"metadata in other letters", collection, "", `{"strategyReport":"x","metadata":{"REPORTTYPE":5,"AnalysisType":["e"],"reportType":"T"}}`, 202, ""},
		{"a number beyond numbers where nobody looks", collection, "", `{"strategyReport":"x","a":1e400,"metadata":{"b":-1e999}}`, 202, ""},
		{"a trailer", collection, "Content-Length:\nTransfer-Encoding: chunked\nTrailer: Idempotency-Key", strings.Replace(chunked(`{"strategyReport":"trailer"}`), "\r\n0\r\n\r\n", "\r\n0\r\nIdempotency-Key: evil\r\n\r\n", 1), 202, ""},
		{"a length and chunks", collection, "Content-Length: 5\nTransfer-Encoding: chunked", chunked(`{"strategyReport":"chunks"}`), 202, ""},
		{"a wait without end", collection, "Prefer: wait=-1, wait=evil, wait=0", `{"strategyReport":"waits"}`, 202, ""},
		{"a run id that is markup", collection, "", `{"strategyReport":"x","runId":"<script>"}`, 202, ""},
		{"OPTIONS of everything", "OPTIONS *", "", "", 200, ""},
	}
}
