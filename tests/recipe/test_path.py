"""path.sh: what a fresh checkout does, with a pip that only writes down what it is asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The interpreter of the new environment: `-m pip install` is noted instead of carried out.
INTERPRETER = """#!/bin/sh
if [ "$1 $2" = "-m pip" ]; then
  [ "$3" = install ] && echo "$@" >> "{log}"
  exit 0
fi
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && exit 0
fi
exec {python} "$@"
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with what path.sh reads, and an interpreter beside it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("path.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    interpreter = tmp_path / "python3"
    interpreter.write_text(INTERPRETER.format(log=tmp_path / "pip.log", python=sys.executable))
    interpreter.chmod(0o755)
    return folder


def source(folder, **settings):
    """Sources path.sh as the recipes do, under the strictest settings of bash."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("ECHO_")}
    return subprocess.run(
        ["bash", "-c", "set -euo pipefail; . ./path.sh; command -v python"],
        cwd=folder,
        env=keep | {"PYTHON": str(folder.parent / "python3")} | settings,
        capture_output=True,
        text=True,
    )


def installations(folder):
    log = folder.parent / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


def test_fresh_checkout_installs_once(checkout):
    first = source(checkout, ECHO_EXTRAS="test")
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip() == str(checkout / ".venv/bin/python")
    assert len(installations(checkout)) == 1
    assert f"{checkout}[test]" in installations(checkout)[0]
    for extras in ({"ECHO_EXTRAS": "test"}, {}):  # no extras named keeps those there are
        again = source(checkout, **extras)
        assert again.returncode == 0, again.stderr
        assert len(installations(checkout)) == 1


def test_changed_pins_install_again(checkout):
    source(checkout)
    with open(checkout / "constraints.txt", "a") as pins:
        pins.write("# changed\n")
    assert source(checkout).returncode == 0
    assert len(installations(checkout)) == 2


def test_environment_of_another_checkout_is_left_alone(checkout, tmp_path):
    source(checkout)
    other = tmp_path / "other"
    shutil.copytree(checkout, other, ignore=shutil.ignore_patterns(".venv"))
    theirs = {"ECHO_VENV": str(checkout / ".venv")}
    assert source(other, **theirs).returncode == 0  # it wants the same packages: shared
    with open(other / "constraints.txt", "a") as pins:
        pins.write("# changed\n")
    refused = source(other, **theirs)
    assert refused.returncode == 1
    assert f"belongs to {checkout}" in refused.stderr
    assert len(installations(checkout)) == 1


def test_broken_environment_is_made_again(checkout):
    source(checkout)
    (checkout / ".venv/ready").unlink()
    (checkout / ".venv/bin/python").unlink()
    assert source(checkout).returncode == 0
    assert len(installations(checkout)) == 2
