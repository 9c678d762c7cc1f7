# HSC-JIT. `make` lists what can be made.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# One step after the other: two cargos would wait for each other's lock and mix what they say.
.NOTPARALLEL:

CARGO := cargo
# Builds use the tested lock file; a change of it needs a commit.
LOCKED := --locked
# Given to the server by `make run`, for example: make run ARGS="--config hsc.toml"
ARGS ?=

# Runs each test binary within a bound, so that nothing can hang CI. Not a setting of the build: with or
# without it the same is built.
BOUNDED := --config 'target."cfg(all())".runner = ["$(CURDIR)/tests/bounded.sh"]'
# What `make fuzz` feeds to every parser: generated inputs a target, seconds a target at most, the seed,
# and a word that the targets' names have.
INPUTS ?= 1000000
SECONDS ?= 600
SEED ?= 1
TARGET ?=

# Nothing is built twice in a fresh clone, so what only helps a second build is left out there.
ifdef CI
export CARGO_INCREMENTAL := 0
endif

# Tools that are installed when the machine has none: from a wheel where their project publishes one, else built from
# source. They run for seconds and are built for minutes, so they are optimised as little as pays.
TOOLS := $(CURDIR)/.make/tools
export PATH := $(TOOLS)/bin:$(PATH)
TOOL := CARGO_TARGET_DIR=$(CURDIR)/.make/target CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	CARGO_PROFILE_RELEASE_STRIP=true \
	$(CARGO) install --locked --root $(TOOLS)

WEB_SOURCES := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f -print 2>/dev/null)

##@ Use it

.PHONY: run
run: need-build web/dist/.built ## Build the server, start it with the demo catalog, print its address.
	$(CARGO) build --release $(LOCKED) --bin hsc
	.ci/model data/model target/release/hsc
	target/release/hsc serve $(ARGS)

.PHONY: model
model: web/dist/.built ## Download the sentence encoder (162 MiB of wheels, once) and put it into data/model.
	$(CARGO) test $(LOCKED) --workspace --no-run
	.ci/model data/model target/debug/hsc

##@ Change it

# The pages first: the server has them in it, and would be built again when they come.
.PHONY: test
test: need-all web check model test-alerts test-static-deploy test-proxies test-rust test-operations test-web test-browser test-artillery ## Run all checks and tests, as CI does.

.PHONY: check
check: fmt lint rustdoc tidy deny machete typos ## The static checks.

.PHONY: web
web: web/dist/.built ## Build the browser pages into web/dist.

.PHONY: docs
docs: ## Generate docs/configuration.md and docs/metrics.md from the code, and the PrometheusRule from the alerts.
	docker/kubernetes/prometheus-rule.sh > docker/kubernetes/base/prometheus-rule.yaml
	$(CARGO) run -q $(LOCKED) -p hsc-config --example configuration_page > docs/configuration.md
	$(CARGO) run -q $(LOCKED) -p hsc-monitoring --example metrics_page > docs/metrics.md

.PHONY: test-deploy
test-deploy: model ## Deploy to this machine as root: update, roll back, restore, rotate; writes docs/deployment-report.md.
	$(CARGO) build --release $(LOCKED) --bin hsc
	tests/deploy/deploy.sh

# How long `make soak` runs.
DURATION ?= 60m

.PHONY: soak
soak: model ## Run the deployment under load as root, with a fault each minute: DURATION=60m; prints the objectives.
	$(CARGO) build --release $(LOCKED) --bin hsc
	tests/deploy/soak.sh $(DURATION)

.PHONY: bench
bench: ## Measure search and the reading of manuals (Criterion).
	$(CARGO) bench $(LOCKED) --workspace --benches

.PHONY: bench-load
bench-load: ## Measure the server over the wire with `hsc load`: keystrokes, sessions, start, memory.
	$(CARGO) build --release $(LOCKED) --bin hsc
	tests/over_the_wire.sh target/release/hsc

.PHONY: bench-hostile
bench-hostile: ## Measure latencies and memory of 200 normal clients under 7,000 hostile ones.
	$(CARGO) build --release $(LOCKED) --bin hsc
	HSC_BINARY=$(CURDIR)/target/release/hsc $(CARGO) test $(LOCKED) --workspace --test promises -- \
		--ignored --nocapture the_latency_of_normal_clients

.PHONY: bench-embedding
bench-embedding: model ## Measure typing and questions while manuals are embedded.
	$(CARGO) build --release $(LOCKED) --bin hsc
	tests/while_embedding.sh target/release/hsc

.PHONY: clean
clean: ## Delete build outputs, downloads and installed packages.
	$(CARGO) clean
	rm -rf web/dist web/node_modules .make

##@ One step of the test

.PHONY: fmt
fmt: ## Check the formatting; `cargo fmt` fixes it.
	$(CARGO) fmt --all --check

.PHONY: lint
lint: ## Run clippy on everything, warnings are errors.
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- -D warnings

.PHONY: rustdoc
rustdoc: ## Build the API docs, private items included, warnings are errors.
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(LOCKED) --workspace --no-deps --document-private-items

# Cargo builds a crate once for each set of features, and each choice of packages makes another set.
# So everything that is tested is built as one choice, `--workspace`; the server comes with it.
.PHONY: tidy
tidy: ## Check layering, import cycles, file headers, docs and packaging.
	$(CARGO) test $(BOUNDED) $(LOCKED) --workspace --test tidy

.PHONY: test-alerts
test-alerts: ## Check the Prometheus configuration and test every alert.
	.ci/need prometheus
	promtool check config monitoring/prometheus/prometheus.yml
	promtool test rules monitoring/alerts/tests/*.yml

.PHONY: test-static-deploy
test-static-deploy: ## Check images, compose files, Kubernetes, proxies, secrets and workflows, without a container.
	.ci/need deploy
	tests/deploy/static.sh

.PHONY: test-proxies
test-proxies: web/dist/.built ## Run nginx and HAProxy, as docker/examples has them, in front of two servers.
	.ci/need proxies
	$(CARGO) test $(LOCKED) --workspace --no-run
	timeout --verbose --kill-after=30 5m tests/deploy/proxies.sh target/debug/hsc

.PHONY: test-rust
test-rust: web/dist/.built ## Run the Rust tests: units, end-to-end, doc examples, tidy.
	$(CARGO) test $(BOUNDED) $(LOCKED) --workspace --no-fail-fast

.PHONY: test-operations
test-operations: need-test web/dist/.built ## Run the commands of docs/operations against a server with all that it uses.
	.ci/need operations
	$(CARGO) test $(LOCKED) --workspace --no-run
	timeout --verbose --kill-after=30 20m python3 -B tests/deploy/operations.py target/debug/hsc

# Releases from before schema_migrations have the tests `the_previous_release_serves` alone: they do not read that table.
PREVIOUS ?= target/previous/hsc
TESTS ?= schema_versions::the_previous_release

.PHONY: test-previous
test-previous: web/dist/.built need-test ## Run a binary of the previous release on the new tables of the archive: PREVIOUS=hsc.
	test -x "$(PREVIOUS)" || { echo "make: PREVIOUS names the binary of the previous release" >&2; exit 1; }
	HSC_PREVIOUS="$(abspath $(PREVIOUS))" $(CARGO) test $(BOUNDED) $(LOCKED) --workspace --test promises -- $(TESTS)

.PHONY: test-web
test-web: web/node_modules/.installed ## Check the types and the lint of the pages, run their unit tests.
	npm --prefix web run check
	timeout --verbose --kill-after=30 15m npm --prefix web test

.PHONY: test-browser
test-browser: need-test web/dist/.built ## Run the browser tests: Chromium against the server.
	$(CARGO) test $(LOCKED) --workspace --no-run
	timeout --verbose --kill-after=30 60m npm --prefix web run test:browser

.PHONY: test-artillery
test-artillery: web/dist/.built ## Run Artillery against the server, where its package installs.
	$(CARGO) test $(LOCKED) --workspace --no-run
	tests/artillery.sh target/debug/hsc .make/artillery

# An optimised build with the checks of the tests for our own crates. The server itself is without debug assertions: with
# them rust-embed expects a build in which it reads the pages from the disk.
CHECKED = --config profile.release.package.hsc.overflow-checks=true \
	$(foreach crate,hsc-actors hsc-answers hsc-catalogs hsc-config hsc-conversation hsc-load hsc-manuals hsc-monitoring,\
	--config profile.release.package.$(crate).overflow-checks=true --config profile.release.package.$(crate).debug-assertions=true)

.PHONY: fuzz
fuzz: web/dist/.built ## Feed generated inputs to every parser: INPUTS=1000000 SECONDS=600 SEED=1 TARGET=html.
	HSC_FUZZ_INPUTS=$(INPUTS) HSC_FUZZ_SECONDS=$(SECONDS) HSC_FUZZ_SEED=$(SEED) HSC_TEST_MINUTES=240 \
		$(CARGO) test $(BOUNDED) $(LOCKED) --workspace --release $(CHECKED) --test fuzz -- --nocapture --test-threads 2 $(TARGET)

.PHONY: deny
deny: ## Check licences and banned crates.
	command -v cargo-deny >/dev/null || $(TOOL) cargo-deny@0.20.2
	$(CARGO) deny --log-level error check licenses bans sources

.PHONY: machete
machete: ## Find unused dependencies.
	command -v cargo-machete >/dev/null || $(TOOL) cargo-machete@0.9.2
	$(CARGO) machete

# The wheels for Linux: x86-64, 64-bit ARM.
TYPOS := 1.52.0
TYPOS_SHA256 := 418fd85f7fc11dec14e5482e747f6e916af56da96207cde0cdd69540a4b389f6 \
	5e870133c7e9cace94183e4d638697004a1473e79abcd01b8f75e362049a9b5c

.PHONY: typos
typos: ## Check the spelling.
	command -v typos >/dev/null || .ci/prebuilt $(TOOLS) typos typos==$(TYPOS) $(TYPOS_SHA256) || $(TOOL) typos-cli@$(TYPOS)
	typos

# What the machine must have.

.PHONY: need-build
need-build:
	@.ci/need build

.PHONY: need-test
need-test:
	@.ci/need build browser ocr redis postgres

# Of every step of `make test`: installed at once, and named at once where we may not install.
.PHONY: need-all
need-all:
	@.ci/need build browser ocr redis postgres prometheus deploy proxies operations

web/node_modules/.installed: web/package-lock.json web/package.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	npm --prefix web run build
	@touch $@

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
