#!/usr/bin/env bash
# Builds .cache/bin/control-plane at the top of the repository, and a link
# kubectl beside it. Does nothing, quietly, when the program is up to date.
#
#   build.sh          build
#   build.sh flags    print, one a line, the flags that all go commands here need
#                     to share one cache (see check.sh)
set -euo pipefail

# Both flags make the first build a third faster: calls are not inlined, and
# no debugging information is made that the linker would drop anyway. A go
# command with other flags compiles all of Kubernetes a second time.
flags=(-trimpath '-gcflags=all=-l -dwarf=false')
if [ "${1-}" = flags ]; then
  printf '%s\n' "${flags[@]}"
  exit
fi

here=$(cd "$(dirname "$0")" && pwd)
bin=$(dirname "$here")/.cache/bin
cd "$here"
export GOTOOLCHAIN=local CGO_ENABLED=0

need=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null; then
  echo "build.sh: Go $need or newer is needed to build the control plane, and there is no go in PATH; https://go.dev/doc/install says how to get it" >&2
  exit 1
fi
have=$(go env GOVERSION)
have=${have#go}
if [ "$(printf '%s\n' "$need" "${have%%[-+ ]*}" | sort -V | head -1)" != "$need" ]; then
  echo "build.sh: Go $need or newer is needed to build the control plane, but this is Go $have; https://go.dev/doc/install says how to get a newer one" >&2
  exit 1
fi

stamp=$({ cat ./*.go ./*.yaml go.mod go.sum build.sh; echo "$have $(uname -sm)"; } | git hash-object --stdin)
up_to_date() {
  [ -x "$bin/control-plane" ] && [ -L "$bin/kubectl" ] && [ "$(cat "$bin/control-plane.stamp" 2>/dev/null)" = "$stamp" ]
}
if up_to_date; then exit; fi

mkdir -p "$bin"
# Two builds at once would compile everything twice, each at half the speed.
if command -v flock >/dev/null; then
  exec 9>"$bin/control-plane.lock"
  if ! flock -n 9; then
    echo "control-plane: waiting for another build to end" >&2
    flock 9
    if up_to_date; then exit; fi
  fi
fi

# kubectl version, and the kubeVersion of charts, show what is stamped here.
version=$(sed -n 's/^\tk8s.io\/kubernetes //p' go.mod)
IFS=. read -r major minor _ <<<"${version#v}"
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  ldflags+=" -X $package.gitTreeState=clean -X $package.gitCommit=unknown"
done

work=$(mktemp -d "$bin/build.XXXXXX")
builder=
trap '[ -z "$builder" ] || kill "$builder" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "control-plane: building Kubernetes $version (some minutes the first time)" >&2
SECONDS=0
go build "${flags[@]}" -v -ldflags "$ldflags" -o "$work/control-plane" . >"$work/log" 2>&1 &
builder=$!
next=15
while kill -0 "$builder" 2>/dev/null; do
  sleep 0.3
  if [ "$SECONDS" -ge "$next" ]; then
    echo "control-plane: ${SECONDS} s, $(grep -cv '^go: ' "$work/log" || true) packages compiled" >&2
    next=$((SECONDS + 15))
  fi
done
if ! wait "$builder"; then
  builder=
  # go -v names each package that it compiles: drop these lines, keep the errors.
  grep -Ev '^[A-Za-z0-9._~/-]+$' "$work/log" >&2 || cat "$work/log" >&2
  echo "control-plane: the build failed after ${SECONDS} s, see above" >&2
  exit 1
fi
builder=

mv "$work/control-plane" "$bin/control-plane"
ln -sf control-plane "$bin/kubectl"
echo "$stamp" >"$bin/control-plane.stamp"
echo "control-plane: built in ${SECONDS} s: $bin/control-plane" >&2
