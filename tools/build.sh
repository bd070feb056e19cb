#!/usr/bin/env bash
# Builds .cache/bin/helm, in the version that go.mod pins, and .cache/bin/judge
# at the top of the repository. Does nothing, quietly, when they are up to date.
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

# stamp_of FILE...: changes with the files, how they are built, and the machine.
stamp_of() {
  { cat "$@" "$here/build.sh" "$here/../hack/lib/go-build.sh"; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin
}

build_helm() {
  go_needed helm
  local version
  version=$(sed -n 's/^\thelm.sh\/helm\/v4 \(v[^ ]*\).*/\1/p' go.mod)
  # `helm version` shows what is stamped here.
  go_build helm helm.sh/helm/v4/cmd/helm "-s -w -X helm.sh/helm/v4/internal/version.version=$version" "$(stamp_of go.mod go.sum)"
}

# After Helm, whose packages it shares.
build_judge() {
  cd judge
  go_needed judge
  published/fetch.sh
  go_build judge . "-s -w" "$(stamp_of ./*.go go.mod go.sum ../../.cache/published-types/stamp)"
}

(build_helm)
(build_judge)
