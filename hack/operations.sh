#!/usr/bin/env bash
# Operations on the custom resources, generated from their schemas, against the operator on a real API server and the
# sandbox; see docs/operations-testing.md. The last line, and the only one on stdout, is the verdict.
#
#   SEED=1 STEPS=1000 hack/operations.sh run     one seed, with debug builds; WORLDS=12 BURSTS=3
#   SEEDS="1 2 3" STEPS=1000 hack/operations.sh run   several, a verdict each
#   hack/operations.sh replay FILE               a sequence that failed (.state/operations/SEED/failing-N.json) once more
#   hack/operations.sh short                     a few steps, for hack/test.sh
#   hack/operations.sh planted [NAME...]         takes a rule away (crates/operations/planted/NAME.patch); must be found
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"

programs=${CARGO_TARGET_DIR:-$root/target}/debug

build() {
  tied tools/control-plane/build.sh >&2
  tied tools/build.sh >&2
  watched "operations" '^ *Compiling ' "crates compiled" "$logs/operations-build.log" \
    cargo build --workspace --bins >&2 || fail "the build failed; see $logs/operations-build.log"
}

# operations OPERATOR ARGS...
operations() {
  local operator=$1
  shift
  tied "$programs/yubikey-shipment-operations" --tools "$bin" --chart charts/yubikey-shipment-operator \
    --operator "$operator" --sandbox "$programs/yubikey-shipment-sandbox" "$@"
}

run() {
  local seed code=0
  build
  for seed in ${SEEDS:-${SEED:-1}}; do
    operations "$programs/yubikey-shipment-operator" --seed "$seed" --steps "${STEPS:-1000}" \
      --worlds "${WORLDS:-12}" --bursts "${BURSTS:-3}" --dir ".state/operations/$seed" || code=1
  done
  return "$code"
}

replay() {
  build
  operations "$programs/yubikey-shipment-operator" --seed "${SEED:-1}" --replay "$1" --dir .state/operations/replay
}

short() {
  local dir=.state/operations/short
  build
  mkdir -p .state/operations
  if operations "$programs/yubikey-shipment-operator" --seed "${SEED:-1}" --steps 120 --worlds 6 --bursts 1 \
    --no-shrink --dir "$dir" >"$dir.verdict"; then
    say "ok generated operations leave every object at rest, consistent, and as a fresh one of its spec would be"
  else
    say "not ok generated operations leave every object at rest, consistent, and as a fresh one of its spec would be"
  fi
  cat "$dir.verdict"
}

# Sources are copied, never changed here; the build folder stays warm from one patch to the next.
planted() {
  local scratch name failed=0 target=${PLANTED_TARGET_DIR:-$root/target/planted}
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  build
  [ $# -gt 0 ] || set -- crates/operations/planted/*.patch
  for name in "$@"; do
    name=$(basename "$name" .patch)
    rm -rf "$scratch/tree"
    mkdir "$scratch/tree"
    git ls-files -z -- Cargo.toml Cargo.lock src crates | xargs -0 cp --parents -t "$scratch/tree"
    (cd "$scratch/tree" && patch -p1 --fuzz=0 --quiet) <"crates/operations/planted/$name.patch" ||
      fail "crates/operations/planted/$name.patch no longer applies"
    (cd "$scratch/tree" && CARGO_TARGET_DIR=$target tied cargo build --quiet --workspace --bin yubikey-shipment-operator) >&2
    cp "$target/debug/yubikey-shipment-operator" "$scratch/operator"
    if operations "$scratch/operator" --seed "${SEED:-1}" --steps "${STEPS:-300}" --worlds 8 --bursts 2 \
      --no-shrink --dir ".state/operations/planted-$name" >"$scratch/verdict" 2>"$scratch/log"; then
      say "not ok $name: nothing noticed that this rule is gone"
      failed=1
    elif [ -s "$scratch/verdict" ]; then
      say "ok $name: $(grep -m1 'failing-' "$scratch/log")"
    else
      tail -n 20 "$scratch/log" >&2
      say "not ok $name: the run came to no verdict"
      failed=1
    fi
  done
  return "$failed"
}

need git rust c go
case ${1-} in
run) run ;;
replay)
  [ -n "${2-}" ] || fail "name a file: hack/operations.sh replay .state/operations/1/failing-3.json"
  replay "$2"
  ;;
short) short ;;
planted) planted "${@:2}" ;;
*) fail "say run, replay FILE, short or planted" ;;
esac
