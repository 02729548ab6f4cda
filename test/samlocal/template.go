package samlocal

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"go.yaml.in/yaml/v3"
)

// architectures are Lambda's names of those that Go knows.
var architectures = map[string]string{"amd64": "x86_64", "arm64": "arm64"}

// Architecture is what Lambda calls this machine's.
func Architecture() (string, error) {
	name, ok := architectures[runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("there is no Lambda for %s", runtime.GOARCH)
	}
	return name, nil
}

// localTemplate is template.yaml for this machine's architecture, whose functions
// are where `sam build` leaves them and declare all settings.
func localTemplate(root string, settings map[string]string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml")) //nolint:gosec // a file of ours
	if err != nil {
		return nil, err
	}
	var template yaml.Node // not a map: that would lose !Ref and the like
	if err := yaml.Unmarshal(text, &template); err != nil {
		return nil, fmt.Errorf("read template.yaml: %w", err)
	}
	architecture, err := Architecture()
	if err != nil {
		return nil, err
	}
	top := template.Content[0]
	set(at(top, "Parameters", "Architecture"), "Default", architecture)
	declared := at(top, "Globals", "Function", "Environment", "Variables")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		set(declared, name, "")
	}
	resources := at(top, "Resources")
	for i := 0; i < len(resources.Content); i += 2 {
		id, resource := resources.Content[i].Value, resources.Content[i+1]
		if at(resource, "Type").Value == "AWS::Serverless::Function" {
			set(at(resource, "Properties"), "CodeUri", filepath.Join(root, ".aws-sam", "build", id))
		}
	}
	return yaml.Marshal(&template)
}

// at is what a mapping has under the keys, one below the other. What is not there
// is made, as an empty mapping.
func at(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		node = member(node, key)
	}
	return node
}

func member(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	value := &yaml.Node{Kind: yaml.MappingNode}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	return value
}

func set(mapping *yaml.Node, key, value string) {
	*member(mapping, key) = yaml.Node{Kind: yaml.ScalarNode, Style: yaml.SingleQuotedStyle, Value: value}
}
