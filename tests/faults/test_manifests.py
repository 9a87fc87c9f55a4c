"""Manifests that were cut short or edited by hand, clocks that run backwards, two runs at once."""

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from recipe_support import Recipe, environment, outputs
from tests_support import ROOT

from echoharvester.manifests.lock import NAME, LockedError, locked

SHARDED = ("cuts_media", "cuts_downloaded", "cuts_segmented", "cuts_aligned", "cuts_measured",
           "cuts_filtered", "cuts_validated", "cuts_reviewed")  # fmt: skip


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manifests")
    made = Recipe(folder / "data", folder / "exp")
    made.run("--stop-stage", "9")
    return made


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-40])


def edited(path):
    """By someone who unpacked it, changed a value and packed it again."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    cut = json.loads(lines[0])
    cut["custom"]["license"] = "mine"
    path.write_bytes(gzip.compress("\n".join([json.dumps(cut), *lines[1:]]).encode() + b"\n"))


def garbage(path):
    path.write_bytes(b"\x1f\x8b" + bytes(5000))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut_short, edited, garbage, os.unlink])
def test_damaged_manifests_are_made_again(recipe, damage):
    """One shard of every stage at once."""
    expected = outputs(recipe)
    for i, name in enumerate(SHARDED):
        damage(recipe.manifests / f"{name}.{i % 3}.jsonl.gz")
    done = recipe.run("--stop-stage", "9")
    assert "Traceback" not in done.stdout + done.stderr
    assert outputs(recipe) == expected


@pytest.mark.slow
def test_clocks_decide_nothing(recipe):
    """Files from the future, as a clock that was set back leaves them."""
    expected = outputs(recipe)
    future = time.time() + 400 * 86400
    for path in recipe.data_dir.rglob("*"):
        if (
            "library" not in path.parts
        ):  # a media item with another time might be another media item
            os.utime(path, (future, future))
    done = recipe.run("--stage", "2", "--stop-stage", "9")
    assert done.stdout.count("up to date") >= 9 and "shards run" not in done.stdout
    (recipe.manifests / "cuts_aligned.0.jsonl.gz").unlink()
    recipe.run("--stop-stage", "9")
    assert outputs(recipe) == expected


@pytest.mark.slow
def test_the_second_of_two_runs_says_so_and_leaves(recipe, tmp_path):
    two = recipe.beside(tmp_path)
    shutil.rmtree(two.manifests)
    first = subprocess.Popen(
        two.command("--stop-stage", "5"), env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for _ in range(600):
        if (two.data_dir / NAME).exists():
            break
        time.sleep(0.05)
    second = two.run("--stop-stage", "5", check=False)
    said, _ = first.communicate(timeout=300)
    assert first.returncode == 0, said
    assert second.returncode == 1 and "another run is at work" in second.stderr, second.stderr
    assert not (two.data_dir / NAME).exists()
    assert "up to date" in two.run("--stage", "3", "--stop-stage", "5").stdout


def test_a_lock_of_a_run_that_is_gone_is_taken_over(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock = tmp_path / NAME
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": gone.pid, "what": "stage 4"}))
    with locked(tmp_path, "stage 5"):
        assert json.loads(lock.read_text())["what"] == "stage 5"
        code = f"from pathlib import Path; from echoharvester.manifests.lock import locked\nwith locked(Path({str(tmp_path)!r}), 'stage 6'): pass"
        other = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            capture_output=True,
        )  # fmt: skip
        assert other.returncode and "another run is at work here (stage 5" in other.stderr
    assert not lock.exists()


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"host": "elsewhere", "pid": 1}'])
def test_a_lock_of_another_machine_holds_while_it_is_renewed(tmp_path, content):
    lock = tmp_path / NAME
    lock.write_text(content)
    with pytest.raises(LockedError, match="delete"), locked(tmp_path, "stage 5"):
        pass
    old = time.time() - 3600
    os.utime(lock, (old, old))
    with locked(tmp_path, "stage 5"):
        assert "stage 5" in lock.read_text()


def test_a_run_that_fails_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "x"):
        raise ZeroDivisionError
    assert not (tmp_path / NAME).exists()
