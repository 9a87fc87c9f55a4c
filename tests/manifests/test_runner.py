"""Resumption, staleness and accounting, with a step that only marks its cuts."""

import multiprocessing
import os
import signal
import time

import pytest

from echoharvester.manifests.accounting import AccountingError, Counts
from echoharvester.manifests.cuts import media_cut, recording, rejected, with_custom
from echoharvester.manifests.runner import StageRun, is_fresh, run_shard
from echoharvester.manifests.shards import (
    ManifestError,
    ShardWriter,
    errors_path,
    read_cuts,
    shard_path,
)

MEDIA = [f"m{i:02d}" for i in range(6)]


def make_input(folder, media=MEDIA, mark=0):
    with ShardWriter(shard_path(folder, "in", 0)) as writer:
        for media_id in media:
            for k in range(3):
                cut = media_cut(
                    media_id, recording(media_id, "/x.flac", 16000, 16000), {"mark": mark}
                )
                writer.write({**cut, "id": f"{media_id}-{k}"})
        writer.close("before", "f", "", Counts().to_dict())


def step(folder, fingerprint="f1"):
    return StageRun("mark", fingerprint, "in", "out", folder)


class Marker:
    """Counts what it works on."""

    def __init__(self, fail=()):
        self.done, self.fail = [], set(fail)

    def __call__(self, cuts):
        media_id = cuts[0]["custom"]["media_id"]
        self.done.append(media_id)
        if media_id in self.fail:
            raise MemoryError("no memory left")
        return [
            rejected(c, "mark", "third") if c["id"].endswith("2") else with_custom(c, ok=1)
            for c in cuts
        ]


def output(folder):
    return shard_path(folder, "out", 0).read_bytes()


def test_a_second_run_does_nothing_and_a_changed_setting_redoes_all(tmp_path):
    make_input(tmp_path)
    first = Marker()
    counts = run_shard(step(tmp_path), 0, first)
    assert first.done == MEDIA and counts.items == 18 and counts.accepted == 12
    assert is_fresh(step(tmp_path), 0)
    assert not is_fresh(step(tmp_path, "f2"), 0)
    again = Marker()
    run_shard(step(tmp_path, "f2"), 0, again)
    assert again.done == MEDIA


def test_only_new_and_changed_items_are_done(tmp_path):
    make_input(tmp_path, MEDIA[1:4])
    run_shard(step(tmp_path), 0, Marker())
    make_input(tmp_path, MEDIA)
    assert not is_fresh(step(tmp_path), 0)
    marker = Marker()
    run_shard(step(tmp_path), 0, marker)
    assert marker.done == ["m00", "m04", "m05"]
    make_input(tmp_path, MEDIA[:2])
    marker = Marker()
    counts = run_shard(step(tmp_path), 0, marker)
    assert marker.done == [] and counts.items == 6


def test_a_fault_is_an_error_with_its_cause_and_is_tried_again(tmp_path):
    make_input(tmp_path)
    counts = run_shard(step(tmp_path), 0, Marker(fail=["m03"]))
    assert counts.errors == {"MemoryError": 3} and counts.items == 18
    errors = list(read_cuts(errors_path(tmp_path, "out", 0)))
    assert [c["custom"]["error"]["message"] for c in errors] == ["no memory left"] * 3
    assert not is_fresh(step(tmp_path), 0)
    marker = Marker()
    counts = run_shard(step(tmp_path), 0, marker)
    assert marker.done == ["m03"] and not counts.errors
    assert not errors_path(tmp_path, "out", 0).exists() and is_fresh(step(tmp_path), 0)


def test_one_failed_cut_of_an_item_is_tried_again_with_its_item(tmp_path):
    make_input(tmp_path, MEDIA[:2])
    error = {"kind": "E", "message": "m"}

    def process(cuts):
        return [with_custom(c, error=error) if c["id"] == "m01-1" else with_custom(c) for c in cuts]

    assert run_shard(step(tmp_path), 0, process).errors == {"E": 1}
    marker = Marker()
    assert not run_shard(step(tmp_path), 0, marker).errors and marker.done == ["m01"]


def test_an_error_before_a_kill_is_tried_again(tmp_path):
    make_input(tmp_path)
    marker = Marker(fail=["m00"])

    def process(cuts):
        if len(marker.done) == 3:
            raise KeyboardInterrupt
        return marker(cuts)

    with pytest.raises(KeyboardInterrupt):
        run_shard(step(tmp_path), 0, process)
    again = Marker()
    run_shard(step(tmp_path), 0, again)
    assert again.done == ["m00", "m03", "m04", "m05"]


def test_a_lost_cut_is_noticed(tmp_path):
    make_input(tmp_path)
    with pytest.raises(AccountingError, match="lost or invented"):
        run_shard(step(tmp_path), 0, lambda cuts: cuts[:-1])


def test_a_shard_of_a_damaged_input_is_refused(tmp_path):
    make_input(tmp_path)
    path = shard_path(tmp_path, "in", 0)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ManifestError, match="was cut short or edited"):
        run_shard(step(tmp_path), 0, Marker())


def test_a_second_run_at_the_same_time_is_refused(tmp_path):
    make_input(tmp_path)

    def process(cuts):
        with pytest.raises(ManifestError, match="another run is at work"):
            run_shard(step(tmp_path), 0, Marker())
        return list(cuts)

    run_shard(step(tmp_path), 0, process)


def _slow_run(folder):
    marker = Marker()

    def process(cuts):
        time.sleep(0.05)
        return marker(cuts)

    run_shard(step(folder), 0, process)


@pytest.mark.parametrize("delay_sec", [0.0, 0.03, 0.08, 0.15, 0.22, 0.3])
def test_kill_9_at_any_moment_and_run_again_equals_an_undisturbed_run(tmp_path, delay_sec):
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    for folder in (quiet, killed):
        folder.mkdir()
        make_input(folder)
    run_shard(step(quiet), 0, Marker())
    worker = multiprocessing.get_context("fork").Process(target=_slow_run, args=(killed,))
    worker.start()
    time.sleep(delay_sec)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    marker = Marker()
    run_shard(step(killed), 0, marker)
    assert output(killed) == output(quiet)
    names = {path.name for path in killed.iterdir()}
    assert names == {path.name for path in quiet.iterdir()}
    # finished items are not redone: 50 ms each
    assert len(marker.done) >= 6 - delay_sec / 0.05 - 1


@pytest.mark.parametrize("lost_bytes", [1, 10])
def test_a_journal_line_cut_short_is_dropped(tmp_path, lost_bytes):
    make_input(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path, after=3)
    journal = tmp_path / ".out.0.journal.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(data[:-lost_bytes])
    marker = Marker()
    run_shard(step(tmp_path), 0, marker)
    assert marker.done == MEDIA[2:]
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


def _interrupted(folder, after):
    marker = Marker()

    def process(cuts):
        if len(marker.done) == after:
            raise KeyboardInterrupt
        return marker(cuts)

    run_shard(step(folder), 0, process)
