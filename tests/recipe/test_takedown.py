"""Media that have to go again: nothing of them is left, and nothing else changes."""

import gzip
import json
import shutil
import subprocess

import pytest
from lhotse import CutSet
from recipe_support import environment
from tests_support import ROOT


@pytest.fixture
def changeable(finished, tmp_path):
    """The finished recipe, put back afterwards: manifests know their folder, so it stays there."""
    backup = tmp_path / "backup"
    shutil.copytree(finished.data_dir, backup)
    yield finished
    shutil.rmtree(finished.data_dir)
    shutil.copytree(backup, finished.data_dir)


@pytest.mark.slow
def test_a_takedown_leaves_nothing_and_does_not_come_back(changeable):
    """What is left is as if the media had never been there."""
    recipe, data = changeable, changeable.data_dir
    media = sorted({c.custom["media_id"] for c in CutSet.from_file(data / "manifest.jsonl.gz")})
    gone, others = media[0], set(media[1:])
    kept_before = {c.id for c in CutSet.from_file(data / "manifest.jsonl.gz")}
    (data / "hub" / "data").mkdir(parents=True)  # as scripts/publish_dataset.py leaves it
    command = [
        str(ROOT / "scripts/takedown.sh"),
        *recipe.settings,
        f"data_dir={data}",
        "--id",
        gone,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"taken down: {gone}" in done.stdout and "data set (Shar)" in done.stdout

    for path in [*data.rglob("*.jsonl.gz"), *(data / "shar").rglob("*.jsonl.gz")]:
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            cut = json.loads(line)
            if gone in line and "truth" not in str(path):
                assert cut["custom"]["reason"] == "taken_down", path
                assert "text_raw" not in cut["custom"] and "title" not in cut["custom"]
    assert not list((data / "audio").rglob(f"{gone}.*"))
    assert gone not in (data / "review" / "review.tsv").read_text(encoding="utf-8")
    assert gone not in (data / "review" / "review.html").read_text(encoding="utf-8")
    assert not list((data / "review" / "clips").glob(f"{gone}*")) and not (data / "hub").exists()
    left = {c.id for c in CutSet.from_file(data / "manifest.jsonl.gz")}
    assert left == {i for i in kept_before if not i.startswith(gone)} and left
    assert {c.custom["media_id"] for c in CutSet.from_file(data / "manifest.jsonl.gz")} == others

    again = recipe.run("--stop-stage", "10").stdout  # the source still offers it
    assert "taken_down 1" in again and "shards run" not in again.split("stage  7")[0]
    assert {c.id for c in CutSet.from_file(data / "manifest.jsonl.gz")} == left


def test_a_takedown_of_nothing_changes_nothing_and_says_so(finished, tmp_path):
    command = [
        str(ROOT / "scripts/takedown.sh"),
        f"data_dir={finished.data_dir}",
        "--id",
        "yt-none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 1 and "yt-none: no media" in done.stderr
    assert not (finished.data_dir / "takedown.tsv").exists()
