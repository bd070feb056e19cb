#!/usr/bin/env bash
# Builds what demo and tests run: the operator, the sandbox, the control plane
# with kubectl, Helm, and what judges manifests. Rust and Go side by side; what is up to date costs
# nothing and says nothing.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"

build_go() {
  tied "$root/tools/control-plane/build.sh"
  tied "$root/tools/build.sh"
}

build_rust() {
  cd "$root"
  if watched "rust" '^ *Compiling ' "crates compiled" "$logs/cargo-build.log" cargo build --workspace --bins; then return; fi
  tail -n 60 "$logs/cargo-build.log" >&2
  say "rust: the build failed, see above; the whole of it is in $logs/cargo-build.log" >&2
  return 1
}

need git rust c go
build_go &
go=$!
build_rust &
rust=$!
trap 'kill "$go" "$rust" 2>/dev/null || true; exit 143' TERM INT
failed=0
# The one that ends first may have failed while the other needs minutes more.
wait -n || failed=$?
[ "$failed" -eq 0 ] || { kill "$go" "$rust" 2>/dev/null || true; wait; exit 1; }
wait -n || failed=$?
[ "$failed" -eq 0 ] || exit 1
