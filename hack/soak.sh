#!/usr/bin/env bash
# Fault storms against the operator on a real API server, and their audit. The
# last line, and the only one on stdout, is the verdict; see docs/soak.md.
#
#   SHIPMENTS=500 MINUTES=10 SEED=1 hack/soak.sh run    a storm, with release builds
#   hack/soak.sh audit DIR                              its verdict once more, from its folder alone
#   USERS=2000 SEED=1 hack/soak.sh rollout              rollouts of all three sources over so many people
#   SHIPMENTS=200 RESTING=1000 hack/soak.sh bench       CPU, memory, calls and writes of a shipment, measured and not judged
#   INSTANT=1 SHIPMENTS=1000 RESTING=1 hack/soak.sh bench   the same with parcels that arrive at once: how many a second
#   PEERS="NAME=PROGRAM,DEFINITIONS ..." hack/soak.sh bench   other operators with as many objects, one after the other:
#                                                       external-secrets, cert-manager; DEFINITIONS is a file
#   hack/soak.sh strict                                 a small storm with debug builds against unfriendly vendors, for hack/strict.sh
#   hack/soak.sh short                                  a small rollout and two small storms with debug builds, for hack/test.sh
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"

target=${CARGO_TARGET_DIR:-$root/target}

# build PROFILE: what a storm runs; says something only while it takes long.
build() {
  # In debug what hack/build.sh has built: a choice of packages is a choice of
  # features, and compiles the libraries once more.
  local what=(--workspace --bins)
  [ "$1" = debug ] || what=(--release -p yubikey-shipment-operator -p yubikey-shipment-sandbox -p yubikey-shipment-soak)
  tied tools/control-plane/build.sh >&2
  tied tools/build.sh >&2
  watched "soak" '^ *Compiling ' "crates compiled" "$logs/soak-build.log" \
    cargo build "${what[@]}" >&2 ||
    fail "the build failed; see $logs/soak-build.log"
}

# storm PROFILE SEED SHIPMENTS MINUTES DIR
storm() {
  local programs=$target/$1
  tied "$programs/yubikey-shipment-soak" run --seed "$2" --shipments "$3" --minutes "$4" --dir "$5" \
    --tools "$bin" --chart charts/yubikey-shipment-operator \
    --operator "$programs/yubikey-shipment-operator" --sandbox "$programs/yubikey-shipment-sandbox"
}

# audit PROFILE DIR
audit() { tied "$target/$1/yubikey-shipment-soak" audit --dir "$2"; }

# rollout PROFILE SEED USERS MINUTES DIR
rollout() {
  local programs=$target/$1
  tied "$programs/yubikey-shipment-soak" rollout --seed "$2" --users "$3" --minutes "$4" --dir "$5" \
    --tools "$bin" --chart charts/yubikey-shipment-operator \
    --operator "$programs/yubikey-shipment-operator" --sandbox "$programs/yubikey-shipment-sandbox"
}

run_rollout() {
  local seed=${SEED:-1}
  build release
  rollout release "$seed" "${USERS:-200}" "${MINUTES:-60}" "${DIR:-.state/rollout/$seed}"
}

bench() {
  local programs=$target/release
  local more=() peer
  [ -z "${INSTANT-}" ] || more=(--instant)
  # Paths without blanks, separated by blanks.
  for peer in ${PEERS-}; do more+=(--peer "$peer"); done
  build release
  tied "$programs/yubikey-shipment-soak" bench --seed "${SEED:-1}" --shipments "${SHIPMENTS:-200}" --resting "${RESTING:-1000}" \
    "${more[@]}" \
    --dir "${DIR:-.state/bench}" --tools "$bin" --chart charts/yubikey-shipment-operator \
    --operator "$programs/yubikey-shipment-operator" --sandbox "$programs/yubikey-shipment-sandbox"
}

run() {
  local seed=${SEED:-1}
  build release
  storm release "$seed" "${SHIPMENTS:-100}" "${MINUTES:-3}" "${DIR:-.state/soak/$seed}"
}

# whole NAME COMMAND...: a line that hack/test.sh counts.
whole() {
  local name=$1
  shift
  if "$@"; then say "ok $name"; else say "not ok $name"; fi
}

same() { [ "$(audit debug "$1" 2>/dev/null)" = "$(cat "$1.verdict")" ]; }

short_storm() {
  local dir=.state/soak/short-$1
  mkdir -p .state/soak
  storm debug "$1" 12 0.75 "$dir" >"$dir.verdict" && cat "$dir.verdict"
}

short_rollout() {
  local dir=.state/rollout/short
  mkdir -p .state/rollout
  rollout debug 1 50 8 "$dir" >"$dir.verdict" && cat "$dir.verdict"
}

short() {
  local seed
  build debug
  whole "rollouts of all three sources over 50 people serve everybody once, and their counts are the books'" short_rollout
  for seed in 1 2; do
    whole "a storm of seed $seed ends with nothing twice, lost, early, leaked or unexplained" short_storm "$seed"
    whole "its audit comes to the same" same ".state/soak/short-$seed"
  done
}

# The sandbox reads its profile from the environment.
strict() {
  export SANDBOX_PROFILE=strict
  build debug
  storm debug "${SEED:-1}" "${SHIPMENTS:-20}" "${MINUTES:-1}" "${DIR:-.state/soak/strict}"
}

need git rust c go
case ${1-} in
run) run ;;
rollout) run_rollout ;;
bench) bench ;;
audit)
  [ -n "${2-}" ] || fail "name the folder of a run: make audit DIR=.state/soak/1"
  profile=release
  if ! [ -x "$target/release/yubikey-shipment-soak" ]; then
    if [ -x "$target/debug/yubikey-shipment-soak" ]; then profile=debug; else build release; fi
  fi
  audit "$profile" "$2"
  ;;
short) short ;;
strict) strict ;;
*) fail "say run, rollout, bench, audit DIR, short or strict" ;;
esac
