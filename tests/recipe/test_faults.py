"""Killed at any moment, or fed with broken files, and run again: nothing is lost."""

import gzip
import json
import random
import shutil
import subprocess

import pytest
from lhotse import CutSet
from recipe_support import Recipe, environment
from tests_support import ROOT

from echoharvester.manifests.shards import read_all_cuts, read_cuts


def outputs(recipe):
    folders = [recipe.manifests, recipe.data_dir / "shar", recipe.data_dir / "review"]
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    # Lhotse's own jsonl.gz files carry a time stamp: their content counts.
    return {
        str(p.relative_to(recipe.data_dir)): list(read_cuts(p))
        if p.name.startswith("cuts.")
        else p.read_bytes()
        for p in files
        if not p.name.startswith(".")
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_kill_9_in_every_stage_and_run_again_equals_an_undisturbed_run(tmp_path, seed):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    recipe.run("--stop-stage", "9")
    expected = outputs(recipe)
    recipe.data_dir.rename(
        tmp_path / "undisturbed"
    )  # paths are part of manifests: same place again
    rng = random.Random(seed)
    for stage in range(10):
        for _ in range(2):
            recipe.run_and_kill(
                rng.uniform(0.3, 8.0), "--stage", str(stage), "--stop-stage", str(stage)
            )
        recipe.run("--stage", str(stage), "--stop-stage", str(stage))
    assert outputs(recipe) == expected
    assert not [p for p in recipe.manifests.iterdir() if p.name.endswith(".journal.jsonl")]


def test_broken_media_harm_only_themselves(tmp_path, finished):
    """Each is an error or a reject that says why; the good one is harvested."""
    library, folder = finished.data_dir / "library", tmp_path / "media"
    folder.mkdir()
    good, vtt = library / "morning_news.m4a", library / "morning_news.ko.vtt"
    data = good.read_bytes()
    broken = {
        "empty.mp3": b"", "text.mp3": b"this is text", "truncated.m4a": data[: len(data) // 3],
        "noise.mp4": random.Random(0).randbytes(50_000),
        "half.webm": (library / "science_talk.webm").read_bytes()[:40_000],
    }  # fmt: skip
    for name, content in {**broken, "good.m4a": data}.items():
        (folder / name).write_bytes(content)
        (folder / name).with_suffix(".ko.vtt").write_bytes(vtt.read_bytes())
    (folder / "broken_captions.m4a").write_bytes(data + b"\0")
    (folder / "broken_captions.ko.vtt").write_bytes(b"no times here")
    (folder / ("가" * 70 + ".wav")).write_bytes((library / "late_captions.wav").read_bytes())
    settings = ("source=local", f"source.paths=[{folder}]", "num_shards=2")
    recipe = Recipe(tmp_path / "data", tmp_path / "exp", settings)
    done = recipe.run("--stop-stage", "9", "max_error_rate=1.0")
    assert "Traceback" not in done.stdout + done.stderr
    errors = [c for p in recipe.manifests.glob("*.errors.jsonl.gz") for c in read_cuts(p)]
    messages = " ".join(cut["custom"]["error"]["message"] for cut in errors)
    for name in ("empty.mp3", "text.mp3", "truncated.m4a", "noise.mp4", "no cue times"):
        assert name in messages, name
    titles = {
        c["custom"]["title"]
        for c in read_all_cuts(recipe.manifests, "cuts_reviewed")
        if c["custom"]["status"] == "accepted"
    }
    assert "good" in titles
    strict = recipe.run("--stop-stage", "3", "max_error_rate=0.1", check=False)
    assert strict.returncode != 0 and "max_error_rate" in strict.stderr


@pytest.fixture
def changeable(finished, tmp_path):
    """The finished recipe, put back afterwards: manifests know their folder, so it stays there."""
    backup = tmp_path / "backup"
    shutil.copytree(finished.data_dir, backup)
    yield finished
    shutil.rmtree(finished.data_dir)
    shutil.copytree(backup, finished.data_dir)


def test_a_takedown_leaves_nothing_and_does_not_come_back(changeable):
    """What is left is as if the media had never been there."""
    recipe, data = changeable, changeable.data_dir
    media = sorted({c.custom["media_id"] for c in CutSet.from_file(data / "manifest.jsonl.gz")})
    gone, others = media[0], set(media[1:])
    kept_before = {c.id for c in CutSet.from_file(data / "manifest.jsonl.gz")}
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
