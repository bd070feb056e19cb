#!/usr/bin/env bash
# What depends on the API server, on every version of Kubernetes that can be built
# here: the core suites of tests/it, the chart with its admission policies and
# rights, and the control plane's own tests. One line a version:
#
#   Kubernetes 1.32.4: N passed, N failed in N s
#
# The exit code is 0 only if nothing failed. What failed is named before the line;
# the logs are .cache/logs/versions-MINOR-*.log.
#
#   hack/versions.sh            all: the folders of tools/control-plane/versions, and the newest
#   hack/versions.sh MINOR...   some, 1.32 for example, or newest
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/count.sh"
cd "$root"

# Each needs something of the API server: rules and bounds its CEL and schemas,
# rights its RBAC, decisions its policies, poison its reading of times.
core=(road:: adoption:: deletion:: rollout_ decisions:: rights:: rules:: bounds:: definitions poison:: template:: held::)

control_plane() {
  if [ "$1" = newest ]; then say "$bin/control-plane"; else say "$root/.cache/versions/$1/control-plane"; fi
}

# Helm is of one version everywhere; the tests look for it beside the control plane.
build() {
  local minor=$1 at helm
  if [ "$minor" = newest ]; then
    tools/control-plane/build.sh
    return
  fi
  tools/control-plane/build.sh "$minor"
  at=$(dirname "$(control_plane "$minor")")
  for helm in helm helm3; do ln -sf "$bin/$helm" "$at/$helm"; done
}

run_core() { cargo test --workspace --test it -- "${core[@]}"; }

run_chart() { cargo test --workspace --test chart; }

# In a shell of its own: the folder is this suite's only.
run_control-plane() (
  mapfile -t flags < <(tools/control-plane/build.sh flags)
  cd tools/control-plane || exit
  # `minor` is suite's.
  mod=go.mod
  [ "$minor" = newest ] || mod=versions/$minor/go.mod
  export CONTROL_PLANE_GO_MOD=$PWD/$mod GOTOOLCHAIN=local CGO_ENABLED=0
  go test "${flags[@]}" -count=1 -v ./e2e
)

# suite MINOR NAME COUNTER: adds what the suite counts to passed and failed.
suite() {
  local minor=$1 name=$2 log=$logs/versions-$1-$2.log code=0 p f s
  CONTROL_PLANE_BIN=$(control_plane "$minor") "run_$name" >"$log" 2>&1 </dev/null || code=$?
  read -r p f s < <("$3" "$log")
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ] || [ "$((p + s))" -eq 0 ]; then f=$((f + 1)); fi
  [ "$f" -eq 0 ] || failed_tests "$minor $name" "$log"
  passed=$((passed + p)) failed=$((failed + f))
}

version_of() { "$(control_plane "$1")" kubectl version --client | sed -n 's/^Client Version: v//p'; }

try() {
  local minor=$1 began=$SECONDS passed=0 failed=0
  suite "$minor" core count_cargo
  suite "$minor" chart count_cargo
  suite "$minor" control-plane count_go
  say "Kubernetes $(version_of "$minor"): $passed passed, $failed failed in $((SECONDS - began)) s"
  [ "$failed" -eq 0 ] || bad=1
}

need git rust c go python
tools/build.sh
cargo build --workspace --bins
if [ $# -eq 0 ]; then
  mapfile -t minors < <(cd tools/control-plane/versions && printf '%s\n' */ | tr -d / | sort -V)
  set -- "${minors[@]}" newest
fi
bad=0
for minor in "$@"; do
  build "$minor"
  try "$minor"
done
exit "$bad"
