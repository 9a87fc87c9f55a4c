"""The spoken form: numbers, units, symbols and Latin letters read out in Korean.

Rules, tried in order at every place of the text, give the readings of a span, the likeliest
first.  `candidates` combines them into whole sentences, so that the audio can choose.
What no rule matches is read as it stands; particles are never changed.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from echoharvester.text.latin import letters, lexicon, word_pattern
from echoharvester.text.numbers import MAX_SINO, SINO_DIGITS, digits, native, sino
from echoharvester.text.unicode import fold
from echoharvester.text.units import (
    CURRENCIES,
    NATIVE_COUNTERS,
    NOT_COUNTERS,
    ONLY_NATIVE,
    ONLY_SINO,
    SYMBOLS,
    UNITS,
)

MAX_CANDIDATES = 8
Readings = list[str]

_INT = r"\d{1,3}(?:,\d{3})+|\d+"
_NUM = rf"(?:{_INT})(?:\.\d+)?"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_COUNTER = (
    rf"(?!{NOT_COUNTERS})(?:" + "|".join(sorted(NATIVE_COUNTERS, key=len, reverse=True)) + ")"
)
_LONE_UNIT = "|".join(re.escape(u) for u in UNITS if set(u) & set("²³°%‰/"))
_LARGE = r"(?:천|백|십)?(?:만|억|조)|천|백"
_NOT_IN_WORD = r"(?![A-Za-z0-9])"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_ROMAN = {chr(0x2160 + i): i + 1 for i in range(12)} | {chr(0x2170 + i): i + 1 for i in range(12)}
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def candidates(
    text: str, limit: int = MAX_CANDIDATES, extra_words: Path | None = None
) -> list[str]:
    """Readings of `text` in Hangul and spaces, best first, at most `limit`.

    `extra_words`: a recipe's own lexicon of Latin words, see `latin.tsv`.

    >>> candidates("3시 30분에 5명이")[0]
    '세 시 삼십 분에 다섯 명이'
    """
    parts = _parts(_prepared(text), extra_words)
    found: list[str] = []
    for chosen in _cheapest(parts, limit=4 * limit):
        reading = _tidy("".join(chosen))
        if reading not in found:
            found.append(reading)
        if len(found) == limit:
            break
    return found


def spoken(text: str) -> str:
    """The likeliest reading.

    >>> spoken("2026년 6월, 50%")
    '이천이십육 년 유월 오십 퍼센트'
    """
    return candidates(text, limit=1)[0]


def _prepared(text: str) -> str:
    # Superscripts and Roman numerals mean something here: kept from being folded away.
    text = re.sub(r"㎡", "m²", re.sub(r"㎢", "km²", re.sub(r"㎥", "m³", text)))
    return fold(text.replace("℃", "°C").replace("℉", "°F"))


def _cheapest(parts: Sequence[Readings], limit: int) -> list[list[str]]:
    """Combinations of one reading a part, those with the likelier readings first."""
    start = (0,) * len(parts)
    result: list[list[str]] = []
    heap, seen = [(0, start)], {start}
    while heap and len(result) < limit:
        cost, choice = heapq.heappop(heap)
        result.append([part[k] for part, k in zip(parts, choice, strict=True)])
        for i, k in enumerate(choice):
            if k + 1 < len(parts[i]):
                following = (*choice[:i], k + 1, *choice[i + 1 :])
                if following not in seen:
                    seen.add(following)
                    heapq.heappush(heap, (cost + 1, following))
    return result


def _parts(text: str, extra_words: Path | None) -> list[Readings]:
    parts: list[Readings] = []
    position, plain = 0, 0
    words = word_pattern(extra_words)
    while match := _START.search(text, position):
        position = match.start()
        span, readings = _read_at(text, position, words, extra_words)
        if span and readings:
            parts += [[text[plain:position]], [_spaced(r, text, position + span) for r in readings]]
            position = plain = position + span
        else:
            position += 1
    return [*parts, [text[plain:]]]


def _read_at(
    text: str, position: int, words: re.Pattern[str], extra_words: Path | None
) -> tuple[int, Readings]:
    if match := words.match(text, position):
        return len(match.group()), list(lexicon(extra_words)[match.group().casefold()])
    for pattern, read in _RULES:
        if (match := pattern.match(text, position)) and (readings := read(match)):
            return len(match.group()), list(dict.fromkeys(readings))
    return 0, []


def _spaced(reading: str, text: str, end: int) -> str:
    """A space where a digit follows what was read, as in iPhone15."""
    return reading + " " if text[end : end + 1].isdigit() else reading


def _tidy(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text).split())


# ---- readings of numbers ----


def _value(text: str) -> int:
    return int(text.replace(",", ""))


def _number(text: str) -> Readings:
    """A bare number: decimals by digit, leading zeros digit by digit."""
    whole, _, fraction = text.replace(",", "").partition(".")
    if fraction:
        return [f"{_number(whole)[0]} 점 {digits(fraction, SINO_DIGITS[0])}"]
    if (len(whole) > 1 and whole[0] == "0") or int(whole) > MAX_SINO:
        return [digits(whole), digits(whole, SINO_DIGITS[0])]
    return [sino(int(whole))] + (["공"] if whole == "0" else [])


def _counted(value: int, counter: str) -> Readings:
    """A number in front of a counter: native, Sino-Korean, or both."""
    if value == 0:
        return ["영", "공"]
    readings = [sino(value)]
    hundreds, rest = divmod(value, 100)
    if counter in ONLY_SINO or rest == 0:
        return readings
    as_native = (sino(hundreds * 100) if hundreds else "") + native(rest, attributive=True)
    if counter == "번째" and value == 1:
        return ["첫", "한"]
    limit = NATIVE_COUNTERS[counter]
    if value <= limit:
        return [as_native] if counter in ONLY_NATIVE else [as_native, *readings]
    if value >= 1000:
        return readings
    # Behind hundreds the rest decides: 백다섯 개, but 백오십 명.
    return [as_native, *readings] if hundreds and rest <= limit else [*readings, as_native]


def _with_counter(match: re.Match[str]) -> Readings:
    value, counter = _value(match["n"]), match["counter"]
    if counter == "대" and value % 10 == 0:  # 20대: an age
        return (
            [f"{sino(value)} 대", f"{native(value, True)} 대"]
            if 0 < value < 100
            else [f"{sino(value)} 대"]
        )
    return [f"{reading} {counter}" for reading in _counted(value, counter)]


def _large(match: re.Match[str]) -> Readings:
    """3만, 2천, 1억: read together with their unit; 1만 is 만, 1억 is 일억."""
    unit, number = match["large"], match["n"]
    name = _number(number)[0]
    if number == "1" and unit[0] in "천백십만":
        return [unit, "일" + unit]
    return [name + unit if "점" not in name else f"{name} {unit}"]


def _range(match: re.Match[str]) -> Readings:
    low, high = _value(match["a"]), _value(match["b"])
    unit = match["counter"] or match["unit"] or match["word"] or ""
    name = UNITS[unit][0] if unit in UNITS else unit
    if low >= high:
        return []
    if unit in NATIVE_COUNTERS and unit != "대":
        first, second = _counted(low, unit)[0], _counted(high, unit)[0]
    else:
        first, second = sino(low), sino(high)
    each = f"{first} {name}에서 {second} {name}" if name else f"{first}에서 {second}"
    once = f"{first}에서 {second} {name}"
    return [
        *((each, once) if first != sino(low) else (once, each)), f"{first} {second} {name}",
        f"{sino(low)}에서 {sino(high)} {name}", f"{sino(low)} {sino(high)} {name}",
    ]  # fmt: skip


def _unit(match: re.Match[str]) -> Readings:
    number = _number(match["n"])[0]
    readings = [f"{number} {name}" for name in UNITS[match["unit"]]]
    if match["unit"] == "°C":
        readings.append(f"섭씨 {readings[0]}")
    if match["unit"] == "km/h":
        readings.append(f"시속 {number} 킬로미터")
    return readings


def _currency(match: re.Match[str]) -> Readings:
    number = _number(match["n"])[0] + (match["large"] or "")
    return [f"{number} {CURRENCIES[match['sign']]}"]


def _date(match: re.Match[str]) -> Readings:
    month, day = _value(match["m"]), _value(match["d"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return []
    return [f"{sino(_value(match['y']))} 년 {_month(month)} {sino(day)} 일"]


def _month(month: int) -> str:
    return {6: "유", 10: "시"}.get(month, sino(month)) + "월"


def _slash(match: re.Match[str]) -> Readings:
    """A fraction or a day of the year: 1/2, 11/22."""
    a, b = _value(match["a"]), _value(match["b"])
    fraction = [f"{sino(b)} 분의 {sino(a)}"] if b else []
    date = [f"{_month(a)} {sino(b)} 일"] if 1 <= a <= 12 and 1 <= b <= 31 else []
    return fraction + date if (a < b <= 10 or not date) else date + fraction


def _colon(match: re.Match[str]) -> Readings:
    """A time of day, or a score: 7:30, 3:2."""
    a, b, c = _value(match["a"]), _value(match["b"]), match["c"]
    score = f"{sino(a)} 대 {sino(b)}" + (f" 대 {sino(_value(c))}" if c else "")
    if len(match["b"]) != 2 or a > 24 or b > 59:
        return [score]
    hours = _counted(a, "시")[:2] if a else ["영"]
    minutes = f" {sino(b)} 분" if b else ""
    seconds = f" {sino(_value(c))} 초" if c else ""
    return [f"{hour} 시{minutes}{seconds}" for hour in hours] + [score]


def _phone(match: re.Match[str]) -> Readings:
    groups = re.split(r"[-. ]", match.group())
    return [" ".join(digits(g) for g in groups), "에 ".join(digits(g) for g in groups)]


def _power(match: re.Match[str]) -> Readings:
    exponent = _value((match["sup"] or match["exp"]).translate(_SUPERSCRIPTS))
    base = _number(match["n"])[0]
    names = {2: ["제곱"], 3: ["세제곱"]}.get(exponent, [])
    return [f"{base}의 {name}" for name in [*names, f"{sino(exponent)} 승"]]


def _version(match: re.Match[str]) -> Readings:
    number = " 점 ".join(sino(int(part)) for part in match["n"].split("."))
    return [f"버전 {number}", f"브이 {number}"]


def _below_zero(match: re.Match[str]) -> Readings:
    number = _number(match["n"])[0]
    if match["degrees"]:
        return [f"영하 {number} 도", f"마이너스 {number} 도"]
    return [f"마이너스 {number}"]


def _followed(match: re.Match[str]) -> Readings:
    """A number with whatever comes behind it, a space between it and Hangul."""
    behind = match.string[match.end() : match.end() + 1]
    gap = " " if "가" <= behind <= "힣" else ""
    return [reading + gap for reading in _number(match["n"])]


def _particle_or_end(match: re.Match[str]) -> Readings:
    """A number with a particle: 15는 is read 십오는, not 십오 는."""
    return _number(match["n"])


def _years(match: re.Match[str]) -> Readings:
    return [f"{sino(_value(match['n']))} 년"]


def _latin_run(match: re.Match[str]) -> Readings:
    return [letters(match.group())]


_PARTICLE = (
    r"(?=(?:은|는|이|가|을|를|의|에|에서|에게|와|과|로|으로|만|까지|부터|처럼|보다|이나|나|이랑|랑"
    r"|이고|고|이다|입니다|이에요|예요|이라|라|이며|며|인|이지만|지만)(?![가-힣]))"
)
_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Readings]]


def _rule(pattern: str, read: Callable[[re.Match[str]], Readings]) -> _Rule:
    return re.compile(pattern), read


_RULES: tuple[_Rule, ...] = (
    _rule(r"(?P<y>\d{4})\s?[-./]\s?(?P<m>\d{1,2})\s?[-./]\s?(?P<d>\d{1,2})(?!\d)\.?", _date),
    _rule(r"(?:0\d{1,2}[-. ]\d{3,4}[-. ]\d{4}|1[5-9]\d{2}-\d{4})(?!\d)", _phone),
    _rule(r"'(?P<n>\d{2})\s?년", _years),
    _rule(r"(?P<a>\d{1,3}):(?P<b>\d{1,2})(?::(?P<c>\d{1,2}))?(?!\d)", _colon),
    _rule(r"(?P<a>\d{1,3})/(?P<b>\d{1,4})(?![\d/])", _slash),
    _rule(
        rf"(?P<a>{_INT})\s?[~-]\s?(?P<b>{_INT})\s?"
        rf"(?:(?P<counter>{_COUNTER})|(?P<unit>{_UNIT}){_NOT_IN_WORD}|(?P<word>[가-힣]))?(?!\d|-\d)",
        _range,
    ),
    _rule(rf"(?P<sign>[$¥€£₩￦])\s?(?P<n>{_NUM})(?P<large>(?:{_LARGE}))?", _currency),
    _rule(r"[vV](?:er)?\.?\s?(?P<n>\d+(?:\.\d+)+)", _version),
    _rule(rf"(?P<n>{_NUM})(?:\^(?P<exp>\d+)|(?P<sup>[⁰¹²³⁴⁵⁶⁷⁸⁹]+))", _power),
    _rule(rf"(?P<n>{_NUM})\s?(?P<unit>{_UNIT}){_NOT_IN_WORD}", _unit),
    _rule(rf"(?<![\w.])-(?P<n>{_NUM})(?P<degrees>\s?(?:도(?![가-힣])|°C?))?", _below_zero),
    _rule(rf"(?P<n>{_NUM})\s?(?P<large>{_LARGE})", _large),
    _rule(rf"(?P<n>{_INT})월", lambda m: [_month(_value(m["n"]))]),
    _rule(rf"(?P<n>{_INT})\s?(?P<counter>{_COUNTER})", _with_counter),
    _rule(rf"(?P<n>{_NUM}){_PARTICLE}", _particle_or_end),
    _rule(rf"(?P<n>{_NUM})", _followed),
    _rule(r"[Ⅰ-Ⅻⅰ-ⅻ]", lambda m: [sino(_ROMAN[m.group()])]),
    _rule(
        rf"(?P<unit>{_LONE_UNIT}){_NOT_IN_WORD}",
        lambda m: [f" {name}" for name in UNITS[m["unit"]]],
    ),
    _rule(r"[A-Za-z](?:\.[A-Za-z])+\.?", _latin_run),
    _rule(r"[A-Za-z]+", _latin_run),
    _rule(r"[&+=@#×÷±]", lambda m: [f" {name} " for name in SYMBOLS[m.group()]]),
)
_START = re.compile(r"[\d%°‰A-Za-z$¥€£₩￦'&+=@#×÷±Ⅰ-Ⅻⅰ-ⅻ]|-(?=\d)|(?<=[^A-Za-z0-9])[kK](?=팝)")
