package throughput_test

import "strings"

func underscored(name string) string { return strings.ReplaceAll(name, " ", "_") }
