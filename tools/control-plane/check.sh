#!/usr/bin/env bash
# Checks the sources of the control plane and tests the built program:
# formatting, go vet, and the tests in e2e. Run build.sh first.
#
# Arguments are passed on to go test, for example: check.sh -run Restart -v
set -euo pipefail
cd "$(dirname "$0")"
export GOTOOLCHAIN=local CGO_ENABLED=0

mapfile -t flags < <(./build.sh flags)
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "check.sh: run gofmt -w on: $unformatted" >&2
  exit 1
fi
go vet "${flags[@]}" ./...
# -count=1: the program under test is no input that go knows of.
go test "${flags[@]}" -count=1 "$@" ./...
