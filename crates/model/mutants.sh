#!/usr/bin/env bash
# Spoils the production planner one rule at a time, and expects the model to notice each time: exit 1, a property and
# a trace. A patch that no longer applies, a mutant that does not build, and one that survives are failures.
#
#   crates/model/mutants.sh           every mutant
#   crates/model/mutants.sh NAME...   these (crates/model/mutants/NAME.patch)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A build folder of its own that stays warm from one mutant to the next; the sources are copied, never changed here.
export CARGO_TARGET_DIR=${MUTANTS_TARGET_DIR:-$root/target/mutants}

fresh_copy() {
  rm -rf "${scratch:?}/tree"
  mkdir -p "$scratch/tree/crates"
  cp -R "$root/crates/domain" "$root/crates/model" "$scratch/tree/crates/"
  cp "$root/Cargo.lock" "$scratch/tree/"
  # The workspace without its other members.
  awk '/^\[/ { keep = /^\[workspace/ || /^\[profile.model\]/ } keep' "$root/Cargo.toml" >"$scratch/tree/Cargo.toml"
}

# model LOG ARGS...: builds and runs the copy.
model() {
  local log=$1
  shift
  (cd "$scratch/tree" && cargo build --quiet --profile model -p yubikey-shipment-model) >"$log" 2>&1 || return 2
  "$CARGO_TARGET_DIR/model/model" "$@" >"$log" 2>&1
}

names=("$@")
[ ${#names[@]} -gt 0 ] || for patch in "$root"/crates/model/mutants/*.patch; do names+=("$(basename "$patch" .patch)"); done

fresh_copy
if ! model "$scratch/log" --fast; then
  tail -n 40 "$scratch/log"
  echo "not ok: the planner as it stands fails"
  exit 1
fi
failed=0
for name in "${names[@]}"; do
  fresh_copy
  began=$SECONDS verdict='' code=0
  if ! (cd "$scratch/tree" && patch -p1 --fuzz=0 --quiet <"$root/crates/model/mutants/$name.patch") >/dev/null; then
    verdict="the patch no longer applies"
  else
    model "$scratch/log" --fast || code=$?
    case $code in
      0) verdict="SURVIVES" ;;
      1) verdict=$(sed -n 's/^FAILED in \(.*\)/\1/p' "$scratch/log") ;;
      *) verdict="does not build" ;;
    esac
  fi
  if [ "$code" -eq 1 ] && [ -n "$verdict" ]; then
    printf 'ok     %-34s %s (%s s)\n' "$name" "$verdict" $((SECONDS - began))
  else
    printf 'not ok %-34s %s\n' "$name" "$verdict"
    failed=$((failed + 1))
  fi
done
echo "${#names[@]} mutants, $failed not killed"
[ "$failed" -eq 0 ]
