from dataclasses import replace

import pytest

from echoharvester.manifests.collected import write_media
from echoharvester.manifests.cuts import (
    is_rejected,
    media_cut,
    media_id_of,
    recording,
    utterance_cut,
)
from echoharvester.manifests.runner import StageRun, is_fresh, run_shard, with_error
from echoharvester.manifests.shards import ManifestError, errors_path, read_cuts, shard_path
from echoharvester.manifests.takedown import (
    NAME,
    Takedown,
    add_to_list,
    read_takedown,
    remove_from_shard,
)


def media(media_id="yt-abcdefghijk", **custom):
    sound = recording(media_id, "https://x", 16000, 16000, kind="url")
    return media_cut(
        media_id, sound, {"title": "비밀", "channel": "채널", "channel_id": "UC1", **custom}
    )


@pytest.mark.parametrize(
    ("wanted", "concerned"),
    [
        (Takedown(ids=frozenset({"yt-abcdefghijk"})), True),
        (Takedown(ids=frozenset({"abcdefghijk"})), True),  # as the site calls it
        (Takedown(ids=frozenset({"yt-abcdefghij"})), False),
        (Takedown(channels=frozenset({"채널"})), True),
        (Takedown(channels=frozenset({"UC1"})), True),
        (Takedown(channels=frozenset({"채"})), False),
        (Takedown(channels=frozenset({""})), False),
        (Takedown(), False),
    ],
)
def test_media_are_known_by_id_and_by_channel(wanted, concerned):
    assert wanted.concerns(media(video_id="abcdefghijk")) == concerned


def test_a_second_copy_of_a_file_goes_with_the_first():
    wanted = Takedown(ids=frozenset({"aaaa"}))
    assert wanted.concerns(media("aaaa-copy-bbbb")) and not wanted.concerns(media("aaaab"))


def test_what_stays_tells_only_what_it_was():
    left = Takedown(channels=frozenset({"UC1"})).applied(media(error={"kind": "x"}))
    assert left["custom"] == {
        "media_id": "yt-abcdefghijk", "channel": "채널", "channel_id": "UC1", "status": "rejected",
        "rejected_by": "collect", "reason": "taken_down",
    }  # fmt: skip


def test_the_list_grows_and_is_read_back_as_spreadsheets_save_it(tmp_path):
    add_to_list(tmp_path, Takedown(frozenset({"a"}), frozenset({"탭\t속"})), "이유", "2026-01-01")
    add_to_list(tmp_path, Takedown(frozenset({"a", "b"})), "", "2026-01-02")
    assert read_takedown(tmp_path) == Takedown(frozenset({"a", "b"}), frozenset({"탭\t속"}))
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    assert text.count("\n") == 4 and "이유" in text
    (tmp_path / NAME).write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    assert read_takedown(tmp_path).ids == {"a", "b"}


def test_a_bad_line_of_the_list_is_named(tmp_path):
    (tmp_path / NAME).write_text("kind\tvalue\treason\tdate\nvideo\tx\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"takedown.tsv:2"):
        read_takedown(tmp_path)


def utterances(cuts):
    media_id = cuts[0]["custom"]["media_id"]
    if is_rejected(cuts[0]):
        return list(cuts)
    made = [utterance_cut(cuts[0], f"{media_id}-{i}", i, i + 1.0, "네", {}) for i in (0, 1)]
    return [made[0], with_error(made[1], OSError("disk"))] if media_id == "bad" else made


def test_a_shard_with_errors_keeps_them_and_everything_else(tmp_path):
    """As an undisturbed run would have left it, and nothing is computed."""
    wanted = Takedown(ids=frozenset({"gone"}))
    cuts = [media(name) for name in ("bad", "gone", "good")]
    write_media(tmp_path, 0, 1, cuts, "f")
    step = StageRun("segment", "settings", "cuts_media", "cuts_segmented", tmp_path, item="media")
    following = StageRun("align", "settings", "cuts_segmented", "cuts_aligned", tmp_path)
    run_shard(step, 0, utterances)
    run_shard(following, 0, list)
    write_media(tmp_path, 0, 1, [wanted.applied(c) for c in cuts], "f")
    for s in (step, following):
        remove_from_shard(replace(s, fingerprint="other settings by now"), 0)

    held = [c["id"] for c in read_cuts(shard_path(tmp_path, "cuts_aligned", 0))]
    assert held == ["bad-0", "gone", "good-0", "good-1"]
    (error,) = read_cuts(errors_path(tmp_path, "cuts_segmented", 0))
    assert error["id"] == "bad-1" and error["custom"]["error"]["message"] == "disk"
    assert is_fresh(following, 0) and not is_fresh(step, 0)  # the error is tried again

    def never(cuts):
        assert cuts[0]["custom"]["media_id"] == "bad"
        return utterances(cuts)

    run_shard(step, 0, never)  # the next run does only what had failed


def test_after_a_damaged_shard_the_ones_behind_it_go_too(tmp_path):
    write_media(tmp_path, 0, 1, [media("gone"), media("good")], "f")
    step = StageRun("segment", "s", "cuts_media", "cuts_segmented", tmp_path, item="media")
    following = StageRun("align", "s", "cuts_segmented", "cuts_aligned", tmp_path)
    run_shard(step, 0, utterances)
    run_shard(following, 0, list)
    shard_path(tmp_path, "cuts_segmented", 0).write_bytes(b"cut short")
    for s in (step, following):
        remove_from_shard(s, 0)
    assert not shard_path(tmp_path, "cuts_aligned", 0).exists()


def test_rows_of_a_review_file_are_known_by_their_media():
    assert media_id_of("gone-00001200-12ab9f-3") == "gone"
    assert media_id_of("gone-2-00001200-12ab9f") == "gone-2" and not media_id_of("gone")
