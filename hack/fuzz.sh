#!/usr/bin/env bash
# Throws changed inputs at everything the operator reads from outside, with libFuzzer
# (docs/fuzzing.md). Seeds are in fuzz/corpus-seed; what a run learns is kept in
# .cache/fuzz and used by the next one, apart from smoke runs, which are always the same.
#
#   hack/fuzz.sh smoke              each target a few thousand times, from the seeds
#   hack/fuzz.sh TARGET [SECONDS]   one target, for 60 seconds if not said
#   hack/fuzz.sh all [SECONDS]      each target that long
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
need rust c cxx
cd "$root/fuzz"

export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-$root/target/fuzz}
learned=$root/.cache/fuzz
# Whatever takes longer than this with one input is a finding.
limits=(-timeout=20 -rss_limit_mb=2048 -max_len=8192)

# libFuzzer's view into the program. It works with a stable compiler.
coverage="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"

# With --target the flags stay away from build scripts and macros.
host=$(rustc -vV | sed -n 's/^host: //p')
programs=$CARGO_TARGET_DIR/$host/debug

targets() { basename -s .rs fuzz_targets/*.rs; }

build() {
  say "fuzz: building the targets"
  RUSTFLAGS=$coverage cargo build --locked --quiet --target "$host" --bins
}

# fuzz TARGET FIRST_CORPUS OPTION...: an input that is a finding stays beside the corpus.
fuzz() {
  local target=$1 corpus=$2
  shift 2
  mkdir -p "$corpus" "$learned/findings"
  "$programs/$target" "${limits[@]}" -artifact_prefix="$learned/findings/$target-" "$@" "$corpus" "corpus-seed/$target"
}

# The number of runs ends it, not the clock: the same on every machine. What is
# learned goes into a directory that is thrown away.
smoke() {
  local target failed=0 scratch
  scratch=$(mktemp -d)
  # The name is gone when the trap runs: its value stands in it.
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  for target in $(targets); do
    if fuzz "$target" "$scratch/$target" -seed=1 -runs=3000 -verbosity=0; then
      say "ok fuzz $target"
    else
      say "not ok fuzz $target"
      failed=1
    fi
  done
  return "$failed"
}

long() {
  local target=$1 seconds=$2
  say "fuzz: $target for $seconds s"
  fuzz "$target" "$learned/corpus/$target" -max_total_time="$seconds" -print_final_stats=1
}

[ $# -gt 0 ] || fail "name a target, or say smoke or all; targets: $(targets | xargs)"
build
case $1 in
  smoke) smoke ;;
  all) for target in $(targets); do long "$target" "${2:-60}"; done ;;
  *)
    [ -f "fuzz_targets/$1.rs" ] || fail "there is no target $1; targets: $(targets | xargs)"
    long "$1" "${2:-60}"
    ;;
esac
