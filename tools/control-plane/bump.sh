#!/usr/bin/env bash
# Moves the control plane to another version of Kubernetes and etcd, or writes
# go.mod anew for the versions it has:
#
#   bump.sh v1.37.2 v3.7.1
#
# A version whose minor has a folder in versions is written there, and go.mod
# stays as it is:
#
#   mkdir -p versions/1.32 && bump.sh v1.32.4 v3.5.16
#
# Kubernetes' own go.mod requires its staging modules (k8s.io/api and so on) at
# v0.0.0 and replaces them by folders. Replacements count in the main module
# only, so ours must replace each of them by its published version, v0.37.2 for
# v1.37.2.
set -euo pipefail
cd "$(dirname "$0")"
export GOTOOLCHAIN=local

if [[ ${1-} != v1.*.* || ${2-} != v3.*.* ]]; then
  echo "usage: bump.sh KUBERNETES ETCD, for example bump.sh v1.37.2 v3.7.1" >&2
  exit 2
fi
kubernetes=$1 etcd=$2 staging=v0.${1#v1.}
root=$(cd ../.. && pwd)
bin=$root/.cache/bin
go_flags=()
. ./version.sh
minor=${kubernetes#v}
minor=${minor%.*}
if [ -d "versions/$minor" ]; then
  use_version "$minor"
  # From nothing: what a newer version required would stay, and win.
  printf 'module control-plane\n\ngo 1.23.0\n' >"$mod"
  : >"${mod%.mod}.sum"
else
  use_version ''
fi

upstream=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
modules=$(sed -n 's/^\t\(k8s\.io\/[a-z-]*\) v0\.0\.0\( .*\)\{0,1\}$/\1/p' "$upstream" | sort -u)
if [ -z "$modules" ]; then
  echo "bump.sh: the go.mod of k8s.io/kubernetes $kubernetes requires nothing at v0.0.0 any more: see what it does instead" >&2
  exit 1
fi

edits=("-require=k8s.io/kubernetes@$kubernetes" "-require=go.etcd.io/etcd/server/v3@$etcd")
while read -r old; do
  grep -qx "$old" <<<"$modules" || edits+=("-dropreplace=$old")
done < <(sed -n 's/^\t\(k8s\.io\/[a-z-]*\) => .*/\1/p' "$mod")
for module in $modules; do
  edits+=("-replace=$module=$module@$staging")
done
go mod edit "${edits[@]}" "$mod"
go mod tidy "${go_flags[@]}"
# Direct requirements must follow: a replacement without a version hides what
# is required, but a reader of go.mod shall see the true one.
edits=()
while read -r module; do
  if grep -qx "$module" <<<"$modules"; then edits+=("-require=$module@$staging"); fi
done < <(sed -n '/^require/,/^)/s/^\t\(k8s\.io\/[a-z-]*\) v0\.[0-9.]*$/\1/p' "$mod")
[ "${#edits[@]}" -eq 0 ] || go mod edit "${edits[@]}" "$mod"
go mod tidy "${go_flags[@]}"
echo "$mod is at Kubernetes $kubernetes and etcd $etcd. Next: ./build.sh && ./check.sh, then commit it with its go.sum."
