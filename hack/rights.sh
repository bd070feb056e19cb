#!/usr/bin/env bash
# Takes the operator's rights away one by one, and looks whether the test of each
# notices. Minutes, because an operator without a right may wait for what never
# comes. One line `ok` or `not ok` a right; the last line counts.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
cd "$root"
export CONTROL_PLANE_BIN=$bin/control-plane

# rights: test name and right, a line each, from the list in the test itself.
rights() {
  awk '/^rights! \{/ { on = 1; next } on && /^}/ { exit }
       on { line = line $0; if (/;$/) { print line; line = "" } }' tests/it/rights.rs |
    sed -E 's/^ *([a-z_]+): *"(.*)";$/\1\t\2/'
}

noticed=0 missed=0 log=$logs/rights.log
cargo test --quiet --workspace --test it --no-run
while IFS=$'\t' read -r name right; do
  WITHOUT_RIGHT=$right cargo test --quiet --workspace --test it -- --exact "rights::$name" >"$log" 2>&1 </dev/null || true
  if grep -q "rights::$name.*FAILED\|^    rights::$name$" "$log"; then
    noticed=$((noticed + 1))
    say "ok without: $right"
  else
    missed=$((missed + 1))
    say "not ok without: $right ($name passes)"
  fi
done < <(rights)
say "$noticed noticed, $missed missed"
[ "$missed" -eq 0 ] && [ "$noticed" -gt 0 ]
