"""Real talks with real weights: what is kept is right, and most of it is kept."""

import importlib
import sys

import pytest
import real_whisper
from tests_support import ROOT

from echoharvester.manifests.shards import read_all_cuts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not real_whisper.is_there(), reason="needs talks, and whisper-base"),
]


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "scripts"))
    return importlib.import_module("bench_real_speech")


def test_two_talks_are_harvested(bench, tmp_path, capfd):
    pytest.importorskip("faster_whisper")
    weights = real_whisper.put_together(tmp_path / "whisper")
    talks = bench.build(real_whisper.CLIPS, tmp_path, 0, 2, seed=0)
    assert [talk.fault for talk in talks] == ["accurate", "late"]
    bench.harvest(tmp_path, weights, ["num_shards=2"])
    tallies = bench.tallied(talks, tmp_path / "data" / "manifests")
    for fault, tally in tallies.items():
        assert tally.kept >= 20, fault
        assert tally.exact / tally.kept >= 0.95, fault
        assert tally.harvested_sec / tally.usable_sec >= 0.65, fault
    cuts = list(read_all_cuts(tmp_path / "data" / "manifests", "cuts_reviewed"))
    judged = [cut["custom"] for cut in cuts if "label_probability" in cut["custom"]]
    assert judged and all(custom["heard_by"].startswith("faster_whisper") for custom in judged)


def test_cues_of_half_a_minute_are_cut_where_somebody_pauses(bench, tmp_path, capfd):
    pytest.importorskip("faster_whisper")
    weights = real_whisper.put_together(tmp_path / "whisper")
    talks = bench.build(real_whisper.CLIPS, tmp_path, 0, 2, seed=0, cue_sec=30)
    bench.harvest(tmp_path, weights, ["num_shards=2"])
    manifests = tmp_path / "data" / "manifests"
    missed = bench.unpaused(talks, manifests)
    assert len(missed) >= 60 and sum(missed) / len(missed) <= 0.1  # 0.2 as stage 3 cuts them
    tallies = bench.tallied(talks, manifests).values()
    assert sum(t.exact for t in tallies) / sum(t.kept for t in tallies) >= 0.9
    moved = [c["custom"] for c in read_all_cuts(manifests, "cuts_aligned")]
    ends = sum(custom.get("end_moved", 0) for custom in moved)
    assert ends == sum(custom.get("start_moved", 0) for custom in moved)
    assert any("end_moved" in custom for custom in moved)
