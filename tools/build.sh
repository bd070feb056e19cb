#!/usr/bin/env bash
# Builds .cache/bin/helm and .cache/bin/helm3 at the top of the repository, in
# the versions that go.mod pins. Does nothing, quietly, when they are up to date.
#
# One module for both: they share Kubernetes' packages, which are then compiled
# once, and Helm 3 costs seconds more.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(dirname "$here")/.cache/bin
cd "$here"
. ../hack/lib/go-build.sh
go_needed helm

# What Helm 3 takes for the cluster's version where it asks none, as its own
# Makefile does it; Helm 4 finds it by itself.
minor=$(sed -n 's#^\tk8s.io/client-go v0\.\([0-9]*\)\..*#\1#p' go.mod)
kubernetes=
for package in pkg/chartutil pkg/lint/rules; do
  kubernetes+=" -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=$minor"
done

# build_helm NAME MAJOR: in a shell of its own, because go_build ends by traps.
build_helm() (
  package=helm.sh/helm/v$2
  version=$(sed -n "s#^\t$package \(v[^ ]*\).*#\1#p" go.mod)
  stamp=$({ cat go.mod go.sum build.sh ../hack/lib/go-build.sh; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin)
  # `helm version` shows what is stamped here.
  go_build "$1" "$package/cmd/helm" "-s -w -X $package/internal/version.version=$version$kubernetes" "$stamp"
)

build_helm helm 4
build_helm helm3 3
