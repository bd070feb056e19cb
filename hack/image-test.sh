#!/usr/bin/env bash
# Tests the container images, put together from the debug build so that no
# release build is needed: twice from nothing, read by the specification, and
# started with chroot as the user they name. One line `ok` or `not ok` a test.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/rootfs.sh"
. "$root/hack/lib/tests.sh"
cd "$root"

images=(yubikey-shipment-operator yubikey-shipment-sandbox yubikey-dashboard)
built=${CARGO_TARGET_DIR:-$root/target}/debug
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
trap 'exit 143' INT TERM

look() { python3 "$root/hack/lib/oci.py" "$@"; }

# --- what is tested ---

# packages: those of an earlier run serve for a day, and as long as there is no
# network.
packages() {
  local dir=$root/.cache/image/packages stamp same=
  stamp=$(git hash-object tools/image/packages)
  if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then same=yes; fi
  if [ -n "$same" ] && [ -n "$(find "$dir/stamp" -mmin -1440)" ]; then return; fi
  if (rootfs_download "$dir"); then say "$stamp" >"$dir/stamp"; else [ -n "$same" ]; fi
}

go_tests() {
  local flags
  mapfile -t flags < <(tools/control-plane/build.sh flags)
  {
    cd tools/image
    GOTOOLCHAIN=local CGO_ENABLED=0 go test "${flags[@]}" -v ./... || true
  } |
    sed -n 's/^--- PASS: Test\([^ ]*\).*/ok image: \1/p; s/^--- FAIL: Test\([^ ]*\).*/not ok image: \1/p; s/^ \{4\}/  | /p; s/^FAIL\t.*build failed.*/not ok image: it compiles/p' |
    sed '/^ok\|^not ok/s/\([a-z]\)\([A-Z]\)/\1 \l\2/g'
}

# make_programs: without what a debugger reads, which is most of a debug build.
make_programs() {
  local name
  mkdir -p "$work/programs"
  for name in "${images[@]}"; do strip -o "$work/programs/$name" "$built/$name"; done
}

# make_images NAME UMASK
make_images() {
  umask "$2"
  rootfs_unpack "$root/.cache/image/packages" "$work/$1/rootfs"
  hack/image.sh assemble "$work/programs" "$work/$1/rootfs" "$work/$1"
}

same_twice() {
  make_images one 022 >"$work/one.digests"
  make_images another/place 077 >"$work/two.digests"
  cat "$work/one.digests"
  cmp "$work/one.digests" "$work/two.digests"
  diff -r --no-dereference "$work/one" "$work/another/place"
}

# Another commit is another time, and nothing else.
time_counts() {
  SOURCE_DATE_EPOCH=1 hack/image.sh assemble "$work/programs" "$work/one/rootfs" "$work/later" >"$work/later.digests"
  ! grep -qFf <(cut -d' ' -f2 "$work/one.digests") "$work/later.digests"
}

sbom() {
  cargo tree --locked --quiet --package "$1" --edges normal,no-proc-macro --prefix none --format '{p}' \
    --target "$(rustc -vV | sed -n 's/^host: //p')" >"$work/tree"
  look sbom "$work/one/$1.spdx.json" "$work/one/rootfs" "$root/.cache/image/packages" "$work/tree"
}

# inspected NAME: by a program of those who load such files, where it is installed.
inspected() {
  local file=$work/one/$1.tar
  skopeo inspect --override-os linux "docker-archive:$file" >"$work/inspected"
  python3 - "$work/inspected" <<'PYTHON'
import json, sys
image = json.load(open(sys.argv[1]))
print(image["Os"], image["Architecture"], len(image["Layers"]), "layers")
sys.exit(not (image["Os"] == "linux" and image["Layers"] and image["Labels"]["org.opencontainers.image.title"]))
PYTHON
  # As a cluster's store keeps it: every digest is computed anew.
  skopeo --insecure-policy copy --quiet "docker-archive:$file" "oci:$work/stored-$1:it"
}

# The chart's own default and the Pod's: a name without a registry is looked for
# in the node's store first, and never pulled if it is there.
asked_for() {
  local chart=$root/charts/yubikey-shipment-operator
  helm_program=$root/.cache/bin/helm
  "$helm_program" template x "$chart" --set sandbox.enabled=true \
    --set dashboard.enabled=true --set "dashboard.origins={https://yubikeys.example.com}" >"$work/rendered"
  grep -E '^ +(image|imagePullPolicy):' "$work/rendered"
  grep -qE "image: \"?$1:$(hack/version.sh)\"?$" "$work/rendered" && ! grep -q 'imagePullPolicy: Always' "$work/rendered"
}

# --- started ---

# How to see the image as its user: as root, or where any user may have a
# namespace of their own.
choose_chroot() {
  if [ "$(id -u)" = 0 ]; then
    into=("$(command -v chroot)" --userspec=65532:65532 "$work/see")
  else
    into=("$(command -v unshare)" --user --map-user=65532 --map-group=65532 --root="$work/see")
    entered /usr/bin/yubikey-shipment-operator --version >/dev/null 2>&1
  fi
}

# entered COMMAND...: with no variable of this shell, as a container starts.
entered() { env -i PATH=/usr/bin "${into[@]}" "$@"; }

# see NAME: the image unpacked, and nobody may write, even where whoever runs
# this test owns the files.
see() {
  [ ! -d "$work/see" ] || chmod -R u+w "$work/see"
  rm -rf "$work/see"
  mkdir -m 755 "$work/see"
  look unpack "$work/one/$1" "$work/see"
  find "$work/see" -type d -exec chmod a-w {} +
  chmod 755 "$work"
}

shows_version() {
  see "$1"
  [ "$(entered "/usr/bin/$1" --version)" = "$1 $(hack/version.sh)" ]
}

# One line with the remedy, and exit code 1.
says_what_it_lacks() {
  local code=0
  see yubikey-shipment-operator
  entered /usr/bin/yubikey-shipment-operator run --credentials-dir /etc >"$work/said" 2>&1 || code=$?
  cat "$work/said"
  [ "$code" = 1 ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -q 'no cluster is configured.*; set KUBECONFIG' "$work/said"
}

# A whole run of the sandbox: it makes keys, certificates and servers, and may
# write into its one directory.
sandbox_serves() {
  see yubikey-shipment-sandbox
  chmod u+w "$work/see"
  mkdir "$work/see/sandbox"
  [ "$(id -u)" != 0 ] || chown 65532:65532 "$work/see/sandbox"
  look listing "$work/see" | grep -v '^sandbox' >"$work/before"
  entered /usr/bin/yubikey-shipment-sandbox serve --dir /sandbox >"$work/ready"
  cat "$work/ready"
  python3 -c 'import json, sys; json.load(sys.stdin)' <"$work/ready"
  look listing "$work/see" | grep -v '^sandbox' | diff "$work/before" -
}

changes_nothing() {
  see yubikey-shipment-operator
  look listing "$work/see" >"$work/before"
  entered /usr/bin/yubikey-shipment-operator --version
  entered /usr/bin/yubikey-shipment-operator run --credentials-dir /etc || true
  entered /usr/bin/yubikey-shipment-operator crds >/dev/null
  look listing "$work/see" | diff "$work/before" -
  # It is refused, not only not tried.
  if entered /usr/bin/yubikey-shipment-operator crds --dir /etc/written; then say "it wrote into /etc"; return 1; fi
}

# OpenSSL looks where it was compiled to look; there is the bundle, and it loads.
trusts_public_cas() {
  see yubikey-shipment-operator
  local place
  place=$(grep -aoE 'OPENSSLDIR: "[^"]*"' "$work"/see/usr/lib/*/libcrypto.so.3 | cut -d'"' -f2)
  say "OpenSSL looks in $place"
  [ "$(readlink "$work/see$place/cert.pem")" = /etc/ssl/certs/ca-certificates.crt ]
  python3 - "$work/see/etc/ssl/certs/ca-certificates.crt" <<'PYTHON'
import ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[1])
count = context.cert_store_stats()["x509_ca"]
print(f"{count} CAs")
sys.exit(count < 100)
PYTHON
}

# Each library that the program asks for is in the image.
has_every_library() {
  see "$1"
  entered /lib64/ld-linux-x86-64.so.2 --list "/usr/bin/$1"
  ! entered /lib64/ld-linux-x86-64.so.2 --list "/usr/bin/$1" | grep -q 'not found'
}

# count_lines_of COMMAND...: it prints its own lines.
count_lines_of() { "$@" || failed=1; }

go_tests >"$work/go"
cat "$work/go"
if [ ! -s "$work/go" ] || grep -q '^not ok' "$work/go"; then failed=1; fi
if ! debian_able || ! grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release; then
  say "ok the images # SKIP they are made of Debian 12's packages, and this is another system"
  exit "$failed"
fi
tools/image/build.sh
run "the packages are downloaded" packages
run "the programs are there: make build" make_programs
run "unpacked and put together twice, they have the same digest" same_twice
[ -s "$work/one.digests" ] || exit 1
run "the time of the commit is the time of the image" time_counts
for name in "${images[@]}"; do
  count_lines_of look check "$work/one/$name" "$SOURCE_DATE_EPOCH"
  count_lines_of sbom "$name"
  count_lines_of look archive "$work/one/$name.tar" "$name:$(hack/version.sh)" "$work/one/$name"
  if command -v skopeo >/dev/null; then
    run "$name: skopeo reads the file and stores the image" inspected "$name"
  else
    say "ok $name: skopeo reads the file # SKIP there is no skopeo"
  fi
  if [ -x "$root/.cache/bin/helm" ]; then
    run "$name: the chart asks for the name that is loaded, and does not pull it" asked_for "$name"
  else
    say "ok $name: the chart asks for the name that is loaded # SKIP there is no Helm: make build"
  fi
done
count_lines_of look containerfile "$root" "$work/one/yubikey-shipment-operator" "$work/one/yubikey-shipment-sandbox"
see yubikey-shipment-operator
if choose_chroot; then
  for name in "${images[@]}"; do
    run "$name: started as 65532, it shows its version" shows_version "$name"
    run "$name: every library is in the image" has_every_library "$name"
  done
  run "the operator says in one line that it has no cluster" says_what_it_lacks
  run "the operator writes nothing, and could not" changes_nothing
  run "the sandbox serves, and writes only into its directory" sandbox_serves
else
  say "ok the images start # SKIP neither root nor allowed a user namespace"
fi
run "OpenSSL finds the public CAs" trusts_public_cas
exit "$failed"
