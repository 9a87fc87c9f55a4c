"""A disk that is full or cannot be written to, in every stage that writes."""

import contextlib
import os
import shutil
import subprocess

import pytest
from recipe_support import Recipe, outputs

SIZE = "2600M"  # stage 0 wants 2 GiB
STAGES = range(10)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "echoharvester-test", str(place)]
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here ({done.stderr.strip()})")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def full(place):
    """Leaves not a page free."""
    filler = place / "filler"
    with open(filler, "wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(place).free)
        file.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
    yield
    filler.unlink()


@contextlib.contextmanager
def read_only(place):
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [full, read_only])
def test_every_stage_says_so_and_goes_on_afterwards(small_disk, tmp_path, fault):
    recipe = Recipe(small_disk / "data", small_disk / "exp")
    recipe.run("--stop-stage", "9")
    expected = outputs(recipe)
    shutil.rmtree(recipe.data_dir)
    for stage in STAGES:
        only = ("--stage", str(stage), "--stop-stage", str(stage))
        with fault(small_disk):
            done = recipe.run(*only, check=False)
            said = done.stdout + done.stderr
            assert done.returncode != 0, (stage, said)
            assert "Traceback" not in said, said
            assert (
                "No space left" in said or "Read-only file system" in said or "GiB free" in said
            ), (stage, said)
        recipe.run(*only)
    assert outputs(recipe) == expected
    left = [p.name for p in recipe.data_dir.rglob("*") if ".tmp" in p.name or p.name == ".run.lock"]
    assert left == []
