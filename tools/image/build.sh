#!/usr/bin/env bash
# Builds .cache/bin/image, which puts container images together. Does nothing,
# quietly, when it is up to date.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/.cache/bin
cd "$here"
. "$root/hack/lib/go-build.sh"
go_needed image

stamp=$({ cat ./*.go go.mod go.sum build.sh "$root/hack/lib/go-build.sh"; echo "$(go_version) $(uname -sm)"; } | git hash-object --stdin)
go_build image . "-s -w" "$stamp"
