#!/usr/bin/env bash
# Tests the alert rules and the dashboard of the chart with promtool. One line
# `ok` or `not ok` a test.
#
#   hack/alerts-test.sh                  all
#   hack/alerts-test.sh metrics FILE...  only: does promtool take these scraped
#                                        /metrics? Names the first fault.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/promtool.sh"
. "$root/hack/lib/tests.sh"
rules=$root/charts/yubikey-shipment-operator/files/alerts.yaml
dashboard=$root/charts/yubikey-shipment-operator/files/dashboard.json
tests=$root/tests/alerts/alerts_test.yaml
look="python3 $root/hack/lib/alerts.py"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# promtool names no test: where one fails, each is run from a file of its own.
test_each_alert() {
  local name file whole=
  $look split "$tests" "$work/tests"
  cp "$rules" "$tests" "$work/tests"
  if "$promtool" test rules "$work/tests/$(basename "$tests")" >/dev/null 2>&1; then whole=passed; fi
  while IFS=$'\t' read -r file name; do
    if [ -n "$whole" ]; then say "ok $name"; else run "$name" "$promtool" test rules "$work/tests/$file"; fi
  done <"$work/tests/names"
}

dashboard_parses() {
  $look dashboard-rules "$dashboard" >"$work/dashboard.yaml"
  "$promtool" check rules "$work/dashboard.yaml"
}

# promtool knows the older text form only.
check_metrics() { $look text-form "$1" | "$promtool" check metrics; }

promtool=
promtool_program || fail "there is no promtool: set PROMTOOL, install Debian's package prometheus, or install Go"

if [ "${1-}" = metrics ]; then
  shift
  for file in "$@"; do run "promtool takes $(basename "$file")" check_metrics "$file"; done
  exit "$failed"
fi
run "the alert rules are valid" "$promtool" check rules "$rules"
test_each_alert
run "every expression of the dashboard parses" dashboard_parses
$look check "$root" || failed=1
python3 "$root/hack/lib/pages.py" "$root" || failed=1
exit "$failed"
