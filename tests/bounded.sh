#!/usr/bin/env bash
# Runs a test binary with a time limit: `tests/bounded.sh BINARY ARGUMENTS…`. Cargo calls it as its runner
# (see the Makefile). Every wait of a test has its own deadline; this is the last
# resort. HSC_TEST_MINUTES is the limit of one binary.
set -uo pipefail

minutes=${HSC_TEST_MINUTES:-30}
timeout --kill-after=30 "${minutes}m" "$@"
status=$?
# 124 after TERM, 137 after KILL.
if [ $status -eq 124 ] || [ $status -eq 137 ]; then
    echo "tests/bounded.sh: $(basename "$1") was ended after $minutes minutes: a test of it hangs. The tests that" >&2
    echo "  'has been running for over 60 seconds' was said of above are the ones to look at." >&2
fi
exit $status
