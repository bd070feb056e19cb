#!/usr/bin/env bash
# The custom resource definitions come from the Rust types. They stand in crds/
# for kubectl and, byte for byte, in the chart; both are committed.
#
#   hack/crds.sh           write them
#   hack/crds.sh --check   exit code 1 if one of them differs
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
chart=$root/charts/yubikey-shipment-operator/files/crds

generate() {
  cd "$root"
  cargo build --quiet --bin yubikey-shipment-operator
  "$root/target/debug/yubikey-shipment-operator" crds --dir "$1"
}

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
generate "$fresh"

if [ "${1-}" = --check ]; then
  diff -ru "$root/crds" "$fresh" && diff -ru "$chart" "$fresh" && exit
  fail "the definitions differ from the Rust types; make crds writes them"
fi
for place in "$root/crds" "$chart"; do
  mkdir -p "$place"
  rm -f "$place"/*.yaml
  cp "$fresh"/*.yaml "$place"
done
