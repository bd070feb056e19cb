#!/usr/bin/env bash
# A long search with the properties of the domain: they need no network and no cluster. A fresh seed each time, which is
# printed. A case that fails is kept in crates/domain/proptest-regressions/, to be committed with the repair.
#
#   hack/properties.sh [CASES]    so many cases of each property
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/seed.sh"
cd "$root"

say_seed
PROPTEST_CASES=${1:-20000} tied cargo test --package yubikey-shipment-domain || { say_seed; exit 1; }
