# Everything a developer or CI runs. `make` prints this list.
SHELL := /bin/bash
TOOL := go tool -modfile=.ci/tools.mod
export TEST_AT = $(AT)
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/shubbak/bin
MINIO := github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
REQUIRE := $(if $(filter 1 yes,$(REAL)),-require,)

.PHONY: help run test race lint generate golden gallery lighthouse services check faults compose-env fixture bench

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## start the demo network on http://127.0.0.1:8080
	go run ./cmd/shubbak demo

test: ## all tests, with every real part that is found (REAL=1: all of them are required; AT=2027-02-28T23:50:00Z: at that moment)
	go run ./platform/testkit/testrun $(REQUIRE) -- -count=1 -timeout 40m $(TESTFLAGS) ./...

race: ## the race detector over pure packages and the PostgreSQL half
	go run ./platform/testkit/testrun $(REQUIRE) -only-postgres -- -race -short -count=1 -timeout 28m ./platform/... ./policies/... ./tenants/... ./modules/... ./cmd/shubbak

faults: ## kill the process and each part at random moments under load (ROUNDS=50, FAULT_SEED=… repeats a run)
	FAULT_ROUNDS=$(or $(ROUNDS),50) TEST_REQUIRE_REAL=1 go test -count=1 -v -timeout 40m -run '^TestFaults$$' ./cmd/shubbak

lint: ## formatting, vet, staticcheck, generated files current
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	$(MAKE) generate
	git diff --exit-code -- '*_templ.go'

generate: ## write the Go code of the templates
	$(TOOL) templ generate -path . >/dev/null

golden: ## write golden files again, for review
	UPDATE_GOLDEN=1 go test -count=1 ./policies ./cmd/shubbak -run 'Matrix|OpenAPI|Config'

gallery: ## write docs/gallery again: components and states in three languages
	mkdir -p docs/gallery && UPDATE_GOLDEN=1 go test -count=1 ./cmd/shubbak -run Gallery

lighthouse: ## performance, accessibility and best practices of three pages, each at least 98
	node web/e2e/lighthouse.mjs

bench: ## measure the product on a filled world (SIZE=small, or SIZE=full by hand)
	go run ./cmd/bench $(BENCHFLAGS)

services: ## install the real parts that tests use (Debian)
	@missing=""; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v gcc >/dev/null || missing="$$missing gcc libc6-dev"; \
	fc-list 2>/dev/null | grep -q NotoSansArabic || missing="$$missing fonts-noto-core fontconfig"; \
	if [ -n "$$missing" ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; fi
	@command -v clamd >/dev/null || [ -x /usr/sbin/clamd ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends clamav-daemon >/dev/null || echo "clamd cannot be installed: the tests that want a real one are skipped"
	@[ -x "$(CACHE)/minio" ] || { mkdir -p "$(CACHE)" && GOFLAGS= GOBIN="$(CACHE)" go install $(MINIO); }
	@[ -f web/e2e/node_modules/axe-core/axe.min.js ] || (cd web/e2e && npm ci --silent --no-audit --no-fund)

fixture: ## write the world that later programs must still read (testdata/upgrade), once per part
	UPDATE_FIXTURE=1 go run ./platform/testkit/testrun -require -- -count=1 -run '^TestAnOlderWorldIsMigratedAndRead$$' ./cmd/shubbak
	du -sh cmd/shubbak/testdata/upgrade

compose-env: ## write .env for docker compose, with passwords of its own
	@deploy/compose-env.sh .env

check: ## exactly what CI runs
	.ci/run
