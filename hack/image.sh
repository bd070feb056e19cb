#!/usr/bin/env bash
# The container images of operator and sandbox, without a container engine: a
# root file system from Debian packages and one program, as an OCI image layout
# with a list of what is in it. The same sources and packages give the same
# digest.
#
#   hack/image.sh                          both, from a release build, into .cache/image
#   hack/image.sh rootfs DIR               only the root file system; the Containerfile's way
#   hack/image.sh assemble PROGRAMS ROOTFS OUT
#                                          both from programs and a root file system that are there
#   hack/image.sh check                    builds everything twice, in two places, and compares
#
# SOURCE_DATE_EPOCH is the time of everything in the images: the last commit's,
# if it is not set.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/rootfs.sh"
cd "$root"

images=(yubikey-shipment-operator yubikey-shipment-sandbox yubikey-dashboard)
source=https://github.com/yubikey-shipment-operator/yubikey-shipment-operator

version() { hack/version.sh; }
epoch() { printf '%s\n' "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"; }
# Where git is not, as in a Containerfile's build, the caller may say it.
revision() { printf '%s\n' "${REVISION:-$(git rev-parse HEAD)}"; }
architecture() { dpkg --print-architecture; }

title() {
  case $1 in
    *operator) say "Operator that orders, follows and activates pre-registered YubiKeys" ;;
    *dashboard) say "The page of the YubiKey shipment operator, under the rights of whoever looks" ;;
    *sandbox) say "Plays Okta and YubiEnterprise, to try the operator without ordering anything" ;;
  esac
}

# release TARGET: the programs, built so that they do not show where. The panic
# messages of crates have paths in them, and so would the program.
release() {
  local cargo_home=${CARGO_HOME:-$HOME/.cargo} sysroot
  sysroot=$(rustc --print sysroot)
  CARGO_TARGET_DIR=$1 CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=$root=/src --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$sysroot=/rust --remap-path-prefix=$1=/target" \
    cargo build --locked --release --bins -p yubikey-shipment-operator -p yubikey-shipment-sandbox -p yubikey-dashboard
}

# assemble PROGRAMS ROOTFS OUT: OUT/NAME is a layout, OUT/NAME.spdx.json says what
# is in it; prints name and digest.
assemble() {
  local name digest created
  created=$(epoch)
  mkdir -p "$3"
  for name in "${images[@]}"; do
    digest=$("$bin/image" assemble -rootfs "$2" -program "$1/$name" -layout "$3/$name" \
      -architecture "$(architecture)" -created "$created" \
      -label "org.opencontainers.image.title=$name" \
      -label "org.opencontainers.image.description=$(title "$name")" \
      -label "org.opencontainers.image.version=$(version)" \
      -label "org.opencontainers.image.revision=$(revision)" \
      -label "org.opencontainers.image.created=$(date --utc --date "@$created" +%FT%TZ)" \
      -label "org.opencontainers.image.source=$source" \
      -label "org.opencontainers.image.documentation=$source/tree/main/docs" \
      -label "org.opencontainers.image.licenses=Apache-2.0")
    # What is linked into the program, and not what only built it.
    cargo tree --locked --quiet --package "$name" --edges normal,no-proc-macro --target "$(rustc -vV | sed -n 's/^host: //p')" \
      --prefix none --format '{p}|{l}' >"$3/$name.crates"
    python3 hack/lib/sbom.py "$name" "$(version)" "$digest" "$2" "$3/$name.crates" "$created" >"$3/$name.spdx.json"
    rm "$3/$name.crates"
    # What `docker load`, kind, k3d and minikube read, under the name that the chart asks for.
    "$bin/image" archive "$3/$name" "$name:$(version)" "$3/$name.tar"
    say "$name $digest"
  done
}

# build TARGET OUT: everything from nothing but the packages that are downloaded.
build() {
  release "$1"
  rootfs_unpack .cache/image/packages "$2/rootfs"
  assemble "$1/release" "$2/rootfs" "$2"
}

check() {
  local at
  mkdir -p .cache/image/check
  for at in one two; do
    say "image-check: build $at"
    rm -rf ".cache/image/check/$at"
    build "$root/.cache/image/check/$at/target" ".cache/image/check/$at" | tee ".cache/image/check/$at.digests"
  done
  cmp .cache/image/check/one.digests .cache/image/check/two.digests || fail "two builds gave two digests"
  diff -r --no-dereference --exclude target .cache/image/check/one .cache/image/check/two >/dev/null || fail "two builds differ"
  say "image-check: both builds are the same, byte for byte"
}

case ${1-} in
  rootfs)
    rootfs_download "$root/.cache/image/packages"
    rootfs_unpack "$root/.cache/image/packages" "$2"
    ;;
  assemble) tools/image/build.sh && assemble "$2" "$3" "$4" ;;
  check)
    need git rust go c python
    tools/image/build.sh
    rootfs_download "$root/.cache/image/packages"
    check
    ;;
  '')
    need git rust go c python
    tools/image/build.sh
    rootfs_download "$root/.cache/image/packages"
    build "$root/.cache/image/target" .cache/image
    say "for kind, k3d, minikube or docker load: .cache/image/NAME.tar, see docs/install.md"
    say "the layouts are in .cache/image; to push one: .cache/bin/image push .cache/image/NAME REGISTRY/NAME:TAG"
    ;;
  *) fail "there is no '$1'; the head of this file says what there is" ;;
esac
