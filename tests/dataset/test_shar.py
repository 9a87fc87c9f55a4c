"""Lhotse Shar: complete, verified, swapped in whole."""

import io
import subprocess
import sys
import tarfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echoharvester.dataset.folders import checksums, recover
from echoharvester.dataset.join import joined_cuts, with_merged
from echoharvester.dataset.shar import DatasetError, _verify, open_shar, write_shar
from echoharvester.manifests.shards import read_cuts


def test_shar_holds_everything_every_time(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts[:3], folder, cuts_per_shard=2)
    files = write_shar(cuts, folder, cuts_per_shard=2)
    assert files.num_cuts == 7 and sum(1 for _ in open_shar(folder)) == 7
    from lhotse import CutSet

    found = {cut.id: cut for cut in CutSet.from_shar(in_dir=str(folder))}
    assert set(found) == {cut["id"] for cut in cuts}
    assert found["m-3"].load_audio().shape == (1, 12800)
    assert found["m-3"].custom["license"] == "CC BY"


def test_speakers_reach_the_shar_and_other_forms(tmp_path, cuts):
    import json

    from lhotse import CutSet

    from echoharvester.dataset.formats import write_formats
    from echoharvester.manifests.cuts import with_supervision

    named = [
        with_supervision(c, speaker=f"m-{'민수' if i % 2 else '지은'}")
        for i, c in enumerate(cuts[:4])
    ]
    named.append(cuts[4])
    write_shar(named, tmp_path / "shar", cuts_per_shard=2)
    found = [c.supervisions[0].speaker for c in CutSet.from_shar(in_dir=str(tmp_path / "shar"))]
    assert found == ["m-지은", "m-민수", "m-지은", "m-민수", None]
    write_formats(lambda: iter(named), tmp_path, ["audiofolder", "nemo", "kaldi"])
    rows = [
        json.loads(line)
        for line in (tmp_path / "audiofolder" / "metadata.jsonl").read_text("utf-8").splitlines()
    ]
    assert [row["speaker"] for row in rows] == ["m-지은", "m-민수", "m-지은", "m-민수", ""]
    speakers = dict(
        line.split() for line in (tmp_path / "kaldi" / "utt2spk").read_text("utf-8").splitlines()
    )
    assert len(set(speakers.values())) == 3 and all(k.startswith(v) for k, v in speakers.items())


def test_a_short_tar_is_noticed(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts, folder)
    tar = folder / "recording.000000.tar"
    with tarfile.open(tar) as old:
        members = [(m, old.extractfile(m).read()) for m in old.getmembers()[:-2]]
    with tarfile.open(tar, "w") as new:
        for member, data in members:
            new.addfile(member, io.BytesIO(data))
    with pytest.raises(DatasetError, match="6 recordings, 7 cuts written of 7"):
        _verify(folder / "cuts.000000.jsonl.gz", tar, cuts, True)


def test_sound_of_something_else_is_noticed(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts, folder)
    paths = (folder / "cuts.000000.jsonl.gz", folder / "recording.000000.tar")
    _verify(*paths, cuts, True)
    with pytest.raises(DatasetError, match="sounds different"):
        _verify(*paths, [{**c, "start": c["start"] + 0.01} for c in cuts], True)


def test_several_processes_write_the_same(tmp_path, cuts):
    for workers in (1, 3):
        files = write_shar(cuts, tmp_path / str(workers), 2, num_workers=workers)
        assert files.num_cuts == 7 and len(files.sizes) == 8
    for path in (tmp_path / "1").iterdir():
        other = tmp_path / "3" / path.name
        if path.suffix == ".tar":
            assert path.read_bytes() == other.read_bytes()
        else:  # Lhotse's gzip has the time in it
            assert list(read_cuts(path)) == list(read_cuts(other))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_any_process_or_in_the_manifest_leaves_the_old_set(tmp_path, cuts, workers):
    folder = tmp_path / "shar"
    before = write_shar(cuts, folder, 2).sizes
    gone = {**cuts[4], "recording": {**cuts[4]["recording"], "sources": [
        {"type": "file", "channels": [0], "source": "/nowhere.flac"}]}}  # fmt: skip
    with pytest.raises(Exception, match="nowhere"):
        write_shar([*cuts[:4], gone, *cuts[5:]], folder, 2, num_workers=workers)

    def broken():
        yield from cuts[:5]
        raise OSError("line 6 is damaged")

    with pytest.raises(OSError, match="line 6"):
        write_shar(broken(), folder, 2, num_workers=workers)
    assert {p.name: p.stat().st_size for p in folder.iterdir()} == before


def test_workers_end_when_their_parent_is_killed(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from echoharvester.dataset.parallel import map_in_order
def work(n):
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    time.sleep(60)
list(map_in_order(work, range(4), 2))
"""
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.time() + 30
    while len(list(tmp_path.iterdir())) < 2 and time.time() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) == 2
    deadline = time.time() + 10
    while any(map(_is_running, workers)) and time.time() < deadline:
        time.sleep(0.1)
    assert not any(map(_is_running, workers))


def _is_running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_swap_cut_in_two_is_undone(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts, folder)
    folder.rename(tmp_path / ".shar.old")
    recover(folder)
    assert sum(1 for _ in open_shar(folder)) == 7


@pytest.mark.parametrize("audio_format", ["flac", "wav", "opus"])
def test_formats_of_sound(tmp_path, cuts, audio_format):
    write_shar(cuts, tmp_path / "shar", audio_format=audio_format)
    for cut in open_shar(tmp_path / "shar"):
        assert cut.resample(16000).load_audio().shape[1] == pytest.approx(12800, abs=2)


def test_the_same_data_set_twice_is_the_same_to_the_bit_of_sound(tmp_path, cuts):
    first, second = tmp_path / "a", tmp_path / "b"
    write_shar(cuts, first)
    write_shar(cuts, second)
    tar = "recording.000000.tar"
    assert (first / tar).read_bytes() == (second / tar).read_bytes()


def test_checksums_are_those_of_sha256sum(tmp_path, cuts):
    write_shar(cuts, tmp_path / "shar")
    (tmp_path / "sums").write_text(checksums(sorted((tmp_path / "shar").iterdir()), tmp_path))
    subprocess.run(["sha256sum", "-c", "--quiet", "sums"], cwd=tmp_path, check=True)


def test_an_existing_shar_with_stray_files_is_joined_in(tmp_path, cuts):
    write_shar(cuts, tmp_path / "old", cuts_per_shard=3)
    (tmp_path / "old" / "cuts.000000.jsonl.gz.bak").write_bytes(b"stray")
    (tmp_path / "old" / "recording.000000.tar.bak").write_bytes(b"stray")
    left_out = Counter()
    joined = list(joined_cuts(tmp_path / "old", tmp_path / "audio", left_out))
    assert [c["id"] for c in joined] == [c["id"] for c in cuts] and not left_out
    files = write_shar(joined, tmp_path / "new")
    assert files.num_cuts == 7
    for cut, original in zip(open_shar(tmp_path / "new"), cuts, strict=True):
        sound = soundfile.read(original["recording"]["sources"][0]["source"], dtype="float32")[0]
        start = round(original["start"] * 16000)
        np.testing.assert_allclose(
            cut.load_audio()[0], sound[start : start + 12800], atol=1 / 32000
        )
        assert cut.custom["joined_from"] == "old" and cut.custom["license"] == "CC BY"
        assert cut.supervisions[0].text == original["supervisions"][0]["text"]


def test_what_cannot_be_joined_is_counted_and_a_short_tar_is_an_error(tmp_path, cuts):
    cuts[2] = {**cuts[2], "supervisions": []}
    write_shar(cuts, tmp_path / "old")
    left_out = Counter()
    assert len(list(joined_cuts(tmp_path / "old", tmp_path / "audio", left_out))) == 6
    assert left_out == {"not_one_text": 1}
    tar = tmp_path / "old" / "recording.000000.tar"
    with tarfile.open(tar) as old:
        members = [(m, old.extractfile(m).read()) for m in old.getmembers()[:-2]]
    with tarfile.open(tar, "w") as new:
        for member, data in members:
            new.addfile(member, io.BytesIO(data))
    with pytest.raises(DatasetError, match="old"):
        list(joined_cuts(tmp_path / "old", tmp_path / "audio", left_out))
    with pytest.raises(DatasetError, match="holds no Lhotse Shar"):
        list(joined_cuts(tmp_path / "audio", tmp_path / "audio", left_out))


def test_what_was_dropped_or_taken_down_here_does_not_come_back(tmp_path, cuts):
    from echoharvester.manifests.cuts import rejected

    write_shar(cuts, tmp_path / "old")
    own = [rejected(cuts[0], "merge", "dropped_by_reviewer"), cuts[1]]
    left_out = Counter()
    found = list(
        with_merged(
            own, [tmp_path / "old"], tmp_path / "audio", left_out, lambda c: c["id"] != "m-5"
        )
    )
    assert [c["id"] for c in found] == ["m-1", "m-2", "m-3", "m-4", "m-6"]
    assert left_out == {"already_decided_here": 2, "taken_down": 1}
    kept = {p.stem for p in (tmp_path / "audio").rglob("*.flac")}
    assert kept == {"m-2", "m-3", "m-4", "m-6"}


def test_ids_stay_apart_and_a_folder_written_anew_sounds_anew(tmp_path, cuts):
    names = ["가나", "다라", "a/b", "a_b", "x" * 130 + "1", "x" * 130 + "2", "m-6"]
    write_shar([{**c, "id": n} for c, n in zip(cuts, names, strict=True)], tmp_path / "old")
    joined = list(joined_cuts(tmp_path / "old", tmp_path / "audio", Counter()))
    assert len({c["id"] for c in joined}) == 7
    quiet = tmp_path / "quiet.flac"
    soundfile.write(quiet, np.zeros(160000), 16000)
    changed = [
        {
            **c,
            "recording": {
                **c["recording"],
                "sources": [{"type": "file", "channels": [0], "source": str(quiet)}],
            },
        }
        for c in cuts
    ]
    write_shar(changed, tmp_path / "old")
    for cut in joined_cuts(tmp_path / "old", tmp_path / "audio", Counter()):
        assert not soundfile.read(cut["recording"]["sources"][0]["source"])[0].any()
