#!/usr/bin/env bash
# Builds .cache/bin/control-plane at the top of the repository, and a link
# kubectl beside it. Does nothing, quietly, when the program is up to date.
#
#   build.sh                build
#   build.sh MINOR          the same of an older Kubernetes, one of the folders of
#                           versions, into .cache/versions/MINOR
#   build.sh flags [MINOR]  print, one a line, the flags that all go commands here
#                           need to share one cache (see check.sh)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/.cache/bin
cd "$here"
. "$root/hack/lib/go-build.sh"
. ./version.sh

only_flags=
if [ "${1-}" = flags ]; then
  only_flags=1
  shift
fi
use_version "${1-}"
if [ -n "$only_flags" ]; then
  printf '%s\n' "${go_flags[@]}"
  exit
fi
go_needed control-plane

# kubectl version, and the kubeVersion of charts, show what is stamped here.
version=$(sed -n 's/^\tk8s.io\/kubernetes //p' "$mod")
IFS=. read -r major minor _ <<<"${version#v}"
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  ldflags+=" -X $package.gitTreeState=clean -X $package.gitCommit=unknown"
done

sources=(./*.go ./*.yaml "$mod" "${mod%.mod}.sum" build.sh version.sh "$root/hack/lib/go-build.sh")
[ -z "$replaced" ] || sources+=("$replaced")
stamp=$({ cat "${sources[@]}"; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin)
go_build control-plane . "$ldflags" "$stamp"
[ -L "$bin/kubectl" ] || ln -sf control-plane "$bin/kubectl"
