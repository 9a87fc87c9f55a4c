"""What is in captions but not in the speech, removed and counted by kind."""

from __future__ import annotations

import re
from collections import Counter

from echoharvester.text.notations import both_spellings, read_transcript
from echoharvester.text.unicode import orthographic

# Sounds and people that captions describe; in round brackets only these are taken out,
# since brackets also hold words that were said.
_SOUNDS = (
    "음악|노래|반주|박수|환호|웃음|한숨|기침|울음|침묵|정적|효과음|배경음|벨소리|전화벨|폭소|탄식|비명|"
    "흐느낌|속삭임|잡음|소음|숨소리|발소리|총소리|문소리|휘파람|헛기침|music|applause|laughter|laughs|"
    "cheering|sighs|coughs|silence|inaudible|noise"
)
_PEOPLE = "질문자|답변자|청중|관객|진행자|사회자|남자|여자|아이|기자|내레이션|나레이션|자막|화면|효과|모두|일동"
_DIRECTION = re.compile(
    rf"[(（]\s*(?:[가-힣\w ]{{0,12}}(?:{_SOUNDS})[가-힣 ]{{0,6}}|(?:{_PEOPLE})[가-힣\d ]{{0,4}})\s*[)）]",
    re.IGNORECASE,
)
_SQUARE = re.compile(r"\[(?![\d\s.,]+\])[^\[\]]{0,60}\]|【[^】]{0,60}】|<[^<>]{1,30}>")
_NOTES_SPAN = re.compile(r"[♪♫♬♩]+[^♪♫♬♩]*[♪♫♬♩]+")
_NOTES = re.compile(r"[♪♫♬♩]+")
_CHEVRONS = re.compile(r"(?:^|\s)>{1,3}(?=\s|[가-힣A-Za-z\"'(]|$)")
# An address with its scheme is shown, not said; www.naver.com in a sentence is said.
_URL = re.compile(r"https?://[^\s가-힣]+|^\W*www\.[^\s가-힣]+\W*$", re.IGNORECASE)
_CREDIT = re.compile(
    r"^\W*(?:(?:한글|한국어|영어)?\s*(?:자막|번역|검수|감수|싱크)\s*(?:제공|제작|번역|수정)?\s*(?:by\b|[:：]|-)\s*.{1,60}"
    r"|(?:translated|subtitles?|captions?|translation|reviewed?)\s+(?:by|reviewed)\b.{1,80}"
    r"|.{1,30}\s(?:자막|번역)\s*제공)\s*$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"^\s*(?P<name>[가-힣]{2,4}(?:\s?[A-Z\d]{1,2})?|[가-힣]{2,6}\s?(?:기자|앵커|교수|박사|씨|님|선생님)"
    r"|[A-Z][A-Za-z.]{0,14}|[QA]\d?)\s*[:：]\s+(?=\S)"
)
_NOT_SPEAKERS = frozenset(
    [
        "문제",
        "주제",
        "정답",
        "질문",
        "대답",
        "결론",
        "참고",
        "주의",
        "예시",
        "예제",
        "제목",
        "장소",
        "시간",
        "날짜",
        "일시",
        "오늘",
        "내일",
        "출처",
        "요약",
        "답변",
        "이름",
        "특징",
        "장점",
        "단점",
        "원인",
        "결과",
        "방법",
        "목표",
        "준비물",
        "재료",
        "순서",
        "첫째",
        "둘째",
        "셋째",
    ]
)
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U000e0000-\U000e007f]+"
)
_DASH = re.compile(r"^\s*[-–—‐]\s*(?=\S)")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_LONE_MARKS = re.compile(r"[\W_]+")

_STEPS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("music", _NOTES_SPAN),
    ("music", _NOTES),
    ("sound_tag", _SQUARE),
    ("sound_tag", _DIRECTION),
    ("url", _URL),
    ("emoji", _EMOJI),
    ("chevrons", _CHEVRONS),
)


def clean(line: str, removed: Counter[str], corpus_marks: bool = False) -> str:
    """The orthographic text of one caption line; what was taken out is added to `removed`.

    Of `(70%)/(칠십 퍼센트)` the spelling stays.  With `corpus_marks` the marks of published
    transcripts (`b/`, `{laughing}` ...) are taken out, too.

    >>> removed = Counter()
    >>> clean("[음악] 김민수: 안녕하세요 (웃음) ♪", removed)
    '안녕하세요'
    >>> sorted(removed.items())
    [('music', 1), ('sound_tag', 2), ('speaker', 1)]
    """
    if _CREDIT.match(line):
        removed["credit"] += 1
        return ""
    if corpus_marks:
        transcript = read_transcript(line)
        removed.update(transcript.marks)
        line = transcript.written
    else:
        line = both_spellings(line)[0]
    for kind, pattern in _STEPS:
        line, count = pattern.subn(" ", line)
        removed[kind] += count
    line, count = _DASH.subn("", line)
    removed["dash"] += count
    speaker = _SPEAKER.match(line)
    if speaker and speaker["name"] not in _NOT_SPEAKERS:
        removed["speaker"] += 1
        line = line[speaker.end() :]
    text = orthographic(_EMPTY_BRACKETS.sub(" ", line))
    for kind in [kind for kind, count in removed.items() if not count]:
        del removed[kind]
    return "" if _LONE_MARKS.fullmatch(text) else text


def starts_with_dash(line: str) -> bool:
    """Whether a line opens with the dash of a dialogue.

    >>> starts_with_dash("- 네"), starts_with_dash("-5도")
    (True, False)
    """
    match = _DASH.match(line)
    return match is not None and not line[match.end()].isdigit()
