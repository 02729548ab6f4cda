// Package parameters reads settings from the Parameter Store of AWS Systems
// Manager (SSM).
package parameters

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Store is the Parameter Store of one account and region.
type Store struct {
	client *ssm.Client
}

// New gives access to the store. It asks nothing of AWS.
func New(client *ssm.Client) *Store { return &Store{client: client} }

// maxNames is how many names one call takes
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html).
const maxNames = 10

// Values returns the decrypted values of the parameters with these names, ten
// in a call. One that does not exist is left out.
func (s *Store) Values(ctx context.Context, names []string) (map[string]string, error) {
	values := make(map[string]string, len(names))
	for some := range slices.Chunk(names, maxNames) {
		out, err := s.client.GetParameters(ctx, &ssm.GetParametersInput{Names: some, WithDecryption: aws.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("get parameters %s: %w", strings.Join(some, ", "), err)
		}
		for _, p := range out.Parameters {
			values[aws.ToString(p.Name)] = aws.ToString(p.Value)
		}
	}
	return values, nil
}

// OnDemand is the store that the environment points to. AWS's configuration is
// read only when a parameter is.
type OnDemand struct{}

// Values does what Store's does.
func (OnDemand) Values(ctx context.Context, names []string) (map[string]string, error) {
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return New(ssm.NewFromConfig(aws)).Values(ctx, names)
}
