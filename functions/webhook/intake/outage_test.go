package intake_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/planted"
)

// TestAnOutageOfAWSIsToSendAgain has the table or the queue fail for a while, in
// every way that a service can, below AWS's own library with its repeats. The caller
// hears of it before API Gateway gives up, and the same request goes through as soon
// as the service is back.
func TestAnOutageOfAWSIsToSendAgain(t *testing.T) {
	t.Parallel()
	says := func(status int, code string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return awsAnswer(r, status, `{"__type":"com.amazonaws#`+code+`","message":"no"}`), nil
		}
	}
	failures := map[string]func(*http.Request) (*http.Response, error){
		"500":            says(http.StatusInternalServerError, "InternalServerError"),
		"503":            says(http.StatusServiceUnavailable, "ServiceUnavailable"),
		"throttled":      says(http.StatusBadRequest, "ThrottlingException"),
		"no right to it": says(http.StatusBadRequest, "AccessDeniedException"),
		"HTML": func(r *http.Request) (*http.Response, error) {
			return awsAnswer(r, http.StatusBadGateway, "<html>"), nil
		},
		"no connection": func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"silence": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	}
	for _, service := range []string{"DynamoDB", "AmazonSQS"} {
		for name, fail := range failures {
			t.Run(service+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud := &awsStub{down: map[string]func(*http.Request) (*http.Response, error){service: fail}}
					h := cloud.webhook(t)
					began := time.Now()
					w := send(h)
					if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"code":"unavailable"`) {
						t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
					}
					if took := time.Since(began); took > 10*time.Second {
						t.Errorf("that took %s; API Gateway waits for 30 s, callers often for less", took)
					}
					if cloud.sent > 0 {
						t.Errorf("%d messages were sent", cloud.sent)
					}
					cloud.down = nil
					if w := send(h); w.Code != http.StatusAccepted || cloud.sent != 1 {
						t.Errorf("with the service back: got %d, %d messages: %s", w.Code, cloud.sent, w.Body)
					}
				})
			})
		}
	}
}

// awsStub is as much of DynamoDB and SQS as a new report needs.
type awsStub struct {
	down map[string]func(*http.Request) (*http.Response, error) // by the service's name
	sent int
}

func (a *awsStub) webhook(t *testing.T) http.Handler {
	t.Helper()
	config := aws.Config{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		HTTPClient: a, BaseEndpoint: aws.String("https://aws.example"),
	}
	return (&intake.Handler{
		Runs:  dynamoruns.New(dynamodb.NewFromConfig(config), "runs"),
		Queue: sqsqueue.New(sqs.NewFromConfig(config), "https://aws.example/1/publish.fifo"),
		Auth:  newAuth(t, nil, ""), Log: planted.Log(t),
	}).Routes()
}

func send(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/reports", strings.NewReader(good))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (a *awsStub) Do(r *http.Request) (*http.Response, error) {
	service, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "_")
	service, operation, _ := strings.Cut(service, ".")
	if fail := a.down[service]; fail != nil {
		return fail(r)
	}
	if service != "AmazonSQS" {
		return awsAnswer(r, http.StatusOK, `{}`), nil
	}
	var message struct{ MessageBody string }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil || operation != "SendMessage" {
		return nil, errors.Join(errors.New("no message is sent"), err)
	}
	a.sent++
	digest := md5.Sum([]byte(message.MessageBody))
	return awsAnswer(r, http.StatusOK, `{"MessageId":"1","MD5OfMessageBody":"`+hex.EncodeToString(digest[:])+`"}`), nil
}

func awsAnswer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(bytes.NewBufferString(body)), Request: r}
}
