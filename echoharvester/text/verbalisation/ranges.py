"""From one number to another: 3~5명, 10-20대, 9시~18시; and two numbers against each other: 3-2."""

from __future__ import annotations

import re

from echoharvester.text.numbers import native, sino
from echoharvester.text.verbalisation.calendar import month_name
from echoharvester.text.verbalisation.counters import (
    COUNTER,
    COUNTERS,
    ESTIMATES,
    HOURS,
    SINO,
    counted,
)
from echoharvester.text.verbalisation.measures import UNITS
from echoharvester.text.verbalisation.rule import (
    INT,
    NUM,
    Verbalisations,
    after,
    before,
    is_ordinal,
    is_tail,
    number,
    rule,
    unique,
    value,
)

_LARGE = r"(?:천|백|십)?(?:만|억|조)|천|백"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_RESULT = re.compile(
    r"\s?(?:로|으로)?\s?(?:승|패|이[겼기긴길]|[졌진지질]|완승|완패|역전|무승부|비[겼기]|승리|패배|앞|뒤|대승|신승|리드|동점)"
)
_ADDRESS_BEFORE = re.compile(r"(?:동|리|로|길|가|읍|면)$")


def _counter_range(match: re.Match[str]) -> Verbalisations:
    low, high, counter = value(match["a"]), value(match["b"]), match["counter"]
    if low > high or is_ordinal(match):
        return []
    if len(counter) == 1 and not is_tail(_rest(match)) and counter not in "명개살시":
        return []
    style = COUNTERS[counter]
    if style == SINO or (counter == "대" and high % 10 == 0) or style.native_to == 0:
        verbalisations = _sino_range(sino(low), sino(high), counter, low, high)
        if style != SINO and high <= 10:
            verbalisations += _native_range(low, high, counter)[:2]
        return verbalisations
    verbalisations = _native_range(low, high, counter)
    plain = _sino_range(sino(low), sino(high), counter, low, high)
    if high > style.native_to and style != HOURS:
        return unique([*plain[:2], *verbalisations[:2], *plain[2:]])
    return unique([*verbalisations[:4], *plain[:3], *verbalisations[4:]])


def _rest(match: re.Match[str]) -> str:
    found = re.match("[가-힣]*", after(match))
    return found.group() if found else ""


def _native_range(low: int, high: int, counter: str) -> Verbalisations:
    first, second = counted(low, counter)[0], counted(high, counter)[0]
    each = f"{first} {counter}에서 {second} {counter}"
    verbalisations = [each]
    if high == low + 1:
        verbalisations += [f"{both} {counter}" for both in ESTIMATES.get(low, [])]
    if 1 <= low <= 99:
        verbalisations.append(f"{native(low)}에서 {second} {counter}")
    return [
        *verbalisations,
        f"{first} {counter}부터 {second} {counter}",
        f"{first}에서 {second} {counter}",
        f"{first} {second} {counter}",
    ]


def _sino_range(first: str, second: str, name: str, low: int = 0, high: int = 0) -> Verbalisations:
    """`name`: what is counted, with the space in front of it where there is one."""
    unit = f" {name}" if name else ""
    verbalisations = [f"{first}에서 {second}{unit}"]
    if name:
        verbalisations.append(f"{first}{unit}에서 {second}{unit}")
    if low and high == low + 1 and high < 10:
        verbalisations.append(f"{first}{second}{unit}")
    elif low % 10 == 0 and high == low + 10 and 0 < low < 90:
        verbalisations += [f"{sino(low // 10)}{second}{unit}", f"{first} {second}{unit}"]
    else:
        verbalisations.append(f"{first} {second}{unit}")
    return [*verbalisations, f"{first}{unit}부터 {second}{unit}"]


def _month_range(match: re.Match[str]) -> Verbalisations:
    low, high = value(match["a"]), value(match["b"])
    if not (1 <= low <= 12 and 1 <= high <= 12):
        return []
    first, second = sino(low), month_name(high)
    together = ["오뉴월"] if (low, high) == (5, 6) else []
    return unique(
        [f"{first}에서 {second}", f"{month_name(low)}에서 {second}", f"{month_name(low)}부터 {second}",
         f"{first}{second}", *together]
    )  # fmt: skip


def _unit_range(match: re.Match[str]) -> Verbalisations:
    """10~20%, 1.5~2kg, 3~5만: the unit once or twice."""
    first, second = number(match["a"])[0], number(match["b"])[0]
    if large := match["large"]:
        glue = " " if "점" in second else ""
        once = f"{first}에서 {second}{glue}{large}"
        each = f"{first}{glue}{large}에서 {second}{glue}{large}"
        low, high = match["a"], match["b"]
        together = (
            [f"{first}{second}{large}"]
            if len(low + high) == 2 and int(high) == int(low) + 1
            else []
        )
        return [once, each, *together, f"{first} {second}{large}"]
    verbalisations: Verbalisations = []
    for name in UNITS[match["unit"]]:
        verbalisations += _sino_range(first, second, name)[:3]
    if match["unit"] == "°C":
        verbalisations.append(f"섭씨 {verbalisations[0]}")
    return verbalisations


def _noun_range(match: re.Match[str]) -> Verbalisations:
    """A range in front of a noun of no list, or of none."""
    low, high = value(match["a"]), value(match["b"])
    hyphen = match["sign"] != "~"
    first, second = number(match["a"])[0], number(match["b"])[0]
    versus = [f"{first} 대 {second}"] if len(match["a"]) < 4 else []
    if len(match["a"]) == 4 and len(match["b"]) == 2:  # 2024-25 시즌
        return [f"{first} {second}", f"{first}에서 {second}"]
    gap = " " if _rest(match) and not is_tail(_rest(match)) else ""
    again = f"{first} 다시 {second}"
    if hyphen and (
        _RESULT.match(after(match)) or re.search(r"(?:스코어|세트)[는은]?$", before(match))
    ):
        return [*versus, f"{first}에서 {second}"]
    if hyphen and (_ADDRESS_BEFORE.search(before(match)) or re.match("번지|호|반", after(match))):
        return [again + gap, f"{first}의 {second}{gap}", f"{first} {second}{gap}"]
    if low >= high and hyphen:
        return [
            f"{r}{gap}" for r in [*versus, again, f"{first} {second}", f"{first} 빼기 {second}"]
        ]
    between = [f"{first}에서 {second}{gap}", f"{first}부터 {second}{gap}"]
    if high == low + 1 and high < 10:
        between.insert(1, f"{first}{second}{gap}")
    else:
        between.append(f"{first} {second}{gap}")
    return unique([*between, *versus, again] if hyphen else between)


def _versus(match: re.Match[str]) -> Verbalisations:
    """3 대 2, 3대2: a score or a ratio, never three cars."""
    numbers = [sino(value(text)) for text in re.findall(INT, match.group())]
    return [" 대 ".join(numbers), *(["일대일"] if numbers == ["일", "일"] else [])]


def _tilde(match: re.Match[str]) -> Verbalisations:
    """Between two things that are whole in themselves: 9시~18시, 서울~부산."""
    return ["에서 ", "부터 ", " "]


def _fraction_in_words(match: re.Match[str]) -> Verbalisations:
    """3분의 1."""
    below, above = number(match["b"])[0], number(match["a"])[0]
    return [f"{below} 분의 {above}"]


def _decimal_range(match: re.Match[str]) -> Verbalisations:
    if "." not in match["a"] + match["b"]:
        return _noun_range(match)
    first, second = number(match["a"])[0], number(match["b"])[0]
    return [f"{first}에서 {second}", f"{first}부터 {second}", f"{first} {second}"]


def _from_to(match: re.Match[str]) -> Verbalisations:
    """9시~18시: 아홉 시에서 십팔 시, 아홉 시부터 십팔 시까지."""
    first, second = (_amount(match[n], match[u]) for n, u in (("a", "first"), ("b", "second")))
    return [
        f"{first}에서 {second}",
        f"{first}부터 {second}까지",
        f"{first}부터 {second}",
        f"{first} {second}",
    ]


def _amount(text: str, counter: str) -> str:
    if counter == "월" and 1 <= value(text) <= 12:
        return month_name(value(text))
    return f"{counted(value(text), counter)[0]} {counter}"


RANGE_RULES = (
    rule(rf"{INT}\s?대\s?{INT}(?:\s?대\s?{INT})?(?!\s?(?:{COUNTER}|[만억조천백]))", _versus),
    rule(rf"(?P<b>{INT})\s?분의\s?(?P<a>{NUM})", _fraction_in_words),
    rule(r"(?P<a>\d{1,2})\s?[~-]\s?(?P<b>\d{1,2})월", _month_range),
    rule(
        rf"(?P<a>{INT})\s?[~-]\s?(?P<b>{INT})\s?(?P<counter>{COUNTER})(?!\s?~)",
        _counter_range,
    ),
    rule(
        rf"(?P<a>{NUM})\s?[~-]\s?(?P<b>{NUM})\s?(?:(?P<large>{_LARGE})|(?P<unit>{_UNIT})(?![A-Za-z0-9]))",
        _unit_range,
    ),
    rule(rf"(?P<a>{NUM})\s?(?P<sign>~)\s?(?P<b>{NUM})(?!\d|[.,]\d)", _decimal_range),
    rule(rf"(?P<a>{INT})\s?(?P<sign>-)\s?(?P<b>{INT})(?!\d|-\d|[.,]\d)", _noun_range),
)
_WHOLE = r"시|월|일|년|층|번|세|살|호|학년|교시|위|회|화|주차"
FROM_TO_RULES = (
    rule(
        rf"(?P<a>\d{{1,4}})(?P<first>{_WHOLE})\s?[~-]\s?(?P<b>\d{{1,4}})(?P<second>{_WHOLE})(?![가-힣]?까지|반|\s?\d)",
        _from_to,
    ),
)
TILDE_RULES = (
    rule(r"(?<=[가-힣%A-Za-z\d도)])\s?~\s?(?=\d)", _tilde),
    rule(r"(?<=[가-힣])~(?=[가-힣])", _tilde),
    rule(r"\s?→\s?(?=\d)", _tilde),
    rule(
        r"(?<=[가-힣\d%])\s?~\s?(?=(?:[AaPp][Mm]|오전|오후|새벽|저녁|밤|아침|정오|자정|다음|내일|당일|현재|지금|최대|영하|영상))",
        _tilde,
    ),
)
