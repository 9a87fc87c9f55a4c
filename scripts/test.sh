#!/usr/bin/env bash
# Sets up and runs the checks and tests.
#
#   ./scripts/test.sh                    format, lint, types, shell, and the default tests
#   ./scripts/test.sh --all              the slow tests, too
#   ./scripts/test.sh tests/text -k cer  pytest alone, with these arguments
#   ECHO_TEST_WORKERS=2 ./scripts/test.sh --all   files of tests beside each other
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ECHO_EXTRAS="test"
. ./path.sh

if [ $# -gt 0 ] && [ "$1" != --all ]; then
  exec "$ECHO_PYTHON" -m pytest "$@"
fi
ruff check .
ruff format --check .
mypy
shellcheck -x run.sh path.sh scripts/*.sh egs/*/run.sh .ci/run
tests=("$ECHO_PYTHON" -m pytest)
if [ -n "${ECHO_TEST_WORKERS:-}" ]; then
  # A thread for each process: threads of several would wait for one another.
  export OMP_NUM_THREADS=1
  tests+=(-n "$ECHO_TEST_WORKERS" --dist loadfile --no-loadscope-reorder)
fi
if [ "${1:-}" = --all ]; then
  exec "${tests[@]}" -m "not gpu and not network"
fi
exec "${tests[@]}"
