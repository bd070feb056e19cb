#!/usr/bin/env bash
# Formatting and lints of everything, without running a test. One line `ok` or
# `not ok` for each, as hack/test.sh counts them.
#
#   hack/lint.sh           all
#   hack/lint.sh NAME...   rust-format, clippy, circles, prose, crates, go-format, go-vet, scripts, version, workflow, helm
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
cd "$root"
export root bin

# clippy says only what is worth reading; the rest is in its log.
lint_rust-format() {
  cargo fmt --all --check
  cargo fmt --all --check --manifest-path fuzz/Cargo.toml
}

lint_clippy() { cargo clippy --workspace --all-targets --quiet -- -D warnings; }

# Lines of pages that are wider than a screen.
lint_prose() { hack/prose.py --check; }

# Files of a crate whose imports lead back to them.
lint_circles() { hack/import-circles.py . crates/*; }

lint_go-format() {
  local unformatted
  unformatted=$(gofmt -l tools)
  [ -z "$unformatted" ] || { say "make fmt is needed for: $unformatted"; return 1; }
}

# With the flags of the build, or all of Kubernetes is compiled once more.
lint_go-vet() {
  local flags
  mapfile -t flags < <(tools/control-plane/build.sh flags)
  (cd tools/control-plane && GOTOOLCHAIN=local CGO_ENABLED=0 go vet "${flags[@]}" ./...)
  (cd tools/image && GOTOOLCHAIN=local CGO_ENABLED=0 go vet "${flags[@]}" ./...)
  tools/build.sh
  (cd tools/judge && GOTOOLCHAIN=local CGO_ENABLED=0 go vet "${flags[@]}" .)
}

# Every script of the repository, new ones too; what is switched off is in .shellcheckrc.
lint_scripts() {
  local scripts script shellcheck
  mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run)
  for script in "${scripts[@]}"; do bash -n "$script"; done
  . hack/lib/linters.sh
  shellcheck=$(shellcheck_program)
  "$shellcheck" --format gcc "${scripts[@]}"
}

# What the trees are built from: licences, banned crates, sources. Advisories need a database: hack/advisories.sh.
lint_crates() {
  local deny tree
  . hack/lib/linters.sh
  deny=$(cargo_deny_program)
  for tree in Cargo.toml fuzz/Cargo.toml; do
    # A build fetches what this machine needs; licences are looked at on every platform.
    cargo fetch --locked --quiet --manifest-path "$tree"
    "$deny" --offline --locked --log-level error --config deny.toml --manifest-path "$tree" --workspace check bans licenses sources
  done
}

# One version of our own; and the oldest Kubernetes that the charts promise is the oldest that is tried, with a line for
# each in the record.
lint_version() {
  local versions=tools/control-plane/versions oldest other mod kubernetes
  hack/version.sh --check
  oldest=$(find "$versions" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | head -1)
  other=$(grep -H '^kubeVersion:' charts/*/Chart.yaml charts/*/charts/*/Chart.yaml | grep -vF ">=$oldest.0-0\"" || true)
  [ -z "$other" ] || { say "$versions begins with $oldest, and another oldest Kubernetes is promised: $other"; return 1; }
  for mod in tools/control-plane/go.mod "$versions"/*/go.mod; do
    kubernetes=$(sed -n 's/^\tk8s.io\/kubernetes v//p' "$mod")
    grep -q "^| $kubernetes " docs/kubernetes-versions.md || { say "docs/kubernetes-versions.md has no line for $kubernetes"; return 1; }
  done
}

# What actionlint says, actions by commit with their release in a comment, and one builder everywhere: by digest, and of
# the version that rust-version promises.
lint_workflow() {
  local loose builders promised actionlint shellcheck
  . hack/lib/linters.sh
  actionlint=$(actionlint_program)
  shellcheck=$(shellcheck_program)
  "$actionlint" -shellcheck "$shellcheck" -pyflakes ''
  loose=$(grep -nE '^ *-? *uses:' .github/workflows/*.yaml | grep -vE '@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$' || true)
  [ -z "$loose" ] || { say "not pinned: $loose"; return 1; }
  builders=$(grep -ohE '(container:|FROM) rust:[^ ]+' .github/workflows/*.yaml Containerfile | cut -d' ' -f2 | sort -u)
  [ "$(wc -l <<<"$builders")" = 1 ] || { say "there are several builders: $builders"; return 1; }
  promised=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml crates/*/Cargo.toml fuzz/Cargo.toml | sort -u)
  [[ $builders =~ ^rust:$promised-bookworm@sha256:[0-9a-f]{64}$ ]] || { say "the builder is not rust:$promised-bookworm, of rust-version, pinned by digest: $builders"; return 1; }
}

lint_helm() {
  local chart=charts/yubikey-shipment-operator values
  tools/build.sh
  helm lint --strict --quiet examples/gitops/helm/people
  helm lint --strict --quiet "$chart-crds"
  for values in "$chart"/ci/*-values.yaml; do helm lint --strict --quiet --values "$values" "$chart"; done
}

failed=0
[ $# -gt 0 ] || set -- rust-format clippy circles prose crates go-format go-vet scripts version workflow helm
for name in "$@"; do
  # Not as the condition of an if, where errors inside a function count nothing.
  code=0
  "$BASH" -euo pipefail -c "$(declare -f say fail "lint_$name"); lint_$name" || code=$?
  if [ "$code" -eq 0 ]; then say "ok $name"; else say "not ok $name"; failed=1; fi
done
exit "$failed"
