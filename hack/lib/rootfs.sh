# The images' root file system: files of Debian packages, without a shell and
# without what only a person at a terminal would read. Nothing of a package is
# run. Sourced, never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154
. "$root/hack/lib/debian.sh"

# rootfs_packages: names from tools/image/packages.
rootfs_packages() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$root/tools/image/packages"; }

# rootfs_download DIR: the packages, newest versions. Another release of Debian
# has other libraries under other names; the programs are linked to this one's.
rootfs_download() {
  local packages
  mapfile -t packages < <(rootfs_packages)
  debian_able || fail "the root file system needs Debian's apt-get and dpkg-deb; elsewhere use the Containerfile"
  grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release ||
    fail "the root file system is that of Debian 12, and this machine is not; use the Containerfile"
  rm -rf "$1.new"
  debian_download "$1.new" "${packages[@]}"
  # What was there serves until all of the new is there.
  rm -rf "$1"
  mv "$1.new" "$1"
}

# rootfs_unpack PACKAGES DIR: DIR is made anew from the .deb files in PACKAGES.
rootfs_unpack() {
  local dir=$2 package link
  rm -rf "$dir"
  mkdir -p "$dir/var/lib/dpkg/status.d"
  # As on an installed Debian: one place for programs and libraries.
  for link in bin sbin lib lib64; do
    mkdir -p "$dir/usr/$link"
    ln -s "usr/$link" "$dir/$link"
  done
  for package in "$1"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar --extract --directory "$dir" --keep-directory-symlink --no-same-owner --touch
    # Where scanners look for packages that no dpkg has installed.
    dpkg-deb --field "$package" >"$dir/var/lib/dpkg/status.d/$(dpkg-deb --field "$package" Package)"
  done
  rootfs_certificates "$dir"
  rootfs_trim "$dir"
  rootfs_configure "$dir"
}

# rootfs_certificates DIR: what update-ca-certificates would make of the package,
# where OpenSSL looks for it.
rootfs_certificates() {
  local bundle=$1/etc/ssl/certs/ca-certificates.crt
  mkdir -p "$1/etc/ssl/certs" "$1/usr/lib/ssl"
  find "$1/usr/share/ca-certificates" -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$bundle"
  ln -s /etc/ssl/certs "$1/usr/lib/ssl/certs"
  ln -s /etc/ssl/certs/ca-certificates.crt "$1/usr/lib/ssl/cert.pem"
}

# rootfs_trim DIR: copyright files stay, because the licences ask for it.
rootfs_trim() {
  (
    cd "$1" || exit
    rm -rf boot home usr/games usr/include usr/src usr/local usr/sbin/update-ca-certificates \
      usr/share/{base-files,bug,ca-certificates,dict,info,lintian,locale,man,misc} usr/lib/*/gconv \
      etc/{ca-certificates,default,issue,issue.net,profile.d,skel,update-motd.d,opt}
    rm -rf usr/share/doc/*/examples
    find usr/share/doc -type f ! -name copyright -delete
    find usr/share/doc -xtype l -delete
    # What is mounted, or written at run time, must be there.
    find . -depth -mindepth 1 -type d -empty \
      ! -path ./dev ! -path ./proc ! -path ./sys ! -path ./run ! -path ./tmp ! -path './usr/*bin' -delete
    # Not every architecture has it.
    [ -d usr/lib64 ] || rm lib64
  )
}

rootfs_configure() {
  mkdir -p "$1"/{dev,proc,sys,run,tmp,usr/bin,usr/sbin}
  printf '%s\n' 'root:x:0:0:root:/:/nonexistent' 'nonroot:x:65532:65532:nonroot:/:/nonexistent' >"$1/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nonroot:x:65532:' >"$1/etc/group"
  # Names of this machine first: the C library's own default asks a server first.
  printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$1/etc/nsswitch.conf"
}
