# Python environments from pinned requirements, each made once. Sourced after common.sh, never run.
# shellcheck shell=bash

# The environment serves as long as the pins and the Python under it are the same.
venv_stamp() {
  python3 - "$1" <<'END'
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), sys.base_prefix, *sys.version_info[:3])
END
}

venv_up_to_date() { [ -x "$1/bin/python" ] && [ "$(cat "$1/stamp" 2>/dev/null)" = "$2" ]; }

# One process a step, each tied to the script, so that nothing goes on installing when the script was ended. Wheels
# only: a source package would build with tools that no hash pins.
venv_fill() {
  local name=$1 venv=$2 requirements=$3
  rm -rf "$venv"
  tied python3 -m venv "$venv" || fail "python3 -m venv failed, see above"
  if watched "$name" '^Collecting ' "packages" "$logs/$name-venv.log" \
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps \
    --require-hashes --only-binary :all: --requirement "$requirements"; then return; fi
  tail -n 20 "$logs/$name-venv.log" >&2
  fail "the Python packages of $requirements could not be installed, see above"
}

# venv_make NAME DIRECTORY REQUIREMENTS: makes it, if it is not there already.
venv_make() {
  local name=$1 venv=$2 requirements=$3 wanted
  wanted=$(venv_stamp "$requirements")
  if venv_up_to_date "$venv" "$wanted"; then return; fi
  # Two at once would tear each other's files down.
  if command -v flock >/dev/null; then
    exec 9>"$venv.lock"
    tied flock 9
    if venv_up_to_date "$venv" "$wanted"; then exec 9>&-; return; fi
  fi
  say "$name: installing ${requirements#"$root"/}, once, into ${venv#"$root"/}"
  venv_fill "$name" "$venv" "$requirements"
  printf '%s\n' "$wanted" >"$venv/stamp"
  exec 9>&- || true
}
