#!/usr/bin/env bash
# The environment of the recipe: source this file.  On first use it makes .venv and installs
# what pyproject.toml asks for, at the versions of constraints.txt; afterwards it costs nothing.
#
#   PYTHON=python3.12 ./run.sh      the interpreter for a new .venv (3.11 or newer)
#   ECHO_EXTRAS=test ./run.sh       extras to install, as pip names them
#   ECHO_VENV=none ./run.sh         use the python that is active, install nothing

ECHO_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ECHO_ROOT
export PYTHONPATH="$ECHO_ROOT${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONUTF8=1 PYTHONUNBUFFERED=1
export TOKENIZERS_PARALLELISM=false

# Free space that an installation takes: torch with its CUDA libraries, and pip's temporary files.
ECHO_VENV_GIB=9

echo_die() {
  echo "path.sh: $*" >&2
  exit 1
}

echo_find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo_die "no Python 3.11 or newer found (tried ${PYTHON:-python3, python3.13 .. python3.11}); install one, or say PYTHON=/path/to/python3"
}

# What the installation depends on; the same line in .venv/ready says that it is complete.
echo_wanted() {
  cat "$ECHO_ROOT/pyproject.toml" "$ECHO_ROOT/constraints.txt" | cksum
  echo "${ECHO_EXTRAS:-}"
  echo "$ECHO_ROOT"
}

echo_make_venv() {
  local venv=$1 python free_gib owner=
  if [ -f "$venv/ready" ]; then
    owner=$(sed -n 3p "$venv/ready")
  fi
  if [ -n "$owner" ] && [ "$owner" != "$ECHO_ROOT" ]; then
    echo_die "$venv belongs to $owner, and this checkout wants other packages; set ECHO_VENV to a folder of its own"
  fi
  python=$(echo_find_python) || exit 1
  free_gib=$(($(df -Pk "$ECHO_ROOT" | awk 'NR == 2 {print $4}') / 1048576))
  if [ ! -d "$venv" ] && [ "$free_gib" -lt "$ECHO_VENV_GIB" ]; then
    echo_die "$free_gib GiB free in $ECHO_ROOT, about $ECHO_VENV_GIB needed to install torch and the rest; free some space and run again"
  fi
  echo "path.sh: installing into $venv (once; some minutes)" >&2
  # An interrupted installation leaves a folder without 'ready': it is made again from nothing
  # if its python does not even start, else completed.
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv" || echo_die "$python cannot make a virtual environment; on Debian: apt install python3-venv"
  fi
  rm -f "$venv/ready"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -c "$ECHO_ROOT/constraints.txt" -e "$ECHO_ROOT${ECHO_EXTRAS:+[$ECHO_EXTRAS]}" ||
    echo_die "installation failed (see above); mend the cause and run the same command again, it goes on where it stopped"
  echo_wanted >"$venv/ready"
}

if [ "${ECHO_VENV:-}" != none ]; then
  ECHO_VENV=${ECHO_VENV:-$ECHO_ROOT/.venv}
  # More extras than asked for do no harm: tests install them, later runs keep them.
  if [ -f "$ECHO_VENV/ready" ] && [ -z "${ECHO_EXTRAS:-}" ]; then
    ECHO_EXTRAS=$(sed -n 2p "$ECHO_VENV/ready")
  fi
  # Another checkout may use it as long as it wants the same packages (PYTHONPATH names its own code).
  if [ "$(sed -n 1,2p "$ECHO_VENV/ready" 2>/dev/null)" != "$(echo_wanted | sed -n 1,2p)" ]; then
    echo_make_venv "$ECHO_VENV"
  fi
  export PATH="$ECHO_VENV/bin:$PATH"
fi
# Systems have python3 and often no python; a virtual environment has both.
ECHO_PYTHON=$(command -v python || echo_find_python) || exit 1
export ECHO_PYTHON
