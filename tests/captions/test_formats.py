"""SAMI, ASS/SSA and TTML as people's files have them."""

import pytest

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import parse, read_track
from echoharvester.captions.utterances import segment

STYLE = "<STYLE TYPE='text/css'><!-- P {margin:8pt;} .KRCC {Name:한국어; lang:ko-KR;} .ENCC {Name:English; lang:en-US;} --></STYLE>"


def cues(text, suffix):
    track = parse(text, suffix)
    found = segment(track)
    assert track.read == found.used + sum(found.gone.values())
    return [(c.start_sec, c.end_sec, c.text) for c in track.cues]


def sami(*syncs, head=STYLE):
    return f"<SAMI><HEAD>{head}</HEAD><BODY>\n" + "\n".join(
        f"<SYNC Start={ms}><P Class={of}>{text}" for ms, of, text in syncs
    )


TWO = [(1000, "KRCC", "안녕하세요<br>여러분"), (1000, "ENCC", "Hello"), (3000, "KRCC", "&nbsp;"), (3000, "ENCC", "&nbsp;"),
       (4000, "KRCC", "<font color=red>네</font>, 좋아요"), (6500, "KRCC", "&nbsp;")]  # fmt: skip
EXPECTED = [(1.0, 3.0, "안녕하세요 여러분"), (4.0, 6.5, "네, 좋아요")]


@pytest.mark.parametrize(
    "text",
    [
        sami(*TWO),
        sami(*sorted(TWO, key=lambda s: s[1])),  # English first, in one block
        sami(*TWO).lower().replace("krcc", "KRCC"),
        sami(*TWO, head=""),  # nothing declared: by their letters
        sami(*TWO).replace("KRCC", "SUBTTL").replace("lang:ko-KR", "lang:xx"),
        sami(*TWO).replace("Start=", "Start='").replace("><P", "'><P"),
        sami(*TWO).replace("&nbsp;", "&nbsp"),
        sami(*(s for s in TWO if s[1] == "KRCC")).replace("<P Class=KRCC>", ""),  # no <P>
        sami(*(s for s in TWO if s[1] == "KRCC")).replace("<P Class=KRCC>", "<P>"),
    ],
)
def test_sami_gives_the_korean_cues(text):
    assert cues(text, ".smi") == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_sami_in_every_encoding(tmp_path, encoding):
    path = tmp_path / "영화.smi"
    path.write_bytes(sami(*TWO).encode(encoding))
    assert [c.text for c in read_track(path).cues] == ["안녕하세요 여러분", "네, 좋아요"]


def test_sami_counts_what_it_leaves_out():
    track = parse(sami(*TWO, ("x", "KRCC", "없음")), ".smi")
    assert track.gone["other_language"] == 1 and track.repairs["bad_timing"] == 1
    with pytest.raises(CaptionError, match="no <SYNC"):
        parse("<SAMI><BODY>안녕하세요", ".smi")


def test_a_text_until_the_next_one_where_nothing_clears_it():
    text = sami((1000, "KRCC", "하나"), (2500, "KRCC", "둘"), (9000, "KRCC", "셋"))
    assert cues(text, ".smi") == [(1.0, 2.5, "하나"), (2.5, 9.0, "둘"), (9.0, 14.0, "셋")]


def test_a_file_is_read_as_what_it_begins_like():
    assert cues(sami(*TWO), ".srt") == EXPECTED


ASS = "[Script Info]\nTitle: x\n\n[V4+ Styles]\nStyle: Default,Arial,20\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"


def dialogue(text, start="0:00:01.00", end="0:00:03.00", style="Default", name="", effect=""):
    return f"Dialogue: 0,{start},{end},{style},{name},0,0,0,{effect},{text}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{\\an8\\i1}안녕{\\i0}하세요", "안녕하세요"),
        ("안녕,\\N반가워\\n요\\h네", "안녕, 반가워 요 네"),
        ("{\\p1}m 0 0 l 100 0 100 100{\\p0}그림 뒤", "그림 뒤"),
        ("{번역자 메모}네", "네"),
        ("{\\pos(10,20)}자리", "자리"),
    ],
)
def test_overrides_and_drawings_of_ass_are_not_said(text, expected):
    assert cues(ASS + dialogue(text), ".ass") == [(1.0, 3.0, expected)]


def test_what_ass_shows_and_nobody_says_is_counted():
    frames = "".join(
        dialogue("{\\pos(1,1)}간판", f"0:00:02.{n:02d}", f"0:00:02.{n + 4:02d}")
        for n in range(0, 40, 4)
    )
    text = (
        ASS
        + dialogue("안녕하세요")
        + dialogue("가게 이름", style="Signs")
        + dialogue("{\\p1}m 0 0 l 1 1")
        + frames
        + "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,메모\n"
        + "Dialogue: 0,?,0:00:02.00,Default,,0,0,0,,없는 시간\n"
    )
    track = parse(text, ".ass")
    assert [c.text for c in track.cues] == ["안녕하세요"]
    assert track.gone == {"sign": 11, "drawing": 1, "comment": 1, "unreadable": 1}


def test_karaoke_of_ass_times_words():
    (cue,) = parse(ASS + dialogue("{\\k50}오늘{\\k50}은 {\\k80}좋네요"), ".ass").cues
    assert [(w.text, w.start_sec) for w in cue.words] == [("오늘은", 1.0), ("좋네요", 2.0)]


def test_actors_of_ass_are_speakers_and_ssa_is_read():
    text = (
        ASS
        + dialogue("네.", name="민수")
        + dialogue("아니요.", "0:00:03.00", "0:00:04.00", name="지은")
    )
    assert [(u.text, u.speaker) for u in segment(parse(text, ".ass")).utterances] == [("네.", "민수"), ("아니요.", "지은")]  # fmt: skip
    ssa = "[Script Info]\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\nDialogue: Marked=0,0:00:01.00,0:00:03.00,Default,,0,0,0,,안녕\n"
    assert cues(ssa, ".ssa") == [(1.0, 3.0, "안녕")]


def ttml(body, attributes=""):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
        f'xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xmlns:tts="http://www.w3.org/ns/ttml#styling" {attributes}>{body}</tt>'
    )


def paragraph(times, text="안녕하세요"):
    return f"<body><div><p {times}>{text}</p></div></body>"


@pytest.mark.parametrize(
    ("times", "attributes"),
    [
        ('begin="00:00:01.000" end="00:00:03.000"', ""),
        ('begin="1s" dur="2s"', ""),
        ('begin="1000ms" end="3000ms"', ""),
        ('begin="25f" end="75f"', 'ttp:frameRate="25"'),
        ('begin="00:00:01:00" end="00:00:03:00"', 'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"'),
        ('begin="10000000t" end="30000000t"', 'ttp:tickRate="10000000"'),
    ],
)  # fmt: skip
def test_times_of_ttml(times, attributes):
    assert cues(ttml(paragraph(times), attributes), ".ttml") == [(1.0, 3.0, "안녕하세요")]


def test_ttml_of_every_make():
    spans = '<span tts:color="red">안녕</span>하세요<br/>여러분<metadata>뜻</metadata>'
    assert cues(ttml(paragraph('begin="1s" end="3s"', spans)), ".dfxp") == [
        (1.0, 3.0, "안녕하세요 여러분")
    ]
    prefixed = (
        ttml(paragraph('begin="1s" end="3s"')).replace("<p", "<tt:p").replace("</p", "</tt:p")
    )
    prefixed = prefixed.replace("<tt xmlns=", "<tt xmlns:tt='http://www.w3.org/ns/ttml' xmlns=")
    assert cues(prefixed, ".ttml") == [(1.0, 3.0, "안녕하세요")]
    offset = '<body begin="10s"><div begin="5s"><p begin="1s" end="2s">네&nbsp;그래 &amp; 좋아</p></div></body>'
    assert cues(ttml(offset), ".ttml") == [(16.0, 17.0, "네\xa0그래 & 좋아")]
    timed = '<body><div><p><span begin="1s" end="2s">하나</span><span begin="3s" end="4s">둘</span></p></div></body>'
    assert cues(ttml(timed), ".ttml") == [(1.0, 2.0, "하나"), (3.0, 4.0, "둘")]


def test_ttml_in_two_languages_gives_the_korean_one():
    both = '<body><div xml:lang="en"><p begin="1s" end="2s">Hello</p></div><div xml:lang="ko-KR"><p begin="1s" end="2s">안녕</p></div></body>'
    track = parse(ttml(both), ".ttml")
    assert [c.text for c in track.cues] == ["안녕"] and track.gone["other_language"] == 1


def test_agents_of_ttml_are_speakers():
    text = ttml(
        '<head><metadata><ttm:agent xml:id="a"><ttm:name type="full">민수</ttm:name></ttm:agent></metadata></head>'
        '<body><div><p begin="1s" end="2s" ttm:agent="a">네.</p><p begin="x">뭐</p></div></body>'
    )
    track = parse(text, ".ttml")
    assert [u.speaker for u in segment(track).utterances] == ["민수"] and track.gone[
        "unreadable"
    ] == 1


@pytest.mark.parametrize(
    "text",
    [
        "<tt>",
        "<html></html>",
        '<!DOCTYPE x [<!ENTITY a "b">]><tt>&a;</tt>',
        ttml(paragraph('begin="?"')),
    ],
)
def test_what_is_no_ttml_is_refused(text):
    with pytest.raises(CaptionError, match="captions"):
        parse(text, ".ttml")


def test_two_sami_files_in_one_are_read_one_behind_the_other():
    one = "<SAMI><BODY><SYNC Start=1000><P>하나<SYNC Start=3000><P>&nbsp;</BODY></SAMI>"
    two = "<SAMI><BODY><SYNC Start=500><P>둘<SYNC Start=1500><P>&nbsp;</BODY></SAMI>"
    assert cues(one + two, ".smi") == [(1.0, 3.0, "하나"), (3.5, 4.5, "둘")]


def test_a_comment_of_sami_that_nobody_closes_costs_only_the_head():
    text = "<SAMI><HEAD><STYLE><!-- .KRCC {lang:ko-KR;}</STYLE></HEAD><BODY><SYNC Start=1000><P Class=KRCC>하나"
    assert [text for _, _, text in cues(text, ".smi")] == ["하나"]
