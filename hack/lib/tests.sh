# How scripts of tests say what became of each. Sourced after common.sh, never run;
# $work is a directory of the script's own.
# shellcheck shell=bash
# Some names are set by whoever sources this, some are read there.
# shellcheck disable=SC2034,SC2154

failed=0

# run WHAT COMMAND...: a test; its output is shown if it fails. In the background,
# because where a failure is expected, as after `if`, a function's set -e is off.
run() {
  local what=$1
  shift
  (trap - EXIT; "$@") >"$work/output" 2>&1 </dev/null &
  if wait $!; then
    say "ok $what"
  else
    sed 's/^/  | /' "$work/output"
    say "not ok $what"
    failed=1
  fi
}
