#!/usr/bin/env bash
# Every test there is. Builds first, shows what happens, keeps each suite's full
# output in .cache/logs, and ends with one line that counts:
#
#   N passed, N failed[, N skipped]
#
# A suite that crashes, or that counts nothing, is one failed test. The exit code
# is 0 only if nothing failed.
#
#   hack/test.sh            all suites
#   hack/test.sh NAME...    some: format, lint, rust, soak, operations, fuzz, control-plane, gitops, chart, alerts, image,
#                           sdk, dashboard, docs;
#                           unit is the part of rust that needs no control plane, chart the part that tests the charts
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/seed.sh"
. "$root/hack/lib/count.sh"
cd "$root"
export CONTROL_PLANE_BIN=$bin/control-plane

# What each suite came to: NAME.count, and NAME.failed, which is told once more at
# the end, because a log is often seen by its last lines only.
results=$logs/test-results
rm -rf "$results"
mkdir -p "$results"

# --- suites ---

# suite NAME COUNTER PATTERN COMMAND...: PATTERN tells finished tests, for the
# progress.
suite() {
  local name=$1 counter=$2 pattern=$3 log=$logs/test-$1.log code=0 began=$SECONDS p f s
  shift 3
  watched "$name" "$pattern" "tests done" "$log" "$@" || code=$?
  read -r p f s < <("$counter" "$log")
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then
    f=1
    say "$name: ended with exit code $code and names no failed test"
  elif [ "$code" -eq 0 ] && [ "$((p + f + s))" -eq 0 ]; then
    f=1
    say "$name: ran no test"
  fi
  if [ "$f" -ne 0 ]; then
    show_failure "$name" "$log"
    failed_tests "$name" "$log" >"$results/$name.failed"
  fi
  say "$name: $p passed, $f failed, $s skipped in $((SECONDS - began)) s"
  printf '%s %s %s\n' "$p" "$f" "$s" >"$results/$name.count"
}

# show_failure NAME LOG: which tests failed, and why as far as a screen holds it.
show_failure() {
  say "$1: the failures and the end of $2:"
  {
    grep -E '^(test .*FAILED|not ok |--- FAIL|    --- FAIL|error(\[|:)|thread .* panicked|FAIL|ERROR)' "$2" | awk '!seen[$0]++' | head -n 30
    say "…"
    tail -n 30 "$2"
  } | cut -c -300 | sed 's/^/  | /'
}

suite_format() { suite format count_lines '^ok ' hack/lint.sh rust-format go-format scripts version workflow circles prose crates; }

suite_lint() { suite lint count_lines '^ok ' hack/lint.sh clippy go-vet helm; }

suite_rust() { suite rust count_cargo '^test .* \.\.\. ' cargo test --workspace --no-fail-fast; }

# What needs no control plane: the crates' own tests, the addresses, the walls, the promises, the sandbox.
suite_unit() {
  suite unit count_cargo '^test .* \.\.\. ' cargo test --workspace --no-fail-fast --lib --bins \
    --test addresses --test architecture --test promises --test sandbox
}

# A smoke run of each target; the long runs are `make fuzz`.
suite_fuzz() { suite fuzz count_lines '^(not )?ok ' hack/fuzz.sh smoke; }

suite_control-plane() { suite control-plane count_go '^--- ' control_plane_tests; }

# With the flags of the build, or all of Kubernetes is compiled once more.
# -count=1: the program under test is no input that go knows of.
control_plane_tests() {
  local flags
  mapfile -t flags < <(tools/control-plane/build.sh flags)
  cd tools/control-plane
  GOTOOLCHAIN=local CGO_ENABLED=0 go test "${flags[@]}" -count=1 -v ./e2e
}

# Argo CD's health of the kept objects, and the strictness of what judges. The
# objects themselves are made and judged in the suite `rust`.
suite_gitops() { suite gitops count_go '^--- ' gitops_tests; }

gitops_tests() {
  local flags
  mapfile -t flags < <(tools/build.sh flags)
  cd tools/judge
  GOTOOLCHAIN=local CGO_ENABLED=0 go test "${flags[@]}" -count=1 -v .
}

# A part of rust: the charts, rendered and installed.
suite_chart() { suite chart count_cargo '^test .* \.\.\. ' cargo test --workspace --no-fail-fast --test chart; }

# Alerts, runbooks and dashboard.
suite_alerts() { suite alerts count_lines '^(not )?ok ' hack/alerts-test.sh; }

# The container images, put together and started without an engine.
suite_image() { suite image count_lines '^(not )?ok ' hack/image-test.sh; }

# Okta's published SDK against the sandbox.
suite_sdk() {
  suite sdk count_summary '\.\.\. (ok|FAIL|ERROR|skipped)' tests/sdk/run.sh
}

# The page in a real browser.
suite_dashboard() { suite dashboard count_lines '^(not )?ok ' tests/dashboard/run.sh; }

# The documentation as a site.
suite_docs() { suite docs count_lines '^(not )?ok ' hack/docs.sh test; }

# Two small fault storms, and their audits.
suite_soak() { suite soak count_lines '^(not )?ok ' hack/soak.sh short; }

# Generated operations, a few.
suite_operations() { suite operations count_lines '^(not )?ok ' hack/operations.sh short; }

# count NAME...: the last lines. A suite that left no count did not end.
count() {
  local name p f s passed=0 failed=0 skipped=0
  for name in "$@"; do
    read -r p f s < <(cat "$results/$name.count" 2>/dev/null || echo 0 1 0)
    [ -e "$results/$name.count" ] || say "$name: did not end" >"$results/$name.failed"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  done
  if [ "$failed" -ne 0 ]; then
    say "what failed:"
    cat "$results"/*.failed
    say_seed
  fi
  local line="$passed passed, $failed failed"
  [ "$skipped" -eq 0 ] || line+=", $skipped skipped"
  say "$line"
  [ "$failed" -eq 0 ]
}

# lane NAME...: suites one after another.
lane() {
  local name
  for name in "$@"; do "suite_$name"; done
}

# side_by_side LANE LANE: each a list of suites. Most of what they do is to wait,
# so two lanes take little longer than the longer one alone.
side_by_side() {
  local lanes=()
  # shellcheck disable=SC2086 # a list of names
  (lane $1) &
  lanes+=($!)
  # shellcheck disable=SC2086
  (lane $2) &
  lanes+=($!)
  trap 'kill "${lanes[@]}" 2>/dev/null || true; exit 143' TERM INT
  # What a lane came to is in its suites' counts.
  wait "${lanes[@]}" || true
  trap - TERM INT
}

need git rust rust_components go c cxx python python_venv npm
say_seed
if ! tied hack/build.sh; then
  say "the build failed, so no test could run"
  count build || exit 1
fi
if [ $# -gt 0 ]; then
  lane "$@"
  count "$@"
else
  first='format lint rust'
  second='soak operations control-plane gitops alerts image sdk dashboard docs fuzz'
  side_by_side "$first" "$second"
  # shellcheck disable=SC2086
  count $first $second
fi
