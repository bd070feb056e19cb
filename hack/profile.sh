#!/usr/bin/env bash
# Where the operator's CPU goes: `perf` beside the bench of hack/soak.sh, drawn as
# a flame graph. The last line names the picture.
#
#   SHIPMENTS=200 RESTING=1000 hack/profile.sh
#
# The libraries are compiled once more, with frame pointers and symbols, in a
# folder of their own; no number of this run is comparable with the bench's.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"

need git rust c go perf
dir=$root/.state/profile
target=$root/target/profile
programs=$root/target/release
inferno=$root/.cache/inferno
mkdir -p "$dir"
rm -f "$dir"/*.data "$dir"/*.folded

tied tools/control-plane/build.sh >&2
tied tools/build.sh >&2
watched profile '^ *Compiling ' "crates compiled" "$logs/profile-build.log" \
  cargo build --release -p yubikey-shipment-sandbox -p yubikey-shipment-soak >&2 ||
  fail "the build failed; see $logs/profile-build.log"
watched profile '^ *Compiling ' "crates compiled, with symbols" "$logs/profile-build.log" \
  env RUSTFLAGS="-C force-frame-pointers=yes" CARGO_TARGET_DIR="$target" CARGO_PROFILE_RELEASE_STRIP=none \
  CARGO_PROFILE_RELEASE_DEBUG=line-tables-only cargo build --release -p yubikey-shipment-operator >&2 ||
  fail "the build failed; see $logs/profile-build.log"
[ -x "$inferno/bin/inferno-flamegraph" ] ||
  watched profile '^ *Compiling ' "crates compiled of inferno" "$logs/profile-inferno.log" \
    cargo install --locked --version 0.12.8 --no-default-features --features cli --root "$inferno" inferno >&2 ||
  fail "inferno could not be built; see $logs/profile-inferno.log"

# The bench starts this in place of the operator: perf watches the process that it then becomes.
cat >"$dir/operator" <<EOF
#!/usr/bin/env bash
perf record --quiet --freq 499 --call-graph fp --pid \$\$ --output "$dir/\$\$.data" 2>>"$dir/perf.log" &
exec "$target/release/yubikey-shipment-operator" "\$@"
EOF
chmod +x "$dir/operator"

tied "$programs/yubikey-shipment-soak" bench --seed "${SEED:-1}" --shipments "${SHIPMENTS:-200}" \
  --resting "${RESTING:-1000}" --dir "$dir/bench" --tools "$bin" --chart charts/yubikey-shipment-operator \
  --operator "$dir/operator" --sandbox "$programs/yubikey-shipment-sandbox" >"$dir/bench.json"

for data in "$dir"/*.data; do
  # perf writes the rest of its file when the process has ended.
  patience=100
  until perf script --input "$data" >"$dir/script" 2>>"$dir/perf.log" || [ "$patience" -eq 0 ]; do
    patience=$((patience - 1))
    sleep 0.1
  done
  "$inferno/bin/inferno-collapse-perf" "$dir/script" >>"$dir/all.folded"
done
rm -f "$dir/script"
"$inferno/bin/inferno-flamegraph" --title "The operator in a bench of ${SHIPMENTS:-200} shipments" \
  "$dir/all.folded" >"$dir/flame.svg"
say "$dir/flame.svg"
