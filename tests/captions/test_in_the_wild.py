"""Faults that caption files in the wild have, each with what must be read."""

import json

import pytest
from captions_invariants import HOSTILE, check_bytes

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.encoding import decode
from echoharvester.captions.parse import parse, read_track
from echoharvester.captions.utterances import segment

A = "1\n00:00:01,000 --> 00:00:02,000\n"
W = "WEBVTT\n\n"


def T(n):
    return f"00:00:{n:02d},000 --> 00:00:{n + 1:02d},000\n"


def said(text, suffix=".srt"):
    return [u.text for u in segment(parse(text, suffix)).utterances]


def events(*items):
    return json.dumps({"events": items}, ensure_ascii=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # repeated on purpose, with pauses: not rolling
        ("".join(f"{i}\n{T(3 * i)}{t}\n\n" for i, t in enumerate("안녕하세요 안녕하세요 감사합니다 감사합니다 미안합니다".split())),
         ["안녕하세요", "안녕하세요", "감사합니다", "감사합니다", "미안합니다"]),
        # marks that are words
        (A + "<오징어 게임>을 봤어요\n", ["<오징어 게임>을 봤어요"]),
        (A + "1 < 2 이고 4 > 3 입니다\n", ["1 < 2 이고 4 > 3 입니다"]),
        (A + "-5도까지 내려갑니다\n", ["-5도까지 내려갑니다"]),
        (A + "- 3시에 봐\n- 네\n", ["3시에 봐", "네"]),
        (A + "(노래방)에서 (아이스크림) 먹고 (기자회견) 봤어요\n", ["(노래방)에서 (아이스크림) 먹고 (기자회견) 봤어요"]),
        (A + "(남)/(여) 구분\n", ["(남)/(여) 구분"]),
        (A + "중요: 꼭 기억하세요\n", ["중요: 꼭 기억하세요"]),
        (A + "비율은 1: 2 입니다\n", ["비율은 1: 2 입니다"]),
        (A + "번역: 이것을 번역해 보세요\n", ["번역: 이것을 번역해 보세요"]),
        (A + "이 영상에는 한국어 자막 제공\n", ["이 영상에는 한국어 자막 제공"]),
        # times that are not as they should be
        ("1\n00:00:01:000 --> 00:00:02:000\n하나\n\n2\n" + T(5) + "둘\n", ["하나", "둘"]),
        ("1\n-00:00:01,500 --> 00:00:02,000\n하나\n\n2\n" + T(5) + "둘\n", ["하나", "둘"]),
        ("1\n00:00:01,000 --> 00:00:02,000 하나입니다\n\n2\n" + T(5) + "둘\n", ["하나입니다", "둘"]),
        (A + "3:20 --> 4:30 사이에 오세요\n", ["3:20 --> 4:30 사이에 오세요"]),
        (A + "하나.\n\n2\n00:00:03,000 -->\n둘.\n\n3\n" + T(9) + "셋\n", ["하나.", "둘.", "셋"]),
        (A + "하나.\n\n2\n00:00:03,000 —> 00:00:04,000\n둘\n", ["하나.", "둘"]),
        (A + "하나.\n\n2\nOO:00:03,000 --> 00:00:04,000\n둘\n", ["하나.", "둘"]),
        (A + "하나.\n\n\ufeff00:00:03,000 --> 00:00:04,000\n둘\n", ["하나.", "둘"]),
        # indices
        ((A + "하나\n\n2\n" + T(3) + "둘\n").replace("\n", "\r\r\n"), ["하나", "둘"]),
        ((A + "하나\n\n2\n" + T(3) + "둘\n").replace("\n", "\n\n"), ["하나", "둘"]),
        (A + "하나\n\n2\n\n" + T(3) + "둘\n\n3\n", ["하나", "둘"]),
        (A + "하나\n\n2.\n" + T(3) + "둘\n", ["하나", "둘"]),
        (T(1) + "하나\n\n둘째 줄\n" + T(3) + "셋\n", ["하나 둘째 줄", "셋"]),
        (T(1) + "답은\n42\n" + T(3) + "셋\n", ["답은 42", "셋"]),
        (A + "갤럭시\n\nNOTE 7이 나왔습니다\n", ["갤럭시 NOTE 7이 나왔습니다"]),
        # brackets and songs over two lines
        (A + "[신나는 음악이\n흘러나온다]\n안녕하세요\n", ["안녕하세요"]),
        (A + "♪ 사랑해요\n그대여 ♪\n네\n", ["네"]),
        # names
        (A + "김민수:\n안녕하세요\n", ["안녕하세요"]),
        (A + "김민수:네\n", ["네"]),
        (A + "김 기자: 네\n", ["네"]),
        (A + "[김민수]: 네\n", ["네"]),
        (A + "하니: 네.\n\n2\n" + T(5) + "하니: 아니요.\n", ["네.", "아니요."]),
        # markup
        (A + "앞\\N뒤\\h끝\n", ["앞 뒤 끝"]),
        (A + '<a href="https://example.com/x">링크</a>입니다\n', ["링크입니다"]),
        (A + "(https://a.b/c)를 보세요\n", ["를 보세요"]),
        # sentences
        (A + "2024. 3. 5. 에 만나요\n", ["2024. 3. 5. 에 만나요"]),
        (A + "1. 첫째 2. 둘째\n", ["1. 첫째 2. 둘째"]),
        ("1\n00:00:01,000 --> 00:00:02,000\n어제 Dr.\n\n2\n00:00:02,000 --> 00:00:03,000\n김이 왔다.\n", ["어제 Dr. 김이 왔다."]),
        # the same cue twice
        (A + "하나입니다.\n\n" + A + "하나입니다.\n\n2\n" + T(3) + "둘\n", ["하나입니다.", "둘"]),
    ],
)  # fmt: skip
def test_srt(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a tagged line is new, however often it was said before
        (W + "00:00.000 --> 00:02.000\n \n감사<00:00.500><c> 합니다</c>\n\n00:02.000 --> 00:02.010\n감사 합니다\n \n\n"
         "01:00.000 --> 01:02.000\n \n감사<01:00.500><c> 합니다</c>\n", ["감사 합니다", "감사 합니다"]),
        (W + "00:01.000 --> 00:02.000\n<00:01.000>사랑 <00:01.500>해요\n\n00:02.000 --> 00:03.000\n"
         "<00:02.000>사랑 <00:02.500>해요\n", ["사랑 해요 사랑 해요"]),
        # joined segments repeat the header
        (W + "00:01.000 --> 00:02.000\n하나.\n\nWEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n"
         "00:03.000 --> 00:04.000\n둘\n", ["하나.", "둘"]),
        # paint-on
        (W + "".join(f"00:0{i}.000 --> 00:0{i + 1}.000\n{' '.join('오늘 날씨가 참 좋네요'.split()[: i])}\n\n" for i in (1, 2, 3, 4)),
         ["오늘 날씨가 참 좋네요"]),
        (W + "00:01.000 --> 00:02.000\n왼<00:01.500>쪽입니다\n", ["왼쪽입니다"]),
        ("WEBVTT\nKind: captions\nLanguage: ko\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_vtt(text, expected):
    assert said(text, ".vtt") == expected


def test_times_in_words_are_no_times_in_sbv():
    assert said("0:00:01.000,0:00:02.000\n3:15, 4:20\n- 네[br]- 아니요\n", ".sbv") == [
        "3:15, 4:20",
        "네",
        "아니요",
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"aAppend": 1, "segs": [{"utf8": "여러분"}]}, ["여러분"]),
        ({"segs": [{"utf8": "하나", "tOffsetMs": -20}, {"utf8": " 둘", "tOffsetMs": 300}]}, ["하나 둘"]),
        ({"segs": [{"utf8": "첫째"}, {"utf8": "\n"}, {"utf8": "둘째"}, {"utf8": " "}, {"utf8": "셋째"}]}, ["첫째 둘째 셋째"]),
        ({"segs": [{"utf8": "네 \ud83d 요"}]}, ["네 요"]),
        ({"segs": [{"utf8": "{\\an8}위 &#39;말&#39;"}]}, ["위 '말'"]),
    ],
)  # fmt: skip
def test_json3_events(event, expected):
    text = events({"tStartMs": 0, "dDurationMs": 2000, **event})
    assert said(text, ".json3") == expected
    json.dumps(
        [u.raw for u in segment(parse(text, ".json3")).utterances], ensure_ascii=False
    ).encode()


def test_words_over_several_segments_begin_with_the_first():
    segs = [
        {"utf8": "오늘은"},
        {"utf8": " 좋", "tOffsetMs": 800},
        {"utf8": "네요", "tOffsetMs": 1000},
    ]
    (cue,) = parse(events({"tStartMs": 0, "dDurationMs": 8000, "segs": segs}), ".json3").cues
    assert [(w.text, w.start_sec) for w in cue.words] == [("오늘은", 0.0), ("좋네요", 0.8)]


def test_in_a_timed_track_the_end_of_a_lone_word_is_not_believed():
    text = events(
        {"tStartMs": 80, "dDurationMs": 24720, "segs": [{"utf8": "네"}]},
        {
            "tStartMs": 25000,
            "dDurationMs": 2000,
            "segs": [{"utf8": "그"}, {"utf8": " 래", "tOffsetMs": 300}],
        },
    )
    assert parse(text, ".json3").cues[0].end_sec < 1.0


@pytest.mark.parametrize(
    "text",
    [
        "<html><body><p>오류</p></body></html>",
        "<transcript><text>가</text></transcript>",
        "<!DOCTYPE html><html></html>",
    ],
)
def test_other_xml_is_no_caption_file(text):
    with pytest.raises(CaptionError, match="not YouTube srv3"):
        parse(text, ".srv3")


def test_cues_that_begin_together_keep_the_order_of_the_file():
    text = "1\n00:00:01,000 --> 00:00:05,000\n왼쪽\n\n2\n00:00:01,000 --> 00:00:03,000\n오른쪽\n"
    track = parse(text, ".srt")
    assert [c.text for c in track.cues] == ["왼쪽", "오른쪽"] and not track.repairs["out_of_order"]


def test_highlighted_words_say_their_line_once_for_as_long_as_it_is_shown():
    lines = [
        "<u>오늘은</u> 날씨가 참",
        "오늘은 <u>날씨가</u> 참",
        "오늘은 날씨가 <u>참</u>",
        "<u>그래서</u> 좋다",
        "그래서 <u>좋다</u>",
    ]
    text = "".join(f"{i}\n{T(i)}{line}\n\n" for i, line in enumerate(lines, 1))
    assert sum(len(t.split()) for t in said(text)) in (
        5,
        13,
    )  # once each, or as they stand: never half


def test_damage_is_counted():
    data = ("1\n00:00:01,000 --> 00:00:02,000\n안녕하세요 여러분").encode()[:-1]
    text, _ = decode(data, "x")
    assert parse(text, ".srt").repairs["undecodable"] == 1


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbf" + "안녕하세요 여러분 반갑습니다".encode("cp949"), "cp949"),
        (("안녕하세요 여러분 오늘은 날씨가 정말 좋습니다" * 5).encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_encodings_that_do_not_say_what_they_are(data, encoding):
    assert decode(data, "x")[1] == encoding


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_read_to_their_end(name):
    """How long that takes is measured by scripts/bench_captions.py --hostile."""
    suffix, make = HOSTILE[name]
    check_bytes(make(4_000).encode(), suffix)


def test_an_empty_file_has_no_cues(tmp_path):
    for name, data in (("a.srt", b""), ("b.vtt", b"WEBVTT\n"), ("c.srt", b"\0" * 100)):
        (tmp_path / name).write_bytes(data)
        assert read_track(tmp_path / name).cues == []
