# Finds promtool, which tests alerts and checks scraped metrics. Sourced, never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154
. "$root/hack/lib/debian.sh"

# The version that is compiled where there is no other way to a promtool.
promtool_module=github.com/prometheus/prometheus/cmd/promtool@v0.316.0

# promtool_program: sets $promtool: $PROMTOOL, else the one in PATH, else that of
# Debian's package, unpacked under .cache, else compiled. Fails where nothing
# of this works.
promtool_program() {
  local own=$root/.cache/promtool
  if [ -n "${PROMTOOL-}" ]; then
    [ -x "$PROMTOOL" ] || fail "PROMTOOL names $PROMTOOL, which cannot be run"
    promtool=$PROMTOOL
  elif command -v promtool >/dev/null; then
    promtool=$(command -v promtool)
  else
    promtool=$own/promtool
    [ -x "$promtool" ] || debian_program prometheus promtool "$own" || promtool_compiled "$own"
  fi
}

promtool_compiled() {
  command -v go >/dev/null || return 1
  say "promtool: compiling $promtool_module (many minutes, once)"
  mkdir -p "$1"
  GOTOOLCHAIN=local GOBIN=$1 CGO_ENABLED=0 go install "$promtool_module"
}
