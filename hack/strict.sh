#!/usr/bin/env bash
# The core suites of tests/it against a sandbox that guesses against the operator wherever the vendors' documents are
# silent (crates/sandbox/README.md, "The strict profile"). The exit code is 0 only if all of them pass.
#
#   hack/strict.sh [FILTER...]    all core suites, or the tests whose name holds one of these
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"
export CONTROL_PLANE_BIN=$bin/control-plane SANDBOX_PROFILE=strict

need rust
[ -x "$CONTROL_PLANE_BIN" ] || fail "there is no .cache/bin/control-plane: run make build"
[ $# -gt 0 ] || set -- road:: adoption:: deletion:: rollout_ preflight:: migration::
tied cargo build --workspace --bins
tied cargo test --workspace --test it -- --test-threads "${RUST_TEST_THREADS:-6}" "$@"
