# Which version of Kubernetes the go commands of this folder are about. Sourced
# by build.sh and bump.sh, never run; the present directory is this folder.
# shellcheck shell=bash
# Some names are set by whoever sources this, some are read there.
# shellcheck disable=SC2034,SC2154

# use_version MINOR: sets `mod`, the go.mod, and adds its flags to go_flags. An
# empty MINOR is the newest, whose go.mod is in this folder. Each older one has
# a folder of versions with go.mod and go.sum, and with a version.go if this
# version's does not compile there: go then reads it in place of this folder's.
use_version() {
  local minor=$1 overlay
  mod=go.mod replaced=
  [ -n "$minor" ] || return 0
  [ -d "versions/$minor" ] || { echo "control-plane: there is no versions/$minor; see ls versions" >&2; exit 2; }
  bin=$root/.cache/versions/$minor
  mod=versions/$minor/go.mod
  go_flags+=("-modfile=$mod")
  [ -f "versions/$minor/version.go" ] || return 0
  replaced=versions/$minor/version.go
  overlay=$bin/overlay.json
  mkdir -p "$bin"
  printf '{"Replace": {"%s": "%s"}}\n' "$PWD/version.go" "$PWD/$replaced" >"$overlay"
  go_flags+=("-overlay=$overlay")
}
