# Debian packages without installing anything and without root: apt with a state
# of its own under .cache/apt, on the machine's own sources and keys. Sourced,
# never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154

apt_state=$root/.cache/apt

# debian_able: is this a machine whose apt can be used?
debian_able() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# The machine's configuration may throw away what it downloads; these are told
# where everything is. Nobody drops to another user, who could not write here.
own_apt() {
  apt-get -qq \
    -o Dir::State="$apt_state/state" -o Dir::State::status=/var/lib/dpkg/status \
    -o Dir::Cache="$apt_state/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Update::Post-Invoke-Success= -o APT::Sandbox::User="$(id -un)" \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# debian_lists: the lists of packages, at most a day old.
debian_lists() {
  mkdir -p "$apt_state/state/lists/partial" "$apt_state/cache/archives/partial"
  if [ -n "$(find "$apt_state/updated" -mmin -1440 2>/dev/null)" ]; then return; fi
  own_apt update
  touch "$apt_state/updated"
}

# debian_program PACKAGE PROGRAM OWN: usr/bin/PROGRAM of the package as OWN/PROGRAM.
debian_program() {
  local package=$1 program=$2 own=$3 work=$3.new
  debian_able || return 1
  say "$program: unpacking Debian's package $package under .cache" >&2
  rm -rf "$work"
  debian_download "$work" "$package" || return 1
  dpkg-deb --extract "$work/${package}"_*.deb "$work/files" || return 1
  mkdir -p "$own"
  mv "$work/files/usr/bin/$program" "$own/$program"
  rm -rf "$work"
}

# debian_download DIR PACKAGE...: the newest version of each, as files in DIR.
# apt checks them against the signed lists.
debian_download() {
  local dir=$1
  shift
  debian_lists
  mkdir -p "$dir"
  (cd "$dir" && own_apt download "$@")
}
