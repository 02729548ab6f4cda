# What a developer does here. `make check` is what has to pass before a commit.

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
# The vulnerability database as its makers keep it; VULNDB=latest is today's.
VULNDB ?= v0.0.0-20261105234957-e22db6528018
PIP_TOOLS = pip-tools==7.6.2
FUZZTIME = 20s
# Random histories that the publisher is put through: so many for each seed.
HISTORIES = 2500
SEEDS = 1 2 3 4
# Which pairs of failures are played: by their numbers, TO -1 being the end, and
# of those every hundredth where PART is 37/100.
FROM ?= 0
TO ?= -1
PART ?= 0/1
# How many mutants of the publisher are tried.
MUTANTS ?= 80
# How often the publisher's process is killed against real servers. Each death is
# waited for, up to a hundred of them side by side.
KILLS = 200
# One Lambda function per folder below functions/.
FUNCTIONS = webhook publisher enricher
# GOARCH=amd64 in the environment goes with the template's Architecture=x86_64.
BUILD = CGO_ENABLED=0 GOOS=linux GOARCH=$(or $(GOARCH),arm64) go build -trimpath -tags lambda.norpc -ldflags='-s -w'
# What stands in for AWS in tests; each has its version in a pom.xml below test/awstest.
SERVERS = elasticmq dynamodb-local
# Where the functions are built.
OUT = bin
# The largest that a function's archive may be, in bytes, and the longest that
# its cold start may take at the median.
SIZE_LIMIT = 6000000
COLD_START_LIMIT = 60ms
# The folder for screenshots and the like; tests that make none are not told.
export RELAY_OUTPUT_DIR ?=
export SAM_CLI_TELEMETRY = 0

.PHONY: run help test notion-smoke servers integration load pictures race model trouble pairs mutants fuzz bench bench-record benchmarks memory compare measure lint vulncheck requirements checksums check build deploy-check schemathesis sam-local e2e-sam clean

run: ## the whole system on http://127.0.0.1:8080
	@echo 'Building; the first time that takes a minute or two, most of it for SQLite and the standard library, and later a second.'
	go run ./cmd/local

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## every test that needs nothing but Go
	go test $(TESTFLAGS) ./...

notion-smoke: ## a report, kills, and what is taken for granted, on Notion (NOTION_API_KEY, NOTION_DATABASE_ID) or the simulator
	go run ./test/smoke

servers: $(SERVERS:%=bin/%/pom.xml) ## installs SQS and DynamoDB for one machine; needs Java 17 and Maven

integration: servers test/browsertest/node_modules ## the tests that need Java, PostgreSQL, Chromium and npm, or processes that are killed
	go test -tags integration $(TESTFLAGS) -count=1 ./shared/queue/... ./shared/runs/... ./shared/research ./local/notionview ./functions/webhook/intake
	go test -tags integration $(TESTFLAGS) -count=1 -parallel 30 ./cmd/local
	go test -tags integration $(TESTFLAGS) -count=1 ./test/deployed -kills $(KILLS)

pictures: test/browsertest/node_modules ## the README's pictures, into docs/pictures; needs Chromium, and the fonts Inter and Noto Color Emoji
	go test -tags integration -count=1 -run TestPictures ./cmd/local -pictures $(CURDIR)/docs/pictures

# Twelve thousand of them are complete some minutes after the last is sent.
# RATE=20 is for a tenth.
RATE ?= 200
load: ## reports at an even pace for a minute, a kill in the middle, and each of them complete once
	go test -tags integration -count=1 -v -timeout 0 -run TestLoadAndAKill ./cmd/local -load.for 60s -load.rate $(RATE)

race: ## the tests under the race detector, the long matrices sampled; needs a C compiler
	go test -race -short $(TESTFLAGS) ./...

# The tests of ledger and publisher are run as well, for their coverage.
COVERED = ./shared/ledger,./functions/publisher/publish
model: ## the publisher's model test with all HISTORIES of all SEEDS, two at a time, and what of the recovery they reach
	go test -c -cover -coverpkg=$(COVERED) -o bin/publish.test ./functions/publisher/publish
	@cd functions/publisher/publish && printf '%s\n' $(SEEDS) | xargs -P 2 -I SEED sh -c \
		'echo "seed SEED: $(HISTORIES) histories"; GOGC=400 ../../../bin/publish.test -test.run TestEveryHistory -test.timeout 0 -rapid.checks=$(HISTORIES) -rapid.seed=SEED \
		-test.coverprofile=../../../bin/model.SEED.cover $(TESTFLAGS:-v=-test.v)'
	go test -coverpkg=$(COVERED) -coverprofile=bin/tests.cover ./shared/ledger ./functions/publisher/publish
	go run ./test/reached -model "$$(printf 'bin/model.%s.cover,' $(SEEDS))" -tests bin/tests.cover

# One that goes wrong is played again, and shown, by `go test
# ./functions/publisher/publish -run TestEverySingleAndPair -pair NUMBER`. Most of
# what a play leaves to the garbage collector is gone at once.
pairs: ## a small run with every pair of failures, FROM one TO another, or only each hundredth: PART=37/100
	go test -c -o bin/publish.test ./functions/publisher/publish
	cd functions/publisher/publish && GOGC=400 ../../../bin/publish.test -test.run TestEverySingleAndPair -test.timeout 0 \
		-pairs.from=$(FROM) -pairs.to=$(TO) -pairs.part=$(PART)

mutants: ## breaks the publisher in MUTANTS places, one at a time, and says how many its tests notice; 0 means all
	go run ./test/mutants -n $(MUTANTS)

trouble: ## a thousand reports of which every tenth meets trouble, beside the same without: what the others notice of it
	go test ./functions/publisher/publish -run TestTroubleOfSome -reports 1000 -count=1 -v

# Up to Go 1.26 a target can fail just because its time is over
# (https://go.dev/issue/75804). A failure of its own names the input.
fuzz: ## every fuzz target for FUZZTIME, from its seeds on
	@mkdir -p bin; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "fuzz $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package >bin/fuzz.log 2>&1 && ended=0 || ended=1; \
			cat bin/fuzz.log; \
			test $$ended = 0 || { grep -q '^ *context deadline exceeded$$' bin/fuzz.log && ! grep -q 'Failing input' bin/fuzz.log; } || exit 1; \
		done; \
	done

# What cannot be installed is left out of the table, which says so.
bench: ## one table of speed, cost and growth, each figure with its limit; needs Java 17, Maven and npm for all of it
	-@$(MAKE) --no-print-directory -k servers test/compare/node_modules
	go run ./test/bench

bench-record: servers test/compare/node_modules ## the same, written into docs/performance.md with its plots
	go run ./test/bench -record docs

benchmarks: ## every benchmark as it is
	go test -run '^$$' -bench . -benchmem ./...

compare: test/compare/node_modules ## ours beside martian, the converter that most use; needs Node
	go test -tags compare -count=1 -v ./test/compare

test/%/node_modules: test/%/package-lock.json
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund
	touch $@

memory: servers ## what the worst that is legal, and more than that, costs in memory, within the limits
	go test -tags memory -count=1 -v -run TestMemory ./shared/markdown
	go test -tags memory -count=1 -v -run TestMemoryOfTheListener ./cmd/local
	go test -tags integration,memory -count=1 -v -run TestMemoryOfTheFunctions ./test/deployed

measure: build servers ## the functions' sizes and cold starts, within their limits
	@for f in $(FUNCTIONS); do \
		size=$$(gzip -9 -c $(OUT)/$$f/bootstrap | wc -c); \
		echo "functions/$$f: $$size bytes zipped"; \
		test $$size -le $(SIZE_LIMIT) || { echo "that is more than $(SIZE_LIMIT)"; exit 1; }; \
	done
	go test -tags integration -run '^$$' -bench ColdStart -benchtime 51x ./test/deployed -coldstart.limit $(COLD_START_LIMIT)

lint: bin/golangci-lint ## formatting, vet, linters, and a tidy go.mod
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	go vet -tags integration,sam,memory,compare,deploy ./...
	bin/golangci-lint run --build-tags integration,sam,memory,compare,deploy
	go mod tidy -diff

# The standard library is judged as that of the toolchain in go.mod, which go
# uses unless GOTOOLCHAIN=local keeps it from that: then the last line says so.
TOOLCHAIN = $(shell sed -n 's/^toolchain //p' go.mod)
vulncheck: bin/govulncheck bin/vulndb-$(VULNDB) ## known vulnerabilities that our code reaches
	GOVERSION=$(TOOLCHAIN) bin/govulncheck -db file://$(CURDIR)/bin/vulndb-$(VULNDB) -tags integration,sam,memory,compare,deploy ./...
	@test "$$(go env GOVERSION)" = $(TOOLCHAIN) || echo "what is built here has the standard library of $$(go env GOVERSION), which may have vulnerabilities that $(TOOLCHAIN) has not"

check: test lint ## what has to pass before a commit

build: ## the functions as they are deployed, into OUT
	@for f in $(FUNCTIONS); do \
		echo "build functions/$$f"; \
		$(BUILD) -o $(OUT)/$$f/bootstrap ./functions/$$f || exit 1; \
	done

# What `sam build` asks for: the functions by their names in template.yaml.
build-WebhookFunction build-PublisherFunction build-EnricherFunction: build-%Function:
	$(BUILD) -o $(ARTIFACTS_DIR)/bootstrap ./functions/$(shell echo $* | tr A-Z a-z)

deploy-check: .venv/bin/sam ## template.yaml linted, built, transformed, and deployed to a stand-in for AWS, as docs/deploy.md says
	.venv/bin/cfn-lint template.yaml
	.venv/bin/sam validate --lint
	go test -tags deploy $(TESTFLAGS) -count=1 ./test/deploycheck

# The functions for this machine.
SAM_BUILD = GOARCH=$(shell go env GOHOSTARCH) .venv/bin/sam build

sam-local: .venv/bin/sam servers ## what `sam local` needs to run the functions, and how to do so; needs Docker
	$(SAM_BUILD)
	go run ./test/samlocal/cmd

e2e-sam: .venv/bin/sam servers ## the functions in containers, by the commands of sam-local; needs Debian's Docker, and root
	$(SAM_BUILD)
	test/events/with-docker go test -tags sam $(TESTFLAGS) -count=1 -run 'TestTheFunctions' ./test/events

schemathesis: bin/schemathesis/bin/schemathesis ## whatever docs/openapi.yaml allows and what it does not, sent to a run on this machine; needs Python 3
	test/schemathesis/run $<

bin/schemathesis/bin/schemathesis: test/schemathesis/requirements.txt
	python3 -m venv bin/schemathesis
	$(call pip_install,bin/schemathesis)

.venv/bin/sam: test/requirements.txt
	python3 -m venv .venv
	$(call pip_install,.venv)

# Installs what the rule's first file names, with all that it needs, and nothing
# else.
define pip_install
	$(1)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	$(1)/bin/pip check
	touch $@
endef

requirements: ## every requirements.txt anew: its requirements.in with all that it needs, and a hash of each file
	python3 -m venv bin/pip-tools
	bin/pip-tools/bin/pip install --quiet --disable-pip-version-check $(PIP_TOOLS)
	for folder in test test/schemathesis; do \
		CUSTOM_COMPILE_COMMAND='make requirements' bin/pip-tools/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
			--no-emit-find-links --no-emit-index-url --no-emit-trusted-host --output-file $$folder/requirements.txt $$folder/requirements.in || exit 1; \
	done

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin go install $(GOLANGCI_LINT)

bin/govulncheck:
	GOBIN=$(CURDIR)/bin go install $(GOVULNCHECK)

# It is a Go module, and so are its tools: one of them makes what govulncheck reads.
bin/vulndb-%:
	@rm -rf $@.part; dir=$$(go mod download -json golang.org/x/vulndb@$* | sed -n 's/^\t"Dir": "\(.*\)",$$/\1/p') && test -n "$$dir" \
		&& GOBIN=$(CURDIR)/bin go install golang.org/x/vulndb/cmd/indexdb@$* && bin/indexdb -vulns "$$dir/data/osv" -out $@.part && mv $@.part $@ \
		|| { echo "the vulnerability database $* cannot be had, so nothing was checked"; exit 1; }

# Nothing but files whose hashes are kept is run. The copy of the pom.xml comes
# last and says that all is there.
bin/%/pom.xml: test/awstest/%/pom.xml test/awstest/%/sha256sums
	rm -rf $(@D)
	$(COPY_JARS)
	cd $(@D) && sha256sum --check --strict --quiet $(CURDIR)/test/awstest/$*/sha256sums
	@cd $(@D) && test "$$(ls | wc -l)" -eq "$$(wc -l <$(CURDIR)/test/awstest/$*/sha256sums)" || { echo "$(@D) has files without a hash"; exit 1; }
	cp $< $@

# --strict-checksums compares with what the repository says of each file; that is
# all there is for Maven's own plugins.
COPY_JARS = mvn -q -B --strict-checksums -f test/awstest/$*/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(@D)

checksums: $(SERVERS:%=bin/new/%/sha256sums) ## the hashes of the servers' files anew, after a change of a pom.xml

.PHONY: $(SERVERS:%=bin/new/%/sha256sums)
$(SERVERS:%=bin/new/%/sha256sums): bin/new/%/sha256sums:
	rm -rf $(@D)
	$(COPY_JARS)
	cd $(@D) && sha256sum * >$(CURDIR)/test/awstest/$*/sha256sums

clean: ## removes all that was built or installed here
	rm -rf bin ci-output .aws-sam .venv test/*/node_modules
