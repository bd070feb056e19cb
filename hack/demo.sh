#!/usr/bin/env bash
# Shows the whole road of three shipments, from helm install to keys that sign
# in: a real API server, the operator as the chart starts it, and the sandbox in
# the part of both vendors. Ends by itself and leaves nothing running. Builds
# what it needs; the show itself is crates/demo.
#
#   hack/demo.sh                    the show
#   KEEP=1 hack/demo.sh             everything stays up until Enter, Ctrl-C or `hack/demo.sh stop`
#   CLUSTER=current hack/demo.sh    in the cluster of your KUBECONFIG; no image is there,
#                                   so the operator runs here, with the chart's rights
#   METHOD=group hack/demo.sh       the same two people and a third by a rollout: group, batch or console
#   hack/demo.sh stop               ends a demo that runs elsewhere
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"

pidfile=$root/.state/demo.pid

# one_at_a_time: the lock goes with the build, the pid tells `stop` whom to end.
one_at_a_time() {
  mkdir -p "$root/.state"
  if running; then fail "a demo is running already, process $(cat "$pidfile"); make demo-stop ends it"; fi
  if command -v flock >/dev/null; then
    exec 8>"$pidfile.lock"
    flock -n 8 || fail "a demo is starting already; make demo-stop ends it"
  fi
  echo $$ >"$pidfile"
}

# running: whether the process in the pid file is still a demo, and not another
# program that got its number.
running() {
  local pid arguments
  pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  command -v ps >/dev/null || return 0
  arguments=$(ps -o args= -p "$pid")
  [[ $arguments == *demo.sh* || $arguments == *yubikey-shipment-demo* ]]
}

stop() {
  if ! running; then
    say "no demo is running"
    return
  fi
  local pid
  pid=$(cat "$pidfile")
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  say "the demo is stopped"
}

main() {
  local programs=${CARGO_TARGET_DIR:-$root/target}/debug
  local arguments=(--root "$root" --programs "$programs" --tools "$bin" --pid-file "$pidfile")
  case ${METHOD-} in
    "") ;;
    group | batch | console) arguments+=(--method "$METHOD") ;;
    *) fail "METHOD is $METHOD: give group, batch or console, or leave it out for single shipments" ;;
  esac
  [ "${CLUSTER-}" != current ] || arguments+=(--current)
  [ -z "${KEEP-}" ] || arguments+=(--keep)
  need git rust c go python
  one_at_a_time
  trap 'rm -f "$pidfile"' EXIT
  trap 'exit 130' INT
  tied "$root/hack/build.sh" 8>&-
  # The same process goes on as the program, which removes the file at its end.
  exec "$programs/yubikey-shipment-demo" "${arguments[@]}" 8>&-
}

if [ "${1-}" = stop ]; then stop; else main; fi
