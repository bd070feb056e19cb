# The seed of the random tests. Each run has a fresh one and says it, so that it can be run again. What was found once
# stands in proptest-regressions/ and is tried by every run, whatever its seed. Sourced, never run.
# shellcheck shell=bash

fresh_seed() { od -An -N7 -tu8 /dev/urandom | tr -d ' '; }

export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-$(fresh_seed)}

say_seed() { say "random tests draw from PROPTEST_RNG_SEED=$PROPTEST_RNG_SEED; set it to draw the same again"; }
