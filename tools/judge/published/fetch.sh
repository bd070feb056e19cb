#!/usr/bin/env bash
# Puts published types where ../go.mod looks for them, .cache/published-types.
#
# Some projects publish their types in packages that import half of the project,
# cloud and Git clients and another version of Kubernetes among it. Of these the
# files of the types are taken from the published module, unchanged and proven
# by its checksum; files that need the rest and declare no type of a manifest
# are left out, and where a file of types needs a helper, a stand-in of ours
# (in the folder of that name) has its name and panics if it is ever called.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=$here/../../../.cache/published-types
stamp=$({ find "$here" -type f | LC_ALL=C sort | xargs cat; } | git hash-object --stdin)
if [ "$(cat "$target/stamp" 2>/dev/null)" = "$stamp" ]; then exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

said() { sed -n "s/^\t\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$work/download"; }

# take NAME MODULE VERSION SUM LEFT_OUT FOLDER...: the Go files of the folders,
# without those whose name matches the extended regular expression LEFT_OUT.
take() {
  local name=$1 module=$2 version=$3 sum=$4 left_out=$5 folder file
  shift 5
  echo "judge: fetching the types of $module $version" >&2
  # From a folder without a go.mod: what is asked for is this one module.
  (cd "$work" && GOTOOLCHAIN=local GOFLAGS='' GOWORK=off go mod download -json "$module@$version") >"$work/download"
  if [ "$(said Sum)" != "$sum" ]; then
    echo "judge: the checksum of $module $version is $(said Sum), not $sum" >&2
    exit 1
  fi
  mkdir -p "$work/made"
  cp -R "$here/$name" "$work/made/"
  cp "$(said Dir)/LICENSE" "$work/made/$name/"
  for folder in "$@"; do
    mkdir -p "$work/made/$name/$folder"
    for file in "$(said Dir)/$folder"/*.go; do
      grep -qE "$left_out" <<<"${file##*/}" || cp "$file" "$work/made/$name/$folder/"
    done
  done
}

take argo-cd github.com/argoproj/argo-cd/v3 v3.4.13 h1:kmnF4nE5SQ83OhtdX6DMmLSpH0eRIa1gNYdCLNHqB+A= \
  '_test\.go$|^generated\.pb\.go$|^openapi_generated\.go$' pkg/apis/application pkg/apis/application/v1alpha1
take external-secrets github.com/external-secrets/external-secrets v0.16.2 h1:iNY+gIgSyL5higXTfnz+hdPCaiB/43UiHLqE7HBpj68= \
  '_test\.go$|_webhook\.go$|_validator\.go$|^provider.*\.go$|^generic_store\.go$|^pushsecret_interfaces\.go$|^register\.go$|^zz_generated' \
  apis/externalsecrets/v1 apis/meta/v1
take sealed-secrets github.com/bitnami-labs/sealed-secrets v0.27.1 h1:oSq/rCGYz0pk7RP4RacIorG/VCWA6c4D8wIEpRkZAUg= \
  '_test\.go$|^sealedsecret_expansion\.go$' pkg/apis/sealedsecrets/v1alpha1

# Files of the module cache are read-only.
chmod -R u+w "$work/made"
mkdir -p "$target"
rm -rf "${target:?}"/*
mv "$work"/made/* "$target/"
echo "$stamp" >"$target/stamp"
