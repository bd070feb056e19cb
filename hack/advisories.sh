#!/usr/bin/env bash
# Known weaknesses in what is built in: crates by cargo-deny and RustSec's
# database, Go modules by govulncheck and Go's. Both databases are fetched, so
# this is no part of `make test`; the nightly workflow runs it. One line `ok` or
# `not ok` a tree.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/linters.sh"
. "$root/hack/lib/go-build.sh"
cd "$root"

deny=$(cargo_deny_program)
govulncheck=$(govulncheck_program)
failed=0

told() {
  local name=$1
  shift
  if "$@"; then say "ok advisories $name"; else say "not ok advisories $name"; failed=1; fi
}

# What stands in go.mod is asked for: nothing is compiled for it, and nothing of
# Go is shipped.
modules() { (cd "$1" && GOTOOLCHAIN=local "$govulncheck" -scan module); }

for tree in Cargo.toml fuzz/Cargo.toml; do
  told "$tree" "$deny" --log-level error --config deny.toml --manifest-path "$tree" --workspace check advisories
done
for tree in tools tools/control-plane tools/image tools/judge tools/lint; do told "$tree" modules "$tree"; done
exit "$failed"
