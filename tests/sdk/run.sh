#!/usr/bin/env bash
# Proves the sandbox with a client that nobody here wrote: Okta's published SDK
# for Python. README.md says what is proven. The last line counts the tests.
#
#   tests/sdk/run.sh              all of them
#   tests/sdk/run.sh NAME...      those whose name contains one of these
#
# SANDBOX_BIN names the sandbox's program, if it is not target/debug/….
set -euo pipefail
. "$(dirname "$0")/../../hack/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/venv.sh"

here=$root/tests/sdk
venv=$root/.cache/sdk-venv
python=$venv/bin/python
sandbox=${SANDBOX_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/yubikey-shipment-sandbox}

build_sandbox() {
  if [ -x "$sandbox" ]; then return; fi
  [ -z "${SANDBOX_BIN-}" ] || fail "there is no program $SANDBOX_BIN (SANDBOX_BIN)"
  need rust c
  say "sandbox: building"
  cd "$root"
  watched "sandbox" '^ *Compiling ' "crates compiled" "$logs/sdk-cargo-build.log" \
    cargo build --package yubikey-shipment-sandbox --bins && return
  tail -n 40 "$logs/sdk-cargo-build.log" >&2
  fail "the sandbox could not be built, see above"
}

need python python_venv
build_sandbox
venv_make sdk "$venv" "$here/requirements.txt"
# Nothing of this shell stays: whoever ends this process ends run.py, and the
# sandbox with it.
exec "$python" -B "$here/run.py" "$sandbox" "$@" </dev/null
