# What the scripts of hack/ share. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$root/.cache/bin
logs=$root/.cache/logs
mkdir -p "$bin" "$logs"
# The programs of the project before the machine's: its kubectl and helm may be
# of any version. Before them kubectl of a control plane that is named, which is
# of the version of its API server (hack/versions.sh).
export PATH=$bin:$PATH
[ -z "${CONTROL_PLANE_BIN-}" ] || PATH=$(dirname "$CONTROL_PLANE_BIN"):$PATH

# The tests wait more than they compute, so many more of them run than there are cores.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-10}

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# A shell in the background ignores Ctrl-C, and one that waits for a program does
# not pass SIGTERM on. So whoever starts something long does it with `tied` or
# `watched`, which end it together with the script.
tied_child=

tie() {
  tied_child=$1
  trap 'kill "$tied_child" 2>/dev/null || true; exit 143' TERM INT
}

untie() {
  local code=0
  wait "$tied_child" || code=$?
  tied_child=
  trap - TERM INT
  return "$code"
}

# tied COMMAND...: runs it; the exit code is the command's.
tied() {
  "$@" </dev/null &
  tie $!
  untie
}

# watched NAME PATTERN UNIT LOG COMMAND...: runs the command with its output in
# LOG, and every 15 seconds says how many of its lines match PATTERN, so that
# whoever waits sees something move. The exit code is the command's.
watched() {
  local name=$1 pattern=$2 unit=$3 log=$4 began=$SECONDS next=15
  shift 4
  "$@" >"$log" 2>&1 </dev/null &
  tie $!
  while kill -0 "$tied_child" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - began)) -ge "$next" ]; then
      say "$name: $((SECONDS - began)) s, $(grep -cE "$pattern" "$log" || true) $unit"
      next=$((SECONDS - began + 15))
    fi
  done
  untie
}

# end_process PID: asks it to end, and after five seconds no longer asks.
end_process() {
  local patience=50
  kill "$1" 2>/dev/null || return 0
  while kill -0 "$1" 2>/dev/null && [ "$patience" -gt 0 ]; do
    sleep 0.1
    patience=$((patience - 1))
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
