"""A table of caption files as they are found, each with the cues that it holds."""

import pytest

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import parse, read_track
from echoharvester.captions.utterances import segment

SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\n안녕하세요\n\n2\n00:00:03,000 --> 00:00:04,000\n반갑습니다\n"
)


@pytest.mark.parametrize(
    ("name", "text", "suffix", "expected"),
    [
        ("plain", SRT, ".srt", [(1, 2, "안녕하세요"), (3, 4, "반갑습니다")]),
        ("crlf", SRT.replace("\n", "\r\n"), ".srt", [(1, 2, "안녕하세요"), (3, 4, "반갑습니다")]),
        ("no index", SRT.replace("1\n0", "0").replace("2\n0", "0"), ".srt",
         [(1, 2, "안녕하세요"), (3, 4, "반갑습니다")]),
        ("blank line inside a cue", "1\n00:00:01,000 --> 00:00:02,000\n하나\n\n둘\n\n2\n"
         "00:00:03,000 --> 00:00:04,000\n셋\n", ".srt", [(1, 2, "하나 둘"), (3, 4, "셋")]),
        ("no blank line between cues", "1\n00:00:01,000 --> 00:00:02,000\n하나\n2\n"
         "00:00:03,000 --> 00:00:04,000\n둘\n", ".srt", [(1, 2, "하나"), (3, 4, "둘")]),
        ("hours omitted, dots", "WEBVTT\n\n00:01.500 --> 00:02.000\n네\n", ".vtt", [(1.5, 2, "네")]),
        ("identifiers", "WEBVTT\n\nintro\n00:00:01.000 --> 00:00:02.000\n하나\n\nsecond\n"
         "00:00:03.000 --> 00:00:04.000\n둘\n", ".vtt", [(1, 2, "하나"), (3, 4, "둘")]),
        ("note and style", "WEBVTT\n\nSTYLE\n::cue {}\n\nNOTE a\nb\n\n00:00:01.000 --> 00:00:02.000\n"
         "하나\n\nNOTE end\n\n00:00:03.000 --> 00:00:04.000\n둘\n", ".vtt",
         [(1, 2, "하나"), (3, 4, "둘")]),
        ("markup", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 line:0\n<v 민수><c.red>하나</c> &amp; "
         "<i>둘</i>\n", ".vtt", [(1, 2, "하나 & 둘")]),
        ("override", "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}위에\n", ".srt", [(1, 2, "위에")]),
        ("out of order", "1\n00:00:03,000 --> 00:00:04,000\n둘\n\n2\n00:00:01,000 --> 00:00:02,000\n"
         "하나\n", ".srt", [(1, 2, "하나"), (3, 4, "둘")]),
        ("repeated indices", "1\n00:00:01,000 --> 00:00:02,000\n하나\n\n1\n00:00:03,000 --> "
         "00:00:04,000\n둘\n", ".srt", [(1, 2, "하나"), (3, 4, "둘")]),
        ("no length and backwards", "1\n00:00:01,000 --> 00:00:01,000\n하나\n\n2\n00:00:03,000 --> "
         "00:00:02,000\n둘\n", ".srt", [(1, 3, "하나"), (3, 8, "둘")]),
        ("overlapping", "1\n00:00:01,000 --> 00:00:04,000\n하나\n\n2\n00:00:02,000 --> 00:00:05,000\n둘\n",
         ".srt", [(1, 4, "하나"), (2, 5, "둘")]),
        ("mixed line ends", SRT.replace("\n", "\r\n", 3).replace("\n\n", "\n\r"), ".srt",
         [(1, 2, "안녕하세요"), (3, 4, "반갑습니다")]),
        ("short fractions", "1\n00:00:01.5 --> 00:00:02,25\n하나\n", ".srt", [(1.5, 2.25, "하나")]),
        ("settings", "WEBVTT\n\n00:01.000 --> 00:02.000 align:start position:0% size:50%\n하나\n", ".vtt",
         [(1, 2, "하나")]),
        ("region", "WEBVTT\n\nREGION\nid:a\nwidth:40%\n\n00:01.000 --> 00:02.000\n하나\n", ".vtt",
         [(1, 2, "하나")]),
        ("karaoke", "WEBVTT\n\n00:01.000 --> 00:04.000\n<00:01.000>하나 <00:02.000>둘\n", ".vtt",
         [(1, 4, "하나 둘")]),
        ("ruby", "WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>韓<rt>한</rt>國<rt>국</rt></ruby>\n", ".vtt",
         [(1, 2, "韓國")]),
        ("entities", "WEBVTT\n\n00:01.000 --> 00:02.000\n하나 &lt;둘&gt; &#39;셋&#39;&nbsp;넷\n", ".vtt",
         [(1, 2, "하나 <둘> '셋'\u00a0넷")]),
        ("breaks", "0:00:01.000,0:00:02.000\n하나[br]둘\n", ".sbv", [(1, 2, "하나 둘")]),
        ("past 100 hours", "1\n100:00:01,000 --> 100:00:02,000\n하나\n", ".srt",
         [(360001, 360002, "하나")]),
        ("an arrow in the text", "1\n00:00:01,000 --> 00:00:02,000\nA --> B\n", ".srt", [(1, 2, "A --> B")]),
        ("only a header", "WEBVTT\n", ".vtt", []),
        ("sbv", "0:00:01.000,0:00:02.000\n하나\n\n0:00:03.000,0:00:04.000\n둘\n", ".sbv",
         [(1, 2, "하나"), (3, 4, "둘")]),
        ("digits that are text", "1\n00:00:01,000 --> 00:00:02,000\n답은\n42입니다\n", ".srt",
         [(1, 2, "답은 42입니다")]),
    ],
)  # fmt: skip
def test_cues(name, text, suffix, expected):
    track = parse(text, suffix)
    assert [(c.start_sec, c.end_sec, c.text) for c in track.cues] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.encode(encoding))
    assert [cue.text for cue in read_track(path).cues] == ["안녕하세요", "반갑습니다"]


def test_a_file_without_times_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text("그냥 글입니다\n", encoding="utf-8")
    with pytest.raises(CaptionError, match=r"a.srt:1: no cue times"):
        read_track(path)


def test_json3_takes_word_times_and_skips_appended_newlines():
    text = (
        '{"events":[{"tStartMs":0,"dDurationMs":5000,"id":1},'
        '{"tStartMs":1000,"dDurationMs":4000,"segs":[{"utf8":"안녕"},{"utf8":" 여러분","tOffsetMs":400}]},'
        '{"tStartMs":2000,"dDurationMs":10,"aAppend":1,"segs":[{"utf8":"\\n"}]}]}'
    )
    (cue,) = parse(text, ".json3").cues
    assert [(w.text, w.start_sec) for w in cue.words] == [("안녕", 1.0), ("여러분", 1.4)]


def test_srv3_word_times_and_no_entities():
    text = '<timedtext><body><p t="1000" d="900"><s>안녕</s><s t="300"> 여러분</s></p></body></timedtext>'
    (cue,) = parse(text, ".srv3").cues
    assert [(w.text, w.start_sec) for w in cue.words] == [("안녕", 1.0), ("여러분", 1.3)]
    with pytest.raises(CaptionError, match="entities"):
        parse('<!DOCTYPE x [<!ENTITY a "b">]><timedtext/>', ".srv3")


blank = " "  # YouTube writes a line of one space where nothing is carried over
ROLLING = f"""WEBVTT
Kind: captions
Language: ko

00:00:00.080 --> 00:00:02.350 align:start position:0%
{blank}
안녕하세요<00:00:00.560><c> 여러분</c>

00:00:02.350 --> 00:00:02.360 align:start position:0%
안녕하세요 여러분
{blank}

00:00:02.360 --> 00:00:04.910 align:start position:0%
안녕하세요 여러분
네

00:00:04.910 --> 00:00:04.920 align:start position:0%
네
{blank}

00:00:04.920 --> 00:00:24.910 align:start position:0%
네
네

00:00:24.910 --> 00:00:24.920 align:start position:0%
네
{blank}

00:00:24.920 --> 00:00:26.910 align:start position:0%
네
[음악]
"""


def test_rolling_captions_say_each_phrase_once():
    track = parse(ROLLING, ".vtt")
    assert track.rolling
    assert [cue.text for cue in track.cues] == ["안녕하세요 여러분", "네", "네", "[음악]"]
    assert [w.start_sec for w in track.cues[0].words] == [0.08, 0.56]
    # shown for 20 s, but one syllable does not last that long
    assert track.cues[2].end_sec < 6.0
    texts = [u.text for u in segment(track).utterances]
    assert " ".join(texts) == "안녕하세요 여러분 네 네"


def spoken(text, suffix):
    return [(u.start_sec, u.end_sec, u.text) for u in segment(parse(text, suffix)).utterances]


def test_one_bad_event_costs_only_itself():
    text = '{"events": [{"tStartMs": "x", "segs": [{"utf8": "a"}]}, 5, {"tStartMs": 1000, "dDurationMs": -9, "segs": [{"utf8": "남는다"}]}]}'
    track = parse(text, ".json3")
    assert [c.text for c in track.cues] == ["남는다"] and track.gone["unreadable"] == 2
    track = parse("<timedtext><p t='x'>가</p><p t='1000' d='500'>나</p></timedtext>", ".srv3")
    assert [c.text for c in track.cues] == ["나"] and track.gone["unreadable"] == 1
    with pytest.raises(CaptionError, match="none of its 1 events"):
        parse('{"events": [3]}', ".json3")


def test_line_breaks_of_srv3_part_words():
    text = "<?xml version='1.0' encoding='utf-6'?><timedtext><p t='1000' d='2000'>첫 줄<br/>둘째 줄</p></timedtext>"
    assert spoken(text, ".srv3") == [(1.0, 3.0, "첫 줄 둘째 줄")]


def test_of_two_new_lines_in_a_rolling_cue_the_second_begins_when_the_first_ends():
    text = (
        "WEBVTT\n\n00:01.000 --> 00:03.000\n첫째<00:01.500><c> 줄</c>\n둘째<00:02.500><c> 줄</c>\n\n"
        "00:03.000 --> 00:03.010\n첫째 줄\n둘째 줄\n\n"
        "00:03.010 --> 00:05.000\n둘째 줄\n셋째<00:03.500><c> 줄</c>\n"
    )
    first, second, third = parse(text, ".vtt").cues
    assert (first.text, second.text, third.text) == ("첫째 줄", "둘째 줄", "셋째 줄")
    assert 1.5 < second.words[0].start_sec < 2.5 and second.start_sec == second.words[0].start_sec


def test_times_of_words_lie_in_their_cue():
    track = parse("1\n00:00:01,000 --> 00:00:02,000\n가<09:00:00.000><c> 나</c>\n", ".srt")
    assert [w.start_sec for w in track.cues[0].words] == [1.0, 2.0]
    assert track.repairs["word_time_outside_cue"] == 1


def test_addresses_that_are_said_stay_and_addresses_that_are_shown_go():
    text = "1\n00:00:01,000 --> 00:00:04,000\nwww.naver.com에서 보세요. https://a.kr/x?y\n\n2\n00:00:05,000 --> 00:00:06,000\nwww.echo.kr\n"
    assert [t for _, _, t in spoken(text, ".srt")] == ["www.naver.com에서 보세요."]
