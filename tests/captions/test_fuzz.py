"""Caption files made of pieces of caption files: never a crash, never a cue out of nowhere."""

from captions_invariants import check_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from echoharvester.captions.parse import SUFFIXES

_LINES = (
    "WEBVTT", "Kind: captions", "", "", "1", "42", "NOTE x", "STYLE", "REGION", "00:00:01.000 --> 00:00:02.000",
    "00:00:02,000 --> 00:00:01,000", "00:01.5 --> 00:03.25 align:start position:0%", "0:00:01.000,0:00:02.000",
    "00:00:01.000 --> 00:00:24.800", "99:59:59.999 --> 100:00:00.000", "00:00:02.000 --> 00:00:02.010",
    "안녕하세요 여러분", "안녕하세요<00:00:01.300><c> 여러분</c>", "<v 민수>네 &amp; 아니요</v>", "{\\an8}위에", "[음악]", "♪ 노래 ♪",
    "- 네 - 아니요", "김민수: 안녕", "3.5점입니다.", "www.naver.com", "<ruby>漢<rt>한</rt></ruby>", "-->", "<", "{\\", "&#xD800;", "\ufeff", "\x00", "(웃음)",
    "오늘은 날씨가<00:00:02.800><c> 좋네요</c>", "[br]", "\\N", "https://a.b/c", "자막: 홍길동", ">> 네",
)  # fmt: skip
_TEXT_FILES = st.lists(st.sampled_from(_LINES), max_size=25).map("\n".join)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_subnormal=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["events", "segs", "utf8", "tStartMs", "tOffsetMs", "dDurationMs", "aAppend", "x"]), inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    _TEXT_FILES,
    st.sampled_from([".vtt", ".srt", ".sbv"]),
    st.sampled_from(["utf-8", "utf-16", "cp949"]),
)
def test_line_formats(text, suffix, encoding):
    check_bytes(text.encode(encoding, errors="ignore"), suffix)


@settings(max_examples=300, deadline=None)
@given(_JSON)
def test_json3(value):
    import json

    check_bytes(
        json.dumps({"events": [value, {"tStartMs": 0, "segs": [value]}]}).encode(), ".json3"
    )
    check_bytes(json.dumps(value).encode(), ".json3")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p t='1000' d='500'>",
                "<p t='x'>",
                "</p>",
                "<s t='100'>",
                "<s>",
                "</s>",
                "<br/>",
                "<body>",
                "</body>",
                "안녕",
                "&amp;",
                "&#1;",
                "<p a='1'>",
                "<p t='1e9' d='-5'>",
            ]
        ),
        max_size=20,
    )
)
def test_srv3(pieces):
    text = "<timedtext format='3'>" + "".join(pieces) + "</timedtext>"
    check_bytes(text.encode(), ".srv3")


_SAMI = (
    "<SAMI>", "<BODY>", "<STYLE><!-- .KRCC {lang:ko-KR;} .ENCC {lang:en} --></STYLE>", "<SYNC Start=1000>", "<sync start='2000'>",
    "<SYNC Start=x>", "<SYNC Start=-5>", "<P Class=KRCC>", "<p class=encc>", "<P>", "&nbsp;", "안녕하세요", "Hello", "<br>", "네<font color=red",
    "<!--", "-->", "</BODY>", "<SYNC Start=99999999999999>", "\n",
)  # fmt: skip
_ASS = (
    "[Script Info]", "[Events]", "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text", "Format: Start, Text", "Format:",
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,민수,0,0,0,,안녕\\N네", "Dialogue: 0,0:00:01.00,x,Default,,0,0,0,,하나", "Dialogue: x", "Dialogue:",
    "Dialogue: 0,0:00:03.00,0:00:02.00,Sign,,0,0,0,,간판", "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,메모",
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}그림", "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\k50}오{\\k9999999}늘",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(_SAMI), max_size=25).map("".join),
    st.sampled_from(["utf-8", "utf-16", "cp949"]),
)
def test_sami(text, encoding):
    check_bytes(text.encode(encoding, errors="ignore"), ".smi")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_ASS), max_size=15).map("\n".join))
def test_substation(text):
    check_bytes(text.encode(), ".ass")


_TTML = (
    "<body>", "</body>", "<div xml:lang='ko'>", "<div begin='2s'>", "</div>", "<p begin='1s' end='2s'>", "<p begin='x'>", "<p dur='5f'>",
    "<p begin='00:00:01:99'>", "<p begin='9t' end='1t'>", "</p>", "<span begin='1s'>", "</span>", "<br/>", "안녕", "&nbsp;", "& ", "&#1;", "<!-- -->",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_TTML), max_size=20).map("".join))
def test_ttml(inside):
    check_bytes(f"<tt xmlns='http://www.w3.org/ns/ttml'>{inside}</tt>".encode(), ".ttml")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SUFFIXES))
def test_any_bytes(data, suffix):
    check_bytes(data, suffix)
