#!/usr/bin/env bash
# Builds .cache/bin/helm at the top of the repository, in the version that
# go.mod pins. Does nothing, quietly, when it is up to date.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(dirname "$here")/.cache/bin
cd "$here"
. ../hack/lib/go-build.sh
go_needed helm

package=helm.sh/helm/v4/cmd/helm
version=$(sed -n 's/^\thelm.sh\/helm\/v4 \(v[^ ]*\).*/\1/p' go.mod)
stamp=$({ cat go.mod go.sum build.sh ../hack/lib/go-build.sh; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin)
# `helm version` shows what is stamped here.
go_build helm "$package" "-s -w -X helm.sh/helm/v4/internal/version.version=$version" "$stamp"
