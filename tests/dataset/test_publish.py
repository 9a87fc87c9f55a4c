"""What is published loads elsewhere, where its licences allow it, and nothing else is sent."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hub import running_hub
from tests_support import ROOT

from echoharvester.dataset.card import Statistics, data_card
from echoharvester.dataset.publish import may_be_published
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut, with_custom
from echoharvester.manifests.shards import ShardWriter, read_cuts

datasets = pytest.importorskip("datasets")
LICENCES = ("CC BY 4.0", "Standard YouTube License", "Creative Commons Attribution license (reuse allowed)")  # fmt: skip


@pytest.fixture
def data_dir(tmp_path):
    """Two utterances of each of three media, with a licence of its own each; one split for each."""
    sound = tmp_path / "audio.flac"
    soundfile.write(sound, np.random.default_rng(0).normal(0, 0.1, 160000), 16000)
    folder = tmp_path / "data"
    stats = Statistics()
    for k, (name, licence) in enumerate(zip(("train", "dev", "test"), LICENCES, strict=True)):
        about = {"caption_kind": "manual", "title": f"강연 {k}", "license": licence, "channel": "c", "media_path": "/home/me/x.mp4"}  # fmt: skip
        media = media_cut(f"m{k}", recording(f"m{k}", str(sound), 16000, 160000), about)
        cuts = []
        for i in range(2):
            cut = utterance_cut(media, f"m{k}-{i}", 1.0 + i, 2.0 + i, f"안녕하세요 여러분 {k}", {})
            cut["supervisions"][0]["alignment"] = {"word": [["안녕하세요", 0.1, 0.4, 0.9]]}
            cuts.append(with_custom(cut, status="accepted", cer=0.0, snr_db=30.0, hyp_text="안녕"))
            stats.add(cuts[-1])
        with ShardWriter(folder / "manifests" / f"cuts_{name}.jsonl.gz") as writer:
            for cut in cuts:
                writer.write(cut)
            writer.close("split", "", "", {})
    with ShardWriter(folder / "manifest.jsonl.gz") as writer:
        for name in ("train", "dev", "test"):
            for cut in read_cuts(folder / "manifests" / f"cuts_{name}.jsonl.gz"):
                writer.write(cut)
        writer.close("export", "", "", {})
    card = data_card("talks", stats.to_dict(), {}, {}, "abc")
    (folder / "data_card.json").write_text(json.dumps(card))
    return folder


def publish(data_dir, *options, hub=None, token="hf_right"):
    home = {"HF_HOME": str(data_dir.parent / "hf"), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token}
    env = {**os.environ, **home, **({"HF_ENDPOINT": hub.address} if hub else {})}
    command = [sys.executable, str(ROOT / "scripts" / "publish_dataset.py"), str(data_dir), "me/mini", *options]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)


def test_what_forbids_it_is_named_and_nothing_is_written(data_dir):
    done = publish(data_dir, "--push")
    assert done.returncode == 1 and not (data_dir / "hub").exists()
    assert "m1 강연 1 (Standard YouTube License)" in done.stderr and "m0" not in done.stderr
    assert "Traceback" not in done.stderr
    done = publish(data_dir, "--leave-out")
    assert done.returncode == 0 and "nothing was written or sent" in done.stdout
    assert "train: 2 utterances" in done.stdout and "dev" not in done.stdout


def test_it_loads_by_its_own_snippet(data_dir, tmp_path):
    done = publish(data_dir, "--out", str(tmp_path / "out"), "--allow", "Standard YouTube License")
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "/home" not in card and str(tmp_path) not in card and "| dev | 2 | 0.00 |" in card
    code = (
        card.partition("```python\n")[2]
        .partition("```")[0]
        .replace("me/mini", str(tmp_path / "out"))
    )
    env = {**os.environ, "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.strip() == "안녕하세요 여러분 0", done.stderr
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(of_set) for name, of_set in loaded.items()} == {
        "train": 2,
        "dev": 2,
        "test": 2,
    }
    assert loaded["train"].features["audio"].sampling_rate == 16000
    row = loaded["dev"].cast_column("audio", datasets.Audio(decode=False))[1]
    (tmp_path / "a.flac").write_bytes(row["audio"]["bytes"])
    samples, rate = soundfile.read(tmp_path / "a.flac")
    whole, _ = soundfile.read(data_dir.parent / "audio.flac")
    assert rate == 16000 and np.array_equal(samples, whole[32000:48000])
    assert row["words"] == [{"word": "안녕하세요", "start_sec": 0.1, "end_sec": 0.5}]
    assert row["license"] == "Standard YouTube License" and "media_path" not in row


def test_it_is_pushed_to_a_hub_again_and_again(data_dir):
    with running_hub() as hub:
        hub.files["data/train-00009.parquet"] = b"of an earlier, larger one"
        done = publish(data_dir, "--leave-out", "--push", hub=hub)
        assert done.returncode == 0, done.stdout + done.stderr
        assert hub.repositories[0]["type"] == "dataset" and hub.repositories[0]["private"] is True
        assert set(hub.files) == {
            "README.md",
            "data/train-00000.parquet",
            "data/test-00000.parquet",
        }
        assert hub.files["README.md"].startswith(b"---\nlanguage:\n- ko\n")
        assert publish(data_dir, "--leave-out", "--push", hub=hub).returncode == 0


def test_a_hub_that_refuses_speaks_for_itself(data_dir):
    with running_hub() as hub:
        done = publish(data_dir, "--leave-out", "--push", hub=hub, token="hf_wrong")
    assert done.returncode == 1 and not hub.files
    assert "HF_TOKEN" in done.stderr and "Traceback" not in done.stderr


def test_without_a_data_set_it_says_which_stages_make_one(tmp_path):
    done = publish(tmp_path)
    assert done.returncode == 1 and "run stages 9 and 10" in done.stderr


def test_the_card_is_of_what_is_published(data_dir, tmp_path):
    out = tmp_path / "out"
    assert publish(data_dir, "--leave-out", "--out", str(out)).returncode == 0
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "4 utterances" in card and "2 media" in card and "Standard YouTube" not in card


def test_only_what_belongs_there_is_sent(data_dir, tmp_path):
    strange = tmp_path / "own"
    strange.mkdir()
    (strange / "mine.mp4").write_bytes(b"x")
    done = publish(data_dir, "--leave-out", "--out", str(strange))
    assert done.returncode == 1 and "mine.mp4" in done.stderr and len(list(strange.iterdir())) == 1


def test_a_split_that_is_older_than_the_data_set_is_not_published(data_dir):
    with ShardWriter(data_dir / "manifest.jsonl.gz") as writer:
        writer.close("export", "", "", {})
    done = publish(data_dir, "--leave-out")
    assert done.returncode == 1 and "run stage 10 before" in done.stderr


def test_of_very_many_files_old_ones_go_too(data_dir, monkeypatch):
    from echoharvester.dataset import publish as module

    with running_hub() as hub:
        hub.files["data/train-00009.parquet"] = b"of an earlier, larger one"
        assert publish(data_dir, "--leave-out", "--out", str(data_dir / "hub")).returncode == 0
        code = (
            "from echoharvester.dataset import publish as p; from pathlib import Path; p.MANY_FILES = 1\n"
            f"p.push(Path({str(data_dir / 'hub')!r}), 'me/mini')"
        )
        env = {**os.environ, "HF_HOME": str(data_dir.parent / "hf"), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "hf_right", "HF_ENDPOINT": hub.address}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=env,
            cwd=ROOT,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert set(hub.files) == {
            "README.md",
            "data/train-00000.parquet",
            "data/test-00000.parquet",
        }
        assert module.MANY_FILES == 100


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("CC BY-SA 4.0", True), ("cc0", True), ("CC-BY-NC-4.0", True), ("CC BY-NC-ND 4.0", False), ("", False),
        ("All rights reserved", False), ("not stated", False), ("CC BY-ND 4.0", False), ("CC0-1.0", True), ("CC BY", True),
        ("cc-by-sa-3.0", True), ("CC BY 2.0", True), ("unlicense", True), ("Public Domain", True), ("cc by nd", False),
    ],
)  # fmt: skip
def test_licences(licence, free):
    assert may_be_published(licence) == free
