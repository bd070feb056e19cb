# The habits of this project. `make` alone lists them.
# Everything real is in scripts, so that CI and people run the same.

.DEFAULT_GOAL := help
.PHONY: help build demo demo-stop check test docs docs-serve profile properties fuzz model mutants mutation strict operations soak rollout bench audit rights versions advisories image image-check crds lint fmt clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Everything demo and tests run: operator, sandbox, control plane with kubectl, Helm, judge
	@hack/build.sh

demo: ## The whole road on this machine, to keys that sign in (METHOD=group, batch or console: by a rollout; KEEP=1: leave it up; CLUSTER=current: in your cluster)
	@hack/demo.sh

demo-stop: ## End a demo that was left up
	@hack/demo.sh stop

test: ## Every test; the last line counts them
	@hack/test.sh

check: ## Before each commit: format, lints and every test that needs no control plane
	@hack/test.sh format lint unit

docs: ## The documentation as a site, strictly; the last line names its first page
	@hack/docs.sh

docs-serve: ## The same on loopback, following changes
	@hack/docs.sh serve

properties: ## A long search with the domain's random tests, from a fresh seed: CASES=20000
	@hack/properties.sh $(or $(CASES),20000)

fuzz: ## Changed inputs for everything that is read from outside (TARGET=status SECONDS=600)
	@hack/fuzz.sh $(or $(TARGET),all) $(or $(SECONDS),60)

model: ## Check the planner exhaustively, in every world within printed bounds
	cargo run --quiet --profile model -p yubikey-shipment-model

mutants: ## Spoil the planner in many ways; the model must notice each
	crates/model/mutants.sh

mutation: ## Change the code in small ways; the crate's own tests must notice: PART=domain, vendors or driver, SHARD=0/40
	@hack/mutation.sh $(or $(PART),domain) $(SHARD)

strict: ## The core suites and a small storm against vendors that are unfriendly wherever their documents are silent
	@hack/strict.sh

operations: ## Operations generated from the schemas, and what must hold after them: SEED=1 STEPS=1000; the last line is the verdict
	@hack/operations.sh run

soak: ## A fault storm: SHIPMENTS=500 MINUTES=10 SEED=1 (odd: two replicas without a lease); the last line is its verdict
	@hack/soak.sh run

rollout: ## All three ways to order at once, dry and for real: USERS=2000 SEED=1; the last line is the verdict
	@hack/soak.sh rollout

bench: ## What a shipment costs and what many at rest do: SHIPMENTS=200 RESTING=1000; one line of JSON, nothing is judged
	@hack/soak.sh bench

profile: ## A flame graph of the bench: WHAT=cpu (perf) or WHAT=allocations (heaptrack); the last line names the picture
	@hack/profile.sh

audit: ## Recompute a storm's verdict from its folder: DIR=.state/soak/1
	@hack/soak.sh audit "$(DIR)"

rights: ## Take the operator's rights away one by one; a test must notice each
	@hack/rights.sh

versions: ## Core suites, chart, policies and rights on every Kubernetes from the oldest supported: VERSIONS="1.32 newest"
	@hack/versions.sh $(VERSIONS)

advisories: ## Known weaknesses in crates and Go modules; fetches the databases
	@hack/advisories.sh

image: ## Container images of operator and sandbox, without an engine, as layouts and for kind, k3d, minikube, into .cache/image
	@hack/image.sh

image-check: ## Build the images twice from nothing: the digests must be the same
	@hack/image.sh check

crds: ## Write crds/ and the chart's copy from the Rust types
	@hack/crds.sh

lint: ## Formatting, clippy, shellcheck, actionlint, cargo-deny, go vet, helm lint
	@hack/lint.sh

fmt: ## Format Rust and Go
	cargo fmt --all
	cargo fmt --all --manifest-path fuzz/Cargo.toml
	gofmt -w tools

clean: ## Remove everything that was built, and the demo's state
	rm -rf target .cache .state
