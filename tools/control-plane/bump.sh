#!/usr/bin/env bash
# Moves the control plane to another version of Kubernetes and etcd, or writes
# go.mod anew for the versions it has:
#
#   bump.sh v1.37.2 v3.7.1
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

upstream=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
modules=$(sed -n 's/^\t\(k8s\.io\/[a-z-]*\) v0\.0\.0\( .*\)\{0,1\}$/\1/p' "$upstream" | sort -u)
if [ -z "$modules" ]; then
  echo "bump.sh: the go.mod of k8s.io/kubernetes $kubernetes requires nothing at v0.0.0 any more: see what it does instead" >&2
  exit 1
fi

edits=("-require=k8s.io/kubernetes@$kubernetes" "-require=go.etcd.io/etcd/server/v3@$etcd")
for old in $(sed -n 's/^\t\(k8s\.io\/[a-z-]*\) => .*/\1/p' go.mod); do
  grep -qx "$old" <<<"$modules" || edits+=("-dropreplace=$old")
done
for module in $modules; do
  edits+=("-replace=$module=$module@$staging")
done
go mod edit "${edits[@]}"
# Direct requirements must follow: a replacement without a version hides what
# is required, but a reader of go.mod shall see the true one.
for module in $(sed -n '/^require/,/^)/s/^\t\(k8s\.io\/[a-z-]*\) v0\.[0-9.]*$/\1/p' go.mod); do
  if grep -qx "$module" <<<"$modules"; then
    go mod edit "-require=$module@$staging"
  fi
done
go mod tidy
echo "go.mod is at Kubernetes $kubernetes and etcd $etcd. Next: ./build.sh && ./check.sh, then commit go.mod and go.sum."
