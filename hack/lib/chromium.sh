# Finds the browser of the page's tests. Sourced after common.sh, never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154
. "$root/hack/lib/debian.sh"

# chromium_program: prints the path of Chromium: what CHROMIUM names, else the one
# in PATH, else Debian's under .cache. Fails where there is none to be had.
chromium_program() {
  local own=$root/.cache/chromium
  if [ -n "${CHROMIUM-}" ]; then
    command -v "$CHROMIUM" || fail "CHROMIUM names $CHROMIUM, which cannot be run"
    return
  fi
  command -v chromium && return
  [ -x "$own/chromium" ] || chromium_unpack "$own" || return 1
  say "$own/chromium"
}

# chromium_unpack DIR: Debian's package and what this machine lacks of what it
# needs. The package's own starter looks for all of it in the system.
chromium_unpack() {
  local own=$1 archives=$apt_state/cache/archives deb libraries
  debian_able || return 1
  say "chromium: unpacking Debian's package and its libraries under .cache, once" >&2
  rm -rf "$own" "$own.new"
  debian_lists || return 1
  rm -f "$archives"/*.deb
  own_apt -y --no-install-recommends --download-only install chromium >&2 || return 1
  mkdir -p "$own.new/files"
  for deb in "$archives"/*.deb; do dpkg-deb --extract "$deb" "$own.new/files" || return 1; done
  rm -f "$archives"/*.deb
  libraries=$(find "$own.new/files" -name '*.so*' ! -path '*/lib/chromium/*' -printf '%h\n' | sort -u |
    sed "s|^$own.new/|$own/|" | paste -sd:)
  cat >"$own.new/chromium" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec $own/files/usr/lib/chromium/chromium "\$@"
END
  chmod +x "$own.new/chromium"
  mv "$own.new" "$own"
  "$own/chromium" --version >&2
}
