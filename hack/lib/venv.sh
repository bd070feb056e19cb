# Python environments of tests and pages, made once and kept as long as they fit. Sourced after common.sh, never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154

# venv DIR REQUIREMENTS: afterwards DIR/bin/python has exactly the packages that REQUIREMENTS pins by hash. What is
# there serves as long as the pins and the Python under it are the same. Two at once wait for each other. It needs
# python and python_venv of prerequisites.sh.
venv() {
  local dir=$1 requirements=$2 name wanted lock=
  name=$(basename "$dir")
  wanted=$(venv_stamp "$requirements")
  if venv_fits "$dir" "$wanted"; then return 0; fi
  mkdir -p "$(dirname "$dir")"
  # Two at once would tear each other's files down.
  if command -v flock >/dev/null; then
    exec {lock}>"$dir.lock"
    tied flock "$lock"
  fi
  if ! venv_fits "$dir" "$wanted"; then
    say "$name: installing ${requirements#"$root"/} into ${dir#"$root"/}, once" >&2
    venv_fill "$dir" "$requirements" "$name" >&2
    printf '%s\n' "$wanted" >"$dir/stamp"
  fi
  # Nothing that the script starts later holds the lock.
  [ -z "$lock" ] || exec {lock}>&-
}

# venv_stamp REQUIREMENTS: what an environment depends on, in a line.
venv_stamp() {
  python3 - "$1" <<'END'
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), sys.base_prefix, *sys.version_info[:3])
END
}

# venv_fits DIR STAMP: whether what is there was filled to its end, of these pins.
venv_fits() { [ -x "$1/bin/python" ] && [ "$(cat "$1/stamp" 2>/dev/null)" = "$2" ]; }

# venv_fill DIR REQUIREMENTS NAME: one process a step, each tied to the script, so that nothing goes on installing when
# the script was ended. Wheels only: a source package would build with tools that no hash pins.
venv_fill() {
  local dir=$1 requirements=$2 name=$3 log=$logs/venv-$3.log
  rm -rf "$dir"
  tied python3 -m venv "$dir" || fail "python3 -m venv failed, see above"
  if watched "$name" '^Collecting ' "packages" "$log" \
    "$dir/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps \
    --require-hashes --only-binary :all: --requirement "$requirements"; then return 0; fi
  tail -n 20 "$log" >&2
  fail "${requirements#"$root"/} could not be installed, see above"
}
