#!/usr/bin/env bash
# The version stands in one place, [workspace.package] of Cargo.toml; what must
# repeat it is written from there.
#
#   hack/version.sh            print it
#   hack/version.sh --check    exit code 1 if something says another
#   hack/version.sh X.Y.Z      set it everywhere
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
cd "$root"

version() { sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml; }

# said FILE: every version that a chart names: its own, the program's, and that
# of the chart of definitions where it depends on it.
said() {
  sed -nE 's/^(version|appVersion): *"?([^"]*)"?$/\2/p' "$1"
  awk '/- name: yubikey-shipment-operator/ { ours = 1 } ours && /version:/ { gsub(/"/, ""); print $2; ours = 0 }' "$1"
}

# locked FILE: the versions of our own crates that share the version.
locked() { sed -nE '/^name = "yubikey-shipment-[a-z]+"/{n;s/^version = "(.*)"/\1/p}' "$1"; }

charts() { find charts -name Chart.yaml | sort; }

check() {
  local want file said code=0
  want=$(version)
  for file in $(charts); do
    for said in $(said "$file"); do
      [ "$said" = "$want" ] || { say "$file says $said, Cargo.toml $want; hack/version.sh $want writes it"; code=1; }
    done
  done
  for file in Cargo.lock fuzz/Cargo.lock; do
    for said in $(locked "$file"); do
      [ "$said" = "$want" ] || { say "$file says $said, Cargo.toml $want; hack/version.sh $want writes it"; code=1; }
    done
  done
  grep -qF "[$want]" CHANGELOG.md || grep -q '^## \[Unreleased\]' CHANGELOG.md ||
    { say "CHANGELOG.md has neither $want nor Unreleased"; code=1; }
  return "$code"
}

# write VERSION: nothing else of the files changes.
write() {
  local file
  sed -i '/^\[workspace.package\]/,/^\[/s/^version = ".*"/version = "'"$1"'"/' Cargo.toml
  for file in $(charts); do
    sed -i -E "s/^(version|appVersion): .*/\1: $1/" "$file"
    awk -v version="$1" '/- name: yubikey-shipment-operator/ { ours = 1 }
      ours && /version:/ { sub(/version: .*/, "version: " version); ours = 0 } { print }' "$file" >"$file.new"
    mv "$file.new" "$file"
  done
  sed -i -E "s/(--tag yubikey-shipment-(operator|sandbox)):[^ ]*/\1:$1/" Containerfile
  cargo update --workspace --offline --quiet
  cargo update --workspace --offline --quiet --manifest-path fuzz/Cargo.toml
}

case ${1-} in
  '') version ;;
  --check) check ;;
  [0-9]*.[0-9]*.[0-9]*) write "$1" && check ;;
  *) fail "$1 is no version; the head of this file says what there is" ;;
esac
