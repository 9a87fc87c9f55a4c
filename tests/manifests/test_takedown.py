import pytest

from echoharvester.manifests.cuts import media_cut, recording
from echoharvester.manifests.shards import ManifestError
from echoharvester.manifests.takedown import NAME, Takedown, add_to_list, read_takedown


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
