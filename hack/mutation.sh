#!/usr/bin/env bash
# Mutation testing by cargo-mutants: one result, condition or operator of the code is changed at a time, and the tests of
# the same crate must notice. docs/mutation-testing.md says what came of it, and why some changes may go unnoticed.
#
#   hack/mutation.sh domain          every change of a crate: domain, vendors, or driver (the operator's shipments)
#   hack/mutation.sh domain 3/40     every fortieth, from the third on (counted from 0)
#
# The last line counts: tested, missed, caught, unviable (does not compile). The exit code is 0 only if none was missed.
# What was missed stands in .state/mutation/NAME/mutants.out/missed.txt.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"

readonly VERSION=27.1.0
mutants=$root/.cache/cargo-mutants

need git rust c
name=${1-}
case $name in
domain) what=(--package yubikey-shipment-domain) ;;
vendors) what=(--package yubikey-shipment-vendors) ;;
# The tests on a control plane would notice more, and take minutes each.
driver)
  what=(--package yubikey-shipment-operator --file 'src/shipment/*.rs' --file 'src/shipment/**/*.rs'
    --file src/kubernetes/status_patch.rs --cargo-test-arg=--lib)
  ;;
*) fail "say domain, vendors or driver" ;;
esac
[ -z "${2-}" ] || what+=(--shard "$2")

[ "$("$mutants/bin/cargo-mutants" mutants --version 2>/dev/null)" = "cargo-mutants $VERSION" ] ||
  watched mutation '^ *Compiling ' "crates compiled of cargo-mutants" "$logs/mutation-install.log" \
    cargo install --locked --version "$VERSION" --root "$mutants" cargo-mutants ||
  fail "cargo-mutants could not be built; see $logs/mutation-install.log"

mkdir -p .state/mutation
# A random test that goes on for ever is noticed too.
tied "$mutants/bin/cargo-mutants" mutants "${what[@]}" --no-shuffle --sharding round-robin --colors never \
  --timeout 240 --build-timeout 900 --output "$root/.state/mutation/$name"
