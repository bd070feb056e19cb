# Builds one large Go program, with progress shown, and only when it is out of
# date. Sourced by tools/control-plane/build.sh and tools/build.sh, never run.
#
# Both programs take minutes the first time: whoever waits must see that
# something happens, and whoever comes a second time must not wait at all.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154

# No debugging information is made that the linker would drop anyway. Calls are
# inlined, though the first build is faster without: API servers are half of what
# the tests use of the processors, and take a third more when nothing is inlined.
# A go command with other flags compiles everything a second time, so all of
# them here, tests and vet included, use these.
go_flags=(-trimpath '-gcflags=all=-dwarf=false')

# go_needed WHAT: ends the script unless there is a Go as new as go.mod, in the
# present directory, asks for. Never downloads another one.
go_needed() {
  export GOTOOLCHAIN=local CGO_ENABLED=0
  local need have
  need=$(sed -n 's/^go //p' go.mod)
  if ! command -v go >/dev/null; then
    echo "$1: Go $need or newer is needed, and there is no go in PATH; https://go.dev/doc/install says how to get it" >&2
    exit 1
  fi
  have=$(go_version)
  if [ "$(printf '%s\n' "$need" "$have" | sort -V | head -1)" != "$need" ]; then
    echo "$1: Go $need or newer is needed, but this is Go $have; https://go.dev/doc/install says how to get a newer one" >&2
    exit 1
  fi
}

# go_version: the version of go, bare, e.g. 1.26.8.
go_version() {
  local have
  have=$(go env GOVERSION)
  have=${have#go}
  printf '%s\n' "${have%%[-+ ]*}"
}

# go_build NAME PACKAGE LDFLAGS STAMP: builds PACKAGE of the module in the
# present directory as $bin/NAME, unless $bin/NAME.stamp says STAMP already.
go_build() {
  local name=$1 package=$2 ldflags=$3 stamp=$4 log builder next
  if go_up_to_date "$name" "$stamp"; then return; fi
  mkdir -p "$bin"
  # Two builds at once would compile everything twice, each at half the speed.
  if command -v flock >/dev/null; then
    exec 9>"$bin/$name.lock"
    if ! flock -n 9; then
      echo "$name: waiting for another build to end" >&2
      flock 9
      if go_up_to_date "$name" "$stamp"; then return; fi
    fi
  fi

  work=$(mktemp -d "$bin/build.XXXXXX")
  log=$work/log
  trap '[ -z "${builder-}" ] || kill "$builder" 2>/dev/null || true; rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  echo "$name: building (some minutes the first time)" >&2
  SECONDS=0
  go build "${go_flags[@]}" -v -ldflags "$ldflags" -o "$work/$name" "$package" >"$log" 2>&1 &
  builder=$!
  next=15
  while kill -0 "$builder" 2>/dev/null; do
    sleep 0.3
    if [ "$SECONDS" -ge "$next" ]; then
      echo "$name: ${SECONDS} s, $(grep -cv '^go: ' "$log" || true) packages compiled" >&2
      next=$((SECONDS + 15))
    fi
  done
  if ! wait "$builder"; then
    builder=
    # go -v names each package that it compiles: drop these lines, keep the errors.
    grep -Ev '^[A-Za-z0-9._~/-]+$' "$log" >&2 || cat "$log" >&2
    echo "$name: the build failed after ${SECONDS} s, see above" >&2
    exit 1
  fi
  builder=
  mv "$work/$name" "$bin/$name"
  echo "$stamp" >"$bin/$name.stamp"
  echo "$name: built in ${SECONDS} s: $bin/$name" >&2
}

go_up_to_date() {
  [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.stamp" 2>/dev/null)" = "$2" ]
}
