# Finds promtool, which tests alerts and checks scraped metrics. Sourced, never run.
# shellcheck shell=bash
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
    [ -x "$promtool" ] || promtool_of_debian "$own" || promtool_compiled "$own"
  fi
}

promtool_of_debian() {
  local own=$1 work
  debian_able || return 1
  say "promtool: unpacking Debian's package prometheus under .cache"
  work=$own.new
  rm -rf "$work"
  debian_download "$work" prometheus || return 1
  dpkg-deb --extract "$work"/prometheus_*.deb "$work/files" || return 1
  mkdir -p "$own"
  mv "$work/files/usr/bin/promtool" "$own/promtool"
  rm -rf "$work"
}

promtool_compiled() {
  command -v go >/dev/null || return 1
  say "promtool: compiling $promtool_module (many minutes, once)"
  mkdir -p "$1"
  GOTOOLCHAIN=local GOBIN=$1 CGO_ENABLED=0 go install "$promtool_module"
}
