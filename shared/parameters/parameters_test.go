package parameters_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/parameters"
	"notionrelay/test/awstest"
)

func store(endpoint string) *parameters.Store {
	return parameters.New(ssm.New(ssm.Options{
		BaseEndpoint: &endpoint, Region: awstest.Region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(awstest.AccessKey, awstest.AccessKey, ""),
	}))
}

// SSM refuses a call with more than ten names.
func TestValuesReadsTenInACallAndLeavesOutWhatIsMissing(t *testing.T) {
	t.Parallel()
	var names []string
	want := map[string]string{}
	for i := range 12 {
		names = append(names, fmt.Sprintf("/relay/%d", i))
		if i != 3 {
			want[names[i]] = fmt.Sprint("value ", i)
		}
	}
	got, err := store(awstest.StartParameters(t, want).Endpoint).Values(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestValuesSaysWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"not authorized"}`)
	}))
	t.Cleanup(denied.Close)
	_, err := store(denied.URL).Values(t.Context(), []string{"/relay/a", "/relay/b"})
	if err == nil || !strings.Contains(err.Error(), "/relay/a, /relay/b") || !strings.Contains(err.Error(), "not authorized") {
		t.Errorf("error %v, want one that names both parameters and the cause", err)
	}
}
