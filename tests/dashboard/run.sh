#!/usr/bin/env bash
# The page in a real Chromium, on a real API server, with the operator and the sandbox behind it. README.md says what is
# shown. One line `ok` or `not ok` for each test.
#
#   tests/dashboard/run.sh              all of them
#   tests/dashboard/run.sh NAME...      those whose name contains one of these
#
# CHROMIUM names the browser, if it is not `chromium`. SCREENSHOTS names a folder for the pictures: docs/pictures for
# those of the documentation.
set -euo pipefail
. "$(dirname "$0")/../../hack/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/venv.sh"
. "$root/hack/lib/chromium.sh"

here=$root/tests/dashboard
venv=$root/.cache/dashboard-venv
modules=$root/.cache/dashboard-npm
programs=${PROGRAMS:-${CARGO_TARGET_DIR:-$root/target}/debug}

# axe-core as the lock pins it; no script of a package is run.
axe() {
  if cmp -s "$here/package-lock.json" "$modules/package-lock.json"; then return; fi
  rm -rf "$modules"
  mkdir -p "$modules"
  cp "$here/package.json" "$modules/"
  cp "$here/package-lock.json" "$modules/"
  tied npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --silent || {
    rm "$modules/package-lock.json"
    fail "axe-core could not be installed by npm ci, see above"
  }
}

need python python_venv npm
for program in kubectl-yubikey yubikey-dashboard yubikey-shipment-operator yubikey-shipment-sandbox; do
  [ -x "$programs/$program" ] || fail "there is no $programs/$program: run hack/build.sh"
done
if ! CHROMIUM=$(chromium_program); then
  say "ok the page in a browser # SKIP there is no Chromium (CHROMIUM may name it)"
  exit
fi
export CHROMIUM
venv "$venv" "$here/requirements.txt"
axe
export PROGRAMS=$programs CONTROL_PLANE_BIN=${CONTROL_PLANE_BIN:-$bin/control-plane} KUBECTL=$bin/kubectl
export AXE=$modules/node_modules/axe-core/axe.min.js SCREENSHOTS=${SCREENSHOTS:-$root/.cache/dashboard-pictures}
# Nothing of this shell stays: whoever ends this process ends the test, and what it started.
exec "$venv/bin/python" -B "$here/run.py" "$@" </dev/null
