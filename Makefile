# Paddock. `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash

NPM_CI = npm ci --no-audit --no-fund --loglevel=error
# The longest come first, so that nothing is left to run alone at the end.
PACKAGES = ./tests/system ./tests/isolation ./app/... ./cmd/... ./sql/... ./tests/...

# Most tests wait more than they compute: more of them at once than there are
# processors.
PARALLEL ?= 4

# What is half made is made again: a console that was built and is too large is none.
.DELETE_ON_ERROR:

.PHONY: help run test test-go test-web test-race docs-test lint fmt build web sim bench bench-check fuzz mutants chaos narrowing soak faults clocks schema codes configuration release migrate clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: build ## a working Paddock on http://localhost:8080, with Postgres and a simulated Alpaca
	@exec ./bin/paddock dev $(ARGS)

build: web ## the binary, with the console in it
	go build -trimpath -o bin/paddock ./cmd/paddock

web: app/web/dist/console/index.html ## the console alone

app/web/dist/console/index.html: app/web/node_modules/.installed $(wildcard app/web/*.html app/web/*.json app/web/*.ts app/web/scripts/*) $(shell find app/web/src app/web/live/src app/web/public -type f 2>/dev/null)
	cd app/web && npm run build
	@touch $@

app/web/node_modules/.installed: app/web/package-lock.json
	cd app/web && $(NPM_CI)
	@touch $@

tests/js/node_modules/.installed: tests/js/package-lock.json
	cd tests/js && $(NPM_CI)
	@touch $@

test: test-web test-go ## everything, on a real Postgres: TEST_DATABASE_URL, else Docker, else the embedded one

test-web: web
	cd app/web && npm run sizes && npm run typecheck && npm test

test-go: build tests/js/node_modules/.installed
	PADDOCK_BINARY=$(CURDIR)/bin/paddock go run ./tests/withpg go test -timeout 15m -parallel $(PARALLEL) $(PACKAGES)

docs-test: build ## run every command of README.md and docs, and compare what they print
	PADDOCK_BINARY=$(CURDIR)/bin/paddock go test -count 1 ./tests/docs

RACE = ./app/broker/... ./app/httpapi/... ./app/push/... ./app/mirror/...

test-race: build ## the packages with the most goroutines, under Go's race detector
	PADDOCK_BINARY=$(CURDIR)/bin/paddock go run ./tests/withpg go test -race -timeout 30m $(RACE)

lint: app/web/node_modules/.installed ## gofmt, go vet, staticcheck, gosec, govulncheck, prettier, eslint, npm audit
	@test -z "$$(gofmt -l app cmd sql tests)" || { gofmt -l app cmd sql tests; echo 'run make fmt'; exit 1; }
	go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)
	tests/lint/weaknesses
	cd app/web && npm run lint

fmt: app/web/node_modules/.installed ## format the code
	gofmt -w app cmd sql tests
	cd app/web && npm run format

sim: ## a simulated Alpaca alone, on http://127.0.0.1:8090
	go run ./cmd/paddock sim

bench: ## print ratios beside pgbench on the same server
	go run ./tests/withpg go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./tests/bench

bench-check: ## the same, and fail where one of tests/bench/testdata/ratios.txt became worse by more than a fifth
	@set -o pipefail; $(MAKE) --no-print-directory bench | go run ./tests/bench/check tests/bench/testdata/ratios.txt

FUZZTIME ?= 30s
FUZZ = httpapi/FuzzOrderBody trading/FuzzOrderForBroker broker/FuzzServerEvents mirror/FuzzDescriptions

fuzz: ## look for inputs that break a promise, FUZZTIME (30s) for each fuzz test
	@for f in $(FUZZ); do \
	  go run ./tests/withpg go test -run '^$$' -fuzz "^$$(basename $$f)$$" -fuzztime $(FUZZTIME) ./app/$$(dirname $$f) || exit 1; \
	done

mutants: ## break one rule after the other, each of which a test must notice; RULE picks some
	go run ./tests/withpg go run ./tests/mutants $(RULE)

CHAOS ?= 3000

SOAK ?= 15m

soak: build ## a deployment under load while what it stands on is restarted, for SOAK (15m)
	PADDOCK_SOAK=$(SOAK) PADDOCK_BINARY=$(CURDIR)/bin/paddock go run ./tests/withpg go test -count 1 -timeout 60m -run "^TestSoak$$" -v ./tests/system

AGENTS ?= 0
DURING ?= 25m

chaos: build ## CHAOS (3000) orders with all faults and a server that is killed again and again; with AGENTS=100 of so many API tokens, for DURING (25m)
	PADDOCK_CHAOS=$(CHAOS) PADDOCK_CHAOS_AGENTS=$(AGENTS) PADDOCK_CHAOS_DURING=$(DURING) PADDOCK_BINARY=$(CURDIR)/bin/paddock \
	  go run ./tests/withpg go test -count 1 -timeout 90m -run '^TestChaos$$' -v ./tests/system

N ?= 1000000

narrowing: ## N (1000000) tokens that API tokens make at random, none of which may be wider than the one that made it
	PADDOCK_CHAINS=$(N) go run ./tests/withpg go test -count 1 -timeout 6h -run '^TestNoChainOfTokensWidens$$' -v ./app/tokens

FAULTS ?= 5m

faults: build ## three instances and those who follow, for FAULTS (5m) in which everything breaks
	PADDOCK_FAULTS=$(FAULTS) PADDOCK_BINARY=$(CURDIR)/bin/paddock go run ./tests/withpg go test -count 1 -timeout 60m -run '^TestEveryFollowerHearsEverything$$' -v ./tests/system

CLOCKS ?= $(shell cat app/alpacasim/testdata/awkward-times.txt)
CLOCKED ?= ./app/accounts ./app/alpacasim/... ./app/mirror ./app/trading ./app/httpapi ./tests/simulator ./tests/system ./tests/interop ./tests/browser

clocks: build tests/js/node_modules/.installed ## what uses the simulator (CLOCKED), with its clock at ten awkward times (CLOCKS)
	@for at in $(CLOCKS); do \
	  echo "The simulator's clock starts at $$at"; \
	  PADDOCK_TEST_CLOCK=$$at PADDOCK_BINARY=$(CURDIR)/bin/paddock go run ./tests/withpg go test -count 1 -timeout 15m -parallel $(PARALLEL) $(CLOCKED) || exit 1; \
	done

schema: ## write sql/schema.sql, the facts and the list of grants again from the migrations
	UPDATE_GOLDEN=1 go run ./tests/withpg go test -count 1 -run '^(TestSchemaFile|TestGrants|TestFactsFile)$$' ./tests/catalogue

codes: ## write the tables of error codes in docs again from app/problem
	UPDATE_GOLDEN=1 go test -count 1 -run '^TestTablesOfCodes$$' ./app/problem

configuration: ## write the tables of docs/configuration.md again from app/config
	UPDATE_GOLDEN=1 go test -count 1 -run '^TestReferenceOfSettings$$' ./app/config

release: web ## a release of the tagged commit in dist/: archives, Debian packages, SBOMs, checksums; ARGS=--snapshot of any commit
	deploy/release $(ARGS)

migrate: ## bring the database that DATABASE_URL names to the newest version
	go run ./cmd/paddock migrate

clean: ## remove what was built; data in .paddock stays
	rm -rf bin dist app/web/dist/console app/web/node_modules tests/js/node_modules
