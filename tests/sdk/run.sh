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

# The environment serves as long as the pins and the Python under it are the same.
stamp() {
  python3 - "$here/requirements.txt" <<'END'
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), sys.base_prefix, *sys.version_info[:3])
END
}

up_to_date() { [ -x "$python" ] && [ "$(cat "$venv/stamp" 2>/dev/null)" = "$wanted" ]; }

# One process a step, each tied to this script, so that nothing goes on installing
# when the script was ended. Wheels only: a source package would build with tools
# that no hash pins.
fill_venv() {
  rm -rf "$venv"
  tied python3 -m venv "$venv" || fail "python3 -m venv failed, see above"
  if watched "sdk" '^Collecting ' "packages" "$logs/sdk-venv.log" \
    "$python" -m pip install --disable-pip-version-check --no-input --no-deps \
    --require-hashes --only-binary :all: --requirement "$here/requirements.txt"; then return; fi
  tail -n 20 "$logs/sdk-venv.log" >&2
  fail "Okta's SDK could not be installed, see above"
}

make_venv() {
  wanted=$(stamp)
  if up_to_date; then return; fi
  # Two at once would tear each other's files down.
  if command -v flock >/dev/null; then
    exec 9>"$venv.lock"
    tied flock 9
    if up_to_date; then return; fi
  fi
  say "sdk: installing Okta's SDK for Python, once, into ${venv#"$root"/}"
  fill_venv
  printf '%s\n' "$wanted" >"$venv/stamp"
}

need python python_venv
build_sandbox
make_venv
# Nothing of this shell stays: whoever ends this process ends run.py, and the
# sandbox with it.
exec 9>&- || true
exec "$python" -B "$here/run.py" "$sandbox" "$@" </dev/null
