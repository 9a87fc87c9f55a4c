#!/usr/bin/env bash
# Sets up and runs the checks and tests.
#
#   ./scripts/test.sh                    format, lint, types, shell, and the default tests
#   ./scripts/test.sh --all              the slow tests, too
#   ./scripts/test.sh tests/text -k cer  pytest alone, with these arguments
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
# Files of tests share the cores, a thread for each process: threads of several would wait for one
# another.
export OMP_NUM_THREADS=1
tests=("$ECHO_PYTHON" -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder)
if [ "${1:-}" = --all ]; then
  exec "${tests[@]}" -m "not gpu and not network"
fi
exec "${tests[@]}"
