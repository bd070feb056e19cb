#!/usr/bin/env bash
# Packs the plugin as built for release, and fills its krew manifest in.
#
#   hack/krew/render.sh VERSION FOLDER    writes FOLDER/kubectl-yubikey-linux-amd64.tar.gz and FOLDER/yubikey.yaml
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
[ $# = 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=${1#v}
folder=$2
built=${BUILT:-$root/target/release}
mkdir -p "$folder"
archive=$folder/kubectl-yubikey-linux-amd64.tar.gz
# The same files give the same digest.
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
  --directory "$built" kubectl-yubikey kubectl_complete-yubikey \
  --directory "$root" LICENSE | gzip --no-name > "$archive"
digest=$(sha256sum "$archive" | cut -d' ' -f1)
sed -e '/^# /d' -e "s/{VERSION}/$version/g" -e "s/{SHA256_LINUX_AMD64}/$digest/" "$root/hack/krew/yubikey.yaml" > "$folder/yubikey.yaml"
