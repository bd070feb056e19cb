#!/usr/bin/env bash
# The custom resource definitions come from the Rust types. They stand in crds/
# for kubectl and, byte for byte, in the chart of the definitions; and that chart
# stands, whole, in the operator's, which can so be installed from a clone as it
# is. All of it is committed.
#
#   hack/crds.sh           write them
#   hack/crds.sh --check   exit code 1 if one of them differs
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
chart=$root/charts/yubikey-shipment-operator-crds
copy=$root/charts/yubikey-shipment-operator/charts/yubikey-shipment-operator-crds
target=${CARGO_TARGET_DIR:-$root/target}

generate() {
  cd "$root"
  # All programs, as everywhere: other features would compile the libraries anew.
  cargo build --quiet --workspace --bins
  "$target/debug/yubikey-shipment-operator" crds --dir "$1"
}

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
generate "$fresh"

if [ "${1-}" = --check ]; then
  diff -ru "$root/crds" "$fresh" && diff -ru "$chart/files/crds" "$fresh" && diff -ru "$chart" "$copy" && exit
  fail "the definitions differ from the Rust types, or their copies; make crds writes them"
fi
for place in "$root/crds" "$chart/files/crds"; do
  mkdir -p "$place"
  rm -f "$place"/*.yaml
  cp "$fresh"/*.yaml "$place"
done
rm -rf "$copy"
mkdir -p "$(dirname "$copy")"
cp -R "$chart" "$copy"
