# What a developer does here. `make check` is what has to pass before a commit.

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME = 20s
# One Lambda function per folder below functions/.
FUNCTIONS = webhook publisher enricher
# The folder for screenshots and the like; tests that make none are not told.
export RELAY_OUTPUT_DIR ?=

.PHONY: run test race fuzz bench lint check build clean

run: ## the whole system on http://127.0.0.1:8080
	go run ./cmd/local

test: ## every test that needs nothing but Go
	go test $(TESTFLAGS) ./...

race: ## the same under the race detector, the long matrices sampled; needs a C compiler
	go test -race -short $(TESTFLAGS) ./...

fuzz: ## every fuzz target for FUZZTIME, from its seeds on
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "fuzz $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; \
		done; \
	done

bench: ## the benchmarks, where speed is shown
	go test -run '^$$' -bench . -benchmem ./...

lint: bin/golangci-lint ## formatting, vet, linters, and a tidy go.mod
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	go vet ./...
	bin/golangci-lint run
	go mod tidy -diff

check: test lint

build: ## the functions as they are deployed, into bin/
	@for f in $(FUNCTIONS); do \
		echo "build functions/$$f"; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$${GOARCH:-arm64} go build -trimpath -tags lambda.norpc -ldflags='-s -w' -o bin/$$f/bootstrap ./functions/$$f || exit 1; \
	done

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin go install $(GOLANGCI_LINT)

clean:
	rm -rf bin ci-output .aws-sam
