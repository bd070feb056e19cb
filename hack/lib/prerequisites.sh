# Names every toolchain that is missing, all at once and before anything is
# built, with the way to get it. Sourced, never run.
# shellcheck shell=bash
# Some names are set by whoever sources this.
# shellcheck disable=SC2154

missing=()

lacks() { missing+=("$1"$'\n'"    $2"); }

# newer_or_same NEEDED HAVE
newer_or_same() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

check_rust() {
  local need have
  need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  if ! command -v cargo >/dev/null; then
    lacks "cargo, Rust $need or newer" "https://rustup.rs installs it"
    return
  fi
  have=$(cd "$root" && cargo --version | cut -d' ' -f2)
  newer_or_same "$need" "${have%%-*}" ||
    lacks "Rust $need or newer; this is $have" "rustup update stable"
}

check_rust_components() {
  local component
  command -v cargo >/dev/null || return 0
  for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 ||
      lacks "cargo $component" "rustup component add ${component/#fmt/rustfmt}"
  done
}

check_go() {
  local need have
  need=$(sed -n 's/^go //p' "$root/tools/control-plane/go.mod" "$root/tools/image/go.mod" "$root/tools/go.mod" "$root/tools/judge/go.mod" | sort -V | tail -1)
  if ! command -v go >/dev/null; then
    lacks "Go $need or newer" "https://go.dev/doc/install says how"
    return
  fi
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  have=${have#go}
  newer_or_same "$need" "${have%%[-+ ]*}" ||
    lacks "Go $need or newer; this is $have" "https://go.dev/doc/install says how"
}

check_c() {
  command -v cc >/dev/null ||
    lacks "a C compiler (cc)" "Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install"
  [ -z "${OPENSSL_DIR-}" ] || return 0
  if ! command -v pkg-config >/dev/null; then
    lacks "pkg-config" "Debian, Ubuntu: apt-get install pkg-config; Fedora: dnf install pkgconf-pkg-config; macOS: brew install pkgconf"
  elif ! pkg-config --exists openssl; then
    lacks "OpenSSL's headers" "Debian, Ubuntu: apt-get install libssl-dev; Fedora: dnf install openssl-devel; macOS: brew install openssl"
  fi
}

check_python() {
  if ! command -v python3 >/dev/null || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    lacks "python3, 3.10 or newer" "Debian, Ubuntu: apt-get install python3; Fedora: dnf install python3; macOS: brew install python"
  fi
}

# The test with Okta's published SDK installs it into an environment of its own.
check_python_venv() {
  command -v python3 >/dev/null || return 0
  python3 -c 'import ensurepip, venv' 2>/dev/null ||
    lacks "Python's venv" "Debian, Ubuntu: apt-get install python3-venv"
}

# axe-core comes from npm.
check_npm() {
  command -v npm >/dev/null ||
    lacks "npm" "Debian, Ubuntu: apt-get install npm; Fedora: dnf install npm; macOS: brew install node"
}

# libFuzzer is C++.
check_cxx() {
  command -v c++ >/dev/null ||
    lacks "a C++ compiler (c++)" "Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install"
}

check_perf() {
  command -v perf >/dev/null ||
    lacks "perf" "Debian: apt-get install linux-perf; Ubuntu: apt-get install linux-tools-generic; Fedora: dnf install perf"
}

check_git() {
  command -v git >/dev/null ||
    lacks "git" "Debian, Ubuntu: apt-get install git; Fedora: dnf install git; macOS: xcode-select --install"
}

# need NAME...: runs the named checks; ends the script if one finds a lack.
need() {
  local check
  for check in "$@"; do "check_$check"; done
  [ "${#missing[@]}" -gt 0 ] || return 0
  {
    say "$(basename "$0"): this machine lacks"
    printf '  %s\n' "${missing[@]}"
  } >&2
  exit 1
}
