"""What stage 3 leaves of a media item: utterances with speakers, times, and what became of every cue."""

from collections import Counter

import pytest

from echoharvester.captions.segment import segment_media
from echoharvester.captions.utterances import SegmentConfig
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording


def utterances(tmp_path, text, duration_sec=60.0, **options):
    path = tmp_path / "x.ko.srt"
    path.write_text(text, encoding="utf-8")
    sound = recording("abc", "x.flac", 16000, round(duration_sec * 16000))
    return segment_media(
        media_cut("abc", sound, {"caption_path": str(path)}), SegmentConfig(**options)
    )


def srt(*rows):
    return "".join(
        f"{i}\n00:{a // 60:02d}:{a % 60:02d},000 --> 00:{b // 60:02d}:{b % 60:02d},000\n{text}\n\n"
        for i, (a, b, text) in enumerate(rows, 1)
    )


def test_speakers_are_those_of_the_supervision_and_of_this_file_alone(tmp_path):
    cuts = utterances(
        tmp_path,
        srt((1, 2, "화자 1: 안녕하세요."), (3, 4, "화자 2: 반갑습니다."), (5, 6, "그렇군요.")),
    )
    assert [c["supervisions"][0].get("speaker") for c in cuts] == ["abc-화자_1", "abc-화자_2", None]
    assert [c["supervisions"][0]["text"] for c in cuts] == ["안녕하세요", "반갑습니다", "그렇군요"]


def test_a_turn_that_captions_mark_is_known_to_later_stages(tmp_path):
    """Also without names, where a dash or a label alone parts two speakers; cut at its sentences, it
    begins once."""
    cuts = utterances(
        tmp_path,
        srt((1, 4, "- 어제 갔어 정말\n- 그래서 어땠는데? 좋았어?"), (5, 7, "참 좋았습니다."), (7, 9, "민수: 그래.")),
    )  # fmt: skip
    assert [(c["supervisions"][0]["text"], c["custom"].get("turn")) for c in cuts] == [
        ("어제 갔어 정말", "begins"),
        ("그래서 어땠는데", "begins"),
        ("좋았어", None),
        ("참 좋았습니다", None),
        ("그래", None),  # its name tells
    ]


def test_the_times_of_the_captions_are_kept_as_they_are(tmp_path):
    (cut,) = utterances(tmp_path, srt((3601 - 3000, 3603 - 3000, "안녕하세요.")), duration_sec=20.0)
    assert cut["custom"]["caption_start_sec"] == 601.0 and cut["start"] + cut["duration"] <= 20.0


def test_every_cue_is_accounted_for_on_every_cut(tmp_path):
    text = srt(
        (1, 2, "안녕하세요."),
        (3, 4, "[음악]"),
        (5, 6, "자막: 홍길동"),
        (7, 8, "네."),
        (7, 8, "네."),
        (9, 10, "♪"),
    )
    cuts = utterances(tmp_path, text)
    report = cuts[0]["custom"]["caption_cues"]
    assert report["cues"] == {
        "read": 6,
        "used": 2,
        "sound_tag": 1,
        "credit": 1,
        "duplicate": 1,
        "music": 1,
    }
    assert all(c["custom"]["caption_cues"] == report for c in cuts)
    (empty,) = utterances(tmp_path, srt((1, 2, "[음악]")))
    assert empty["custom"]["reason"] == "captions_empty"
    assert empty["custom"]["caption_cues"]["cues"] == {"read": 1, "used": 0, "sound_tag": 1}


def test_patterns_of_ones_own_are_taken_out_and_counted(tmp_path):
    text = srt((1, 2, "제공: 어느 회사"), (3, 4, "오늘은 (협찬) 좋네요."))
    cuts = utterances(tmp_path, text, remove=["^제공: .*", r"\(협찬\)"])
    assert [c["supervisions"][0]["text"] for c in cuts] == ["오늘은 좋네요"]
    assert Counter(cuts[0]["custom"]["caption_cues"]["removed"])["pattern"] == 2


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "no regular expression"), ("x*", "everywhere")]
)
def test_a_pattern_that_is_none_is_named(pattern, message):
    with pytest.raises(UserError, match=message):
        SegmentConfig(remove=[pattern])
