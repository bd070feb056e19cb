#!/usr/bin/env bash
# Where the operator's CPU goes, or who allocates: `perf` or `heaptrack` beside the
# bench of hack/soak.sh, drawn as a flame graph. The last line names the picture.
#
#   SHIPMENTS=200 RESTING=1000 hack/profile.sh                  CPU, by perf
#   WHAT=allocations SHIPMENTS=50 RESTING=0 hack/profile.sh     allocations, by heaptrack; the line before the last
#                                                               tells how many a shipment
#
# The libraries are compiled once more, with frame pointers and symbols and without
# optimisation across crates, in a folder of their own: no number of this run is
# comparable with the bench's. perf needs kernel.perf_event_paranoid of 2 or less.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
cd "$root"

what=${WHAT:-cpu}
shipments=${SHIPMENTS:-200}
dir=$root/.state/profile
target=$root/target/profile
programs=$root/target/release
inferno=$root/.cache/inferno
preload=/usr/lib/heaptrack/libheaptrack_preload.so
interpret=/usr/lib/heaptrack/libexec/heaptrack_interpret

case $what in
cpu) need git rust c go perf ;;
allocations)
  need git rust c go
  [ -e "$preload" ] && [ -x "$interpret" ] || fail "heaptrack is not installed (Debian: apt-get install heaptrack)"
  ;;
*) fail "WHAT is cpu or allocations" ;;
esac
mkdir -p "$dir"
rm -rf "$dir"/*.data "$dir"/*.folded "$dir"/*.raw "$dir"/*.pipe "$dir/bench"

tied tools/control-plane/build.sh >&2
tied tools/build.sh >&2
watched profile '^ *Compiling ' "crates compiled" "$logs/profile-build.log" \
  cargo build --release -p yubikey-shipment-sandbox -p yubikey-shipment-soak >&2 ||
  fail "the build failed; see $logs/profile-build.log"
watched profile '^ *Compiling ' "crates compiled, with symbols" "$logs/profile-build.log" \
  env RUSTFLAGS="-C force-frame-pointers=yes" CARGO_TARGET_DIR="$target" CARGO_PROFILE_RELEASE_STRIP=none \
  CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_LTO=off \
  cargo build --release -p yubikey-shipment-operator >&2 ||
  fail "the build failed; see $logs/profile-build.log"
[ -x "$inferno/bin/inferno-flamegraph" ] ||
  watched profile '^ *Compiling ' "crates compiled of inferno" "$logs/profile-inferno.log" \
    cargo install --locked --version 0.12.8 --no-default-features --features cli --root "$inferno" inferno >&2 ||
  fail "inferno could not be built; see $logs/profile-inferno.log"

# The bench starts this in place of the operator and ends the process that it becomes. perf watches from before the
# operator is loaded, else it knows no addresses: it says through a pipe that it watches.
cat >"$dir/cpu" <<EOF
#!/usr/bin/env bash
if [ "\$1" = run ]; then
  mkfifo "$dir/\$\$.ask.pipe" "$dir/\$\$.said.pipe"
  perf record --quiet --freq 499 --call-graph fp --delay -1 \
    --control "fifo:$dir/\$\$.ask.pipe,$dir/\$\$.said.pipe" \
    --pid \$\$ --output "$dir/\$\$.data" 2>>"$dir/perf.log" &
  echo enable >"$dir/\$\$.ask.pipe"
  read -r _ <"$dir/\$\$.said.pipe"
fi
exec "$target/release/yubikey-shipment-operator" "\$@"
EOF
cat >"$dir/allocations" <<EOF
#!/usr/bin/env bash
if [ "\$1" = run ]; then export LD_PRELOAD=$preload DUMP_HEAPTRACK_OUTPUT="$dir/\$\$.raw"; fi
exec "$target/release/yubikey-shipment-operator" "\$@"
EOF
chmod +x "$dir/cpu" "$dir/allocations"

tied "$programs/yubikey-shipment-soak" bench --seed "${SEED:-1}" --shipments "$shipments" \
  --resting "${RESTING:-1000}" --dir "$dir/bench" --tools "$bin" --chart charts/yubikey-shipment-operator \
  --operator "$dir/$what" --sandbox "$programs/yubikey-shipment-sandbox" >"$dir/bench.json"

draw() {
  "$inferno/bin/inferno-flamegraph" --title "$1 of the operator in a bench of $shipments shipments" "${@:2}" \
    "$dir/all.folded" >"$dir/$what.svg"
  say "$dir/$what.svg"
}

collapse_perf() {
  local data patience
  for data in "$dir"/*.data; do
    # perf writes the rest of its file when the process has ended.
    patience=50
    until [ -s "$data" ] && perf script --no-inline --input "$data" >"$dir/script" 2>>"$dir/perf.log"; do
      [ "$patience" -gt 0 ] || break
      patience=$((patience - 1))
      sleep 0.1
    done
    "$inferno/bin/inferno-collapse-perf" "$dir/script" >>"$dir/all.folded"
  done
  rm -f "$dir/script"
}

# The largest is of the process that took people through the whole road.
collapse_heaptrack() {
  local raw count
  raw=$(find "$dir" -maxdepth 1 -name '*.raw' -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
  "$interpret" <"$raw" >"$dir/heaptrack" 2>>"$dir/heaptrack.log"
  heaptrack_print --print-peaks 0 --print-allocators 0 --print-temporary 0 --flamegraph-cost-type allocations \
    --print-flamegraph "$dir/all.folded" "$dir/heaptrack" >"$dir/heaptrack.txt" 2>>"$dir/heaptrack.log"
  count=$(sed -n 's/^calls to allocation functions: \([0-9]*\).*/\1/p' "$dir/heaptrack.txt")
  say "$((count / shipments)) allocations a shipment, the start of the process included"
}

if [ "$what" = cpu ]; then
  collapse_perf
  draw "CPU"
else
  collapse_heaptrack
  draw "Allocations" --countname allocations
fi
