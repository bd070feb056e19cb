#!/usr/bin/env bash
# The core suites of tests/it, and one small storm, against a sandbox that guesses against the operator wherever the
# vendors' documents are silent (crates/sandbox/README.md, "The strict profile"). The exit code is 0 only if all pass.
#
#   hack/strict.sh              all core suites, then the storm, whose verdict is the last line
#   hack/strict.sh FILTER...    only the tests whose name holds one of these
#   hack/strict.sh storm        only the storm: SHIPMENTS=20 MINUTES=1 SEED=1
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"
export CONTROL_PLANE_BIN=$bin/control-plane SANDBOX_PROFILE=strict

need rust
[ -x "$CONTROL_PLANE_BIN" ] || fail "there is no .cache/bin/control-plane: run make build"

suites() {
  tied cargo build --workspace --bins
  tied cargo test --workspace --test it -- "$@"
}

case ${1-} in
'')
  # Whole modules: a part of a name would take in tests of others, whose vendors keep what these forget in a minute.
  suites road:: adoption:: deletion:: preflight:: migration:: \
    rollout_console:: rollout_controls:: rollout_deleted:: rollout_groups:: rollout_tables:: rollout_users::
  hack/soak.sh strict
  ;;
storm) hack/soak.sh strict ;;
*) suites "$@" ;;
esac
