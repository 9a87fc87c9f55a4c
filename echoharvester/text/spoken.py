"""The spoken form: numbers, units, symbols and Latin letters read out in Korean.

An ambiguous span has several readings; `candidates` gives whole sentences, the likeliest
first, so that the audio can choose.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from echoharvester.text.hangul import is_syllable
from echoharvester.text.numbers import MAX_NATIVE, MAX_SINO, SINO_DIGITS, digits, native, sino
from echoharvester.text.unicode import orthographic

MAX_CANDIDATES = 8

_NATIVE_COUNTERS = [
    "시간",
    "시",
    "살",
    "명",
    "개",
    "마리",
    "권",
    "잔",
    "병",
    "번째",
    "가지",
    "그루",
    "켤레",
    "벌",
    "송이",
    "군데",
    "사람",
    "달",
    "그릇",
    "척",
    "채",
    "다발",
    "쌍",
    "판",
    "곡",
    "배",
    "바퀴",
    "모금",
    "줄",
    "통",
    "자루",
    "포기",
    "방울",
    "조각",
    "덩이",
    "숟가락",
]
_EITHER_COUNTERS = [
    "번",
    "대",
    "장",
    "주",
    "점",
    "동",
    "쪽",
    "곳",
    "편",
    "차례",
    "해",
    "팀",
    "건",
    "컵",
    "박스",
    "봉지",
    "캔",
    "알",
]
_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "에이",
            "비",
            "씨",
            "디",
            "이",
            "에프",
            "지",
            "에이치",
            "아이",
            "제이",
            "케이",
            "엘",
            "엠",
            "엔",
            "오",
            "피",
            "큐",
            "알",
            "에스",
            "티",
            "유",
            "브이",
            "더블유",
            "엑스",
            "와이",
            "제트",
        ],
        strict=True,
    )
)
_SYMBOLS = {
    "%": "퍼센트",
    "&": "앤드",
    "+": "플러스",
    "=": "는",
    "@": "골뱅이",
    "℃": "도",
    "°": "도",
}
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_LATIN = re.compile(r"[A-Za-z]+")
_SPAN = re.compile(
    rf"(?P<number>{_NUMBER.pattern})|(?P<latin>{_LATIN.pattern})|(?P<symbol>[%&+=@℃°])"
)
_COUNTER_AFTER = re.compile(
    r"\s*(" + "|".join(sorted(_NATIVE_COUNTERS + _EITHER_COUNTERS, key=len, reverse=True)) + ")"
)
_MONTHS = {6: "유", 10: "시"}
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def candidates(text: str, limit: int = MAX_CANDIDATES) -> list[str]:
    """Readings of `text` in Hangul and spaces, best first, at most `limit`.

    >>> candidates("3시 30분에 5명이")[0]
    '세 시 삼십 분에 다섯 명이'
    """
    parts = _parts(orthographic(text))
    # Readings further down a span's list cost more; the cheapest combinations come first.
    ranked = [list(enumerate(options)) for options in parts]
    combinations = itertools.islice(itertools.product(*ranked), 4096)
    best = sorted(combinations, key=lambda chosen: sum(cost for cost, _ in chosen))
    readings = (_tidy("".join(option for _, option in chosen)) for chosen in best)
    return list(dict.fromkeys(itertools.islice(readings, 4 * limit)))[:limit]


def spoken(text: str) -> str:
    """The likeliest reading.

    >>> spoken("2026년 6월, 50%")
    '이천이십육 년 유월 오십 퍼센트'
    """
    return candidates(text, limit=1)[0]


def _parts(text: str) -> list[Sequence[str]]:
    parts: list[Sequence[str]] = []
    position = 0
    for match in _SPAN.finditer(text):
        parts.append((text[position : match.start()],))
        position = match.end()
        after = text[position:]
        if match["number"]:
            parts.append([r + _gap(after) for r in _number_readings(match["number"], after)])
        elif match["latin"]:
            parts.append((_latin(match["latin"]),))
        else:
            parts.append((" " + _SYMBOLS[match["symbol"]],))
    return [*parts, (text[position:],)]


def _gap(after: str) -> str:
    """Numbers stand apart from their counter: 3시 is read 세 시."""
    return " " if after[:1] and is_syllable(after[0]) and not after.startswith("월") else ""


def _number_readings(number: str, after: str) -> list[str]:
    number = number.replace(",", "")
    whole, _, fraction = number.partition(".")
    value = int(whole)
    if value > MAX_SINO or (len(whole) > 1 and whole[0] == "0"):
        return [digits(whole)]
    if fraction:
        return [f"{sino(value)} 점 {digits(fraction, zero=SINO_DIGITS[0])}"]
    if after.startswith("월") and value in _MONTHS:
        return [_MONTHS[value]]
    readings = [sino(value)]
    counter = _COUNTER_AFTER.match(after)
    if counter and 1 <= value <= MAX_NATIVE:
        if counter[1] in _NATIVE_COUNTERS:
            readings.insert(0, native(value, attributive=True))
        else:
            readings.insert(0 if value < 10 else 1, native(value, attributive=True))
    return readings


def _latin(word: str) -> str:
    return "".join(_LETTERS[c] for c in word.upper())


def _tidy(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text).split())
