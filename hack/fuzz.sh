#!/usr/bin/env bash
# Throws changed inputs at everything the operator reads from outside, with libFuzzer
# (docs/fuzzing.md). Seeds, written by hand, are in fuzz/corpus-seed; inputs that
# long runs found and that reach more, in fuzz/corpus. What a run learns is kept in
# .cache/fuzz and used by the next one, apart from smoke runs, which are always the same.
#
#   hack/fuzz.sh smoke              each target a few thousand times, from the seeds
#   hack/fuzz.sh TARGET [SECONDS]   one target, for 60 seconds if not said
#   hack/fuzz.sh all [SECONDS]      each target that long
#   RUNS=10000000 hack/fuzz.sh all  so many runs, however long they take; for one target too
#   hack/fuzz.sh coverage           how much of the program each target reaches, by seeds and by all inputs
#   hack/fuzz.sh keep               writes of what was learned the few inputs that reach most to fuzz/corpus
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
need rust c cxx
cd "$root/fuzz"

export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-$root/target/fuzz}
learned=$root/.cache/fuzz
# Whatever takes longer than this with one input is a finding.
limits=(-timeout=20 -rss_limit_mb=2048 -max_len=8192)
# What is committed of a target: at most so many inputs, each smaller than so many bytes.
readonly MOST=64 LARGEST=2049

# libFuzzer's view into the program. It works with a stable compiler.
coverage="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"

# With --target the flags stay away from build scripts and macros.
host=$(rustc -vV | sed -n 's/^host: //p')
programs=$CARGO_TARGET_DIR/$host/debug

targets() { basename -s .rs fuzz_targets/*.rs; }

# inputs TARGET: the folders that are committed.
inputs() { find corpus-seed corpus -mindepth 1 -maxdepth 1 -name "$1" 2>/dev/null; }

build() {
  say "fuzz: building the targets"
  RUSTFLAGS=$coverage cargo build --locked --quiet --target "$host" --bins
}

# fuzz TARGET FIRST_CORPUS OPTION...: an input that is a finding stays beside the corpus.
fuzz() {
  local target=$1 corpus=$2 known
  shift 2
  mkdir -p "$corpus" "$learned/findings"
  mapfile -t known < <(inputs "$target")
  "$programs/$target" "${limits[@]}" -artifact_prefix="$learned/findings/$target-" "$@" "$corpus" "${known[@]}"
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

# edges TARGET FOLDER...: how many edges of the program's graph the inputs reach together, and how many inputs they are.
edges() {
  local target=$1
  shift
  "$programs/$target" "${limits[@]}" -runs=0 "$@" 2>&1 |
    sed -nE 's/.*DONE +cov: ([0-9]+) .*corp: ([0-9]+).*/\1 edges by \2 inputs/p' | tail -1
}

# The whole program counts, libraries too: compare a target with itself, not with another.
coverage() {
  local target known all
  for target in $(targets); do
    mapfile -t known < <(inputs "$target")
    all=("${known[@]}")
    [ ! -d "$learned/corpus/$target" ] || all+=("$learned/corpus/$target")
    say "$target: seeds $(edges "$target" "corpus-seed/$target"); committed $(edges "$target" "${known[@]}"); with what was learned $(edges "$target" "${all[@]}")"
  done
}

# Of a set that reaches every edge the first ones: they are chosen, and written, by how many edges they add. Seeds stay
# where they are.
keep() {
  local target made
  for target in $(targets); do
    [ -d "$learned/corpus/$target" ] || continue
    made=$(mktemp -d)
    cp "corpus-seed/$target"/* "$made"
    mkdir -p "corpus/$target"
    "$programs/$target" "${limits[@]}" -set_cover_merge=1 -use_counters=0 "$made" "$learned/corpus/$target" \
      "corpus/$target" >"$logs/fuzz-keep.log" 2>&1
    rm -f "corpus/$target"/*
    chosen "$made" | xargs -r cp -t "corpus/$target"
    rm -rf "$made"
    say "$target: $(find "corpus/$target" -type f | wc -l) inputs"
  done
}

# chosen FOLDER: the inputs that are committed, of those that libFuzzer wrote and named there.
chosen() {
  find "$1" -maxdepth 1 -type f -size -"$LARGEST"c -regextype posix-extended -regex '.*/[0-9a-f]{40}' -printf '%T@ %p\n' |
    sort -n | sed -n "1,${MOST}s/^[^ ]* //p"
}

long() {
  local target=$1 seconds=$2 until
  until=${RUNS:+-runs=$RUNS}
  say "fuzz: $target, ${until:-for $seconds s}"
  fuzz "$target" "$learned/corpus/$target" "${until:--max_total_time=$seconds}" -print_final_stats=1
}

[ $# -gt 0 ] || fail "name a target, or say smoke, all, coverage or keep; targets: $(targets | xargs)"
build
case $1 in
  smoke) smoke ;;
  coverage) coverage ;;
  keep) keep ;;
  all) for target in $(targets); do long "$target" "${2:-60}"; done ;;
  *)
    [ -f "fuzz_targets/$1.rs" ] || fail "there is no target $1; targets: $(targets | xargs)"
    long "$1" "${2:-60}"
    ;;
esac
