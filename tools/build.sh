#!/usr/bin/env bash
# Builds .cache/bin/helm and .cache/bin/helm3, in the versions that go.mod pins,
# and .cache/bin/judge at the top of the repository. Does nothing, quietly, when
# they are up to date. They share Kubernetes' packages, which are then compiled
# once: Helm 3 and judge cost seconds more.
#
#   build.sh          build
#   build.sh flags    print, one a line, the flags that all go commands here need
#                     to share one cache
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(dirname "$here")/.cache/bin
cd "$here"
. ../hack/lib/go-build.sh

if [ "${1-}" = flags ]; then
  printf '%s\n' "${go_flags[@]}"
  exit
fi
go_needed helm

# What Helm 3 takes for the cluster's version where it asks none, as its own
# Makefile does it; Helm 4 finds it by itself.
minor=$(sed -n 's#^\tk8s.io/client-go v0\.\([0-9]*\)\..*#\1#p' go.mod)
kubernetes=
for package in pkg/chartutil pkg/lint/rules; do
  kubernetes+=" -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=$minor"
done

# stamp_of FILE...: changes with the files, how they are built, and the machine.
stamp_of() {
  { cat "$@" "$here/build.sh" "$here/../hack/lib/go-build.sh"; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin
}

# build_helm NAME MAJOR: in a shell of its own, because go_build ends by traps.
build_helm() (
  package=helm.sh/helm/v$2
  version=$(sed -n "s#^\t$package \(v[^ ]*\).*#\1#p" go.mod)
  # `helm version` shows what is stamped here.
  go_build "$1" "$package/cmd/helm" "-s -w -X $package/internal/version.version=$version$kubernetes" "$(stamp_of go.mod go.sum)"
)

build_judge() (
  cd judge
  go_needed judge
  published/fetch.sh
  go_build judge . "-s -w" "$(stamp_of ./*.go go.mod go.sum ../../.cache/published-types/stamp)"
)

build_helm helm 4
build_helm helm3 3
build_judge
