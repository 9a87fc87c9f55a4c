"""Dates, times of day, and the days that history is named after (5·18)."""

from __future__ import annotations

import re

from echoharvester.text.numbers import digits, sino
from echoharvester.text.verbalisation.counters import counted
from echoharvester.text.verbalisation.rule import (
    INT,
    Verbalisations,
    after,
    before,
    hangul_behind,
    number,
    rule,
    unique,
    value,
)

_WEEKDAY = r"(?=\s?\(?[월화수목금토일](?:요일)?\))"
# 7:30 is a score where these are near.
_SCORE_BEFORE = re.compile(
    r"(?:스코어|비율|경쟁률|점수|세트|비가|비는|황금비|배당|결과)[는은이가]?$"
)
_SCORE_BEHIND = re.compile(
    r"\s?(?:의 )?(?:로 |으로 )?(?:비율|승리|패배|완승|완패|역전|이겼|졌|이기|지고|무승부|경쟁|비기|비겼|승|패|스코어|동점|매칭|대결|앞서|뒤지|대승|신승|화면비)"
)
# What is named after a day: 5·18 민주화 운동.
_EVENTS = (
    r"(?=\s?(?:운동|절|전쟁|사건|사태|민주|혁명|광복|항쟁|선언|정신|기념|쿠데타|참변|테러|공동|성명|계엄|대책|조치|총선|대선|지방|"
    r"보궐|재보|만세|독립|의거|군사|정변|내란|비상|참전|동란|이후|당시|때|유공|부동산|전당|묘지|민중|합의|회담|폭동|해방|서울|한국|학살|대지진))"
)


def month_name(month: int) -> str:
    """일월 to 십이월; June and October lose a sound.

    >>> month_name(6), month_name(10), month_name(11)
    ('유월', '시월', '십일월')
    """
    return {6: "유", 10: "시"}.get(month, sino(month)) + "월"


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _date(match: re.Match[str]) -> Verbalisations:
    month, day = value(match["m"]), value(match["d"])
    if not _is_day(month, day):
        return []
    return [f"{year} 년 {month_name(month)} {sino(day)} 일" for year in number(match["y"])[:1]]


def _short_date(match: re.Match[str]) -> Verbalisations:
    """26.11.22: a date, or the parts of a version."""
    year, month, day = match["y"], value(match["m"]), value(match["d"])
    parts = " 점 ".join(sino(value(match[k])) for k in "ymd")
    if not _is_day(month, day):
        return [] if match["sep"] != "." else [parts]
    date = f"{number(year)[0]} 년 {month_name(month)} {sino(day)} 일"
    return [date, parts] if match["sep"] == "." else [date]


def _year_month(match: re.Match[str]) -> Verbalisations:
    if not 1 <= (month := value(match["m"])) <= 12:
        return []
    return [f"{sino(value(match['y']))} 년 {month_name(month)}"]


def _month_day(match: re.Match[str]) -> Verbalisations:
    month, day = value(match["m"]), value(match["d"])
    return [f"{month_name(month)} {sino(day)} 일"] if _is_day(month, day) else []


def _slash(match: re.Match[str]) -> Verbalisations:
    """A fraction or a day of the year: 1/2, 11/22."""
    a, b = value(match["a"]), value(match["b"])
    fraction = [f"{sino(b)} 분의 {sino(a)}"] if b else []
    date = [f"{month_name(a)} {sino(b)} 일"] if _is_day(a, b) else []
    if a > b >= 10 and a < 300 and not date:  # 120/80: no fraction
        return [
            f"{sino(a)}에 {sino(b)}",
            f"{sino(a)} {sino(b)}",
            f"{sino(a)} 대 {sino(b)}",
            *fraction,
        ]
    if re.match(r"분기", after(match)):
        return [f"{sino(a)}{sino(b)}"]
    if fraction and re.match(r"\s?박자", after(match)):
        return fraction
    if re.match(r"\s?(?:층|호|반|번|교시|학년|주|일|월)(?![가-힣]{2})", after(match)):
        return [f"{sino(a)} {sino(b)}", *fraction]
    neighbour = re.match(r"\s?~\s?\d+/", after(match)) or re.search(r"/\d+\s?~$", before(match))
    if date and neighbour:
        return date + fraction
    as_fraction = a < b <= 10 or (b % 10 == 0 and b >= 100) or (b and a > 12)
    return fraction + date if as_fraction or not date else date + fraction


def _mark(match: re.Match[str]) -> Verbalisations:
    """3.8/4.5: a mark and the highest one."""
    a, b = number(match["a"])[0], number(match["b"])[0]
    return [f"{b} 만점에 {a}", f"{a}에 {b}", f"{a} 슬래시 {b}", f"{b} 분의 {a}"]


def _years(match: re.Match[str]) -> Verbalisations:
    text, gap = match["n"], " " if hangul_behind(match) else ""
    return unique([number(text)[0] + gap, digits(text) + gap])


def _month(match: re.Match[str]) -> Verbalisations:
    month = value(match["n"])
    return [month_name(month) if 1 <= month <= 12 else f"{sino(month)} 월"]


def _colon(match: re.Match[str]) -> Verbalisations:
    """A time of day, or a score: 7:30, 3:2."""
    a, b, c = value(match["a"]), value(match["b"]), match["c"]
    score = f"{sino(a)} 대 {sino(b)}" + (f" 대 {sino(value(c))}" if c else "")
    if len(match["b"]) != 2 or a > 24 or b > 59:
        return [score]
    half_day = re.search(r"(?:오전|오후|새벽|아침|저녁|밤|낮)$", before(match))
    hours = (counted(a, "시") if a else ["영"]) + ([sino(a)] if half_day is None and a else [])
    if a > 12 and not c:
        hours.append(counted(a - 12, "시")[0] if a > 12 else "열두")
    minutes = f" {sino(b)} 분" if b else ""
    seconds = f" {sino(value(c))} 초" if c else ""
    times = unique([f"{hour} 시{minutes}{seconds}" for hour in hours])
    if b == 30 and not c:
        times.append(times[0].replace("삼십 분", "반"))
    if c:  # how long, not when
        whole = f"{counted(a, '시간')[0]} 시간{minutes}{seconds}"
        return [*times[:1], whole, score]
    if _SCORE_BEFORE.search(before(match)) or _SCORE_BEHIND.match(after(match)):
        return [score, *times]
    return [*times[:1], *times[1:], score]


def _decimal_ratio(match: re.Match[str]) -> Verbalisations:
    """1:1.2, 1:1000: what no clock shows."""
    a, b = match["a"], match["b"]
    if "." not in a + b and len(a) < 4 and len(b) < 3:
        return []
    return [f"{number(a)[0]} 대 {number(b)[0]}"]


def _half_day(match: re.Match[str]) -> Verbalisations:
    """AM and PM, in front of a time or behind it."""
    names = {"a": ["오전", "에이엠"], "p": ["오후", "피엠"]}[match["half"][0].lower()]
    if match["time"]:
        hour, minute = value(match["h"]), match["m"]
        if not 1 <= hour <= 12:
            return []
        time = f"{counted(hour, '시')[0]} 시" + (f" {sino(value(minute))} 분" if minute else "")
        if minute and not value(minute):
            time = f"{counted(hour, '시')[0]} 시"
        return [f"{names[0]} {time}", f"{time} {names[1]}"]
    return names


def _history(match: re.Match[str]) -> Verbalisations:
    """5·18, 6.25: month and day as digits run together."""
    month, day = value(match["m"]), value(match["d"])
    if not _is_day(month, day):
        return []
    both = {10: "십", 12: "십이", 11: "십일"}
    first, second = both.get(month, sino(month)), both.get(day, digits(match["d"]))
    return unique([first + second, digits(match["m"] + match["d"])])


def _day_word(match: re.Match[str]) -> Verbalisations:
    return [f"{sino(value(match['n']))} 일"]


CALENDAR_LETTER_RULES = (
    rule(
        r"(?P<half>[aApP]\.?[mM]\b\.?)\s?(?P<time>(?P<h>\d{1,2}):(?P<m>[0-5]\d))(?!\d)", _half_day
    ),
    rule(r"(?P<half>[AaPp][Mm])(?P<time>)(?=\s?\d{1,2}\s?(?:시|:))", _half_day),
)
CALENDAR_RULES = (
    rule(
        r"(?P<y>\d{4})\s?(?P<sep>[-./])\s?(?P<m>\d{1,2})\s?[-./]\s?(?P<d>\d{1,2})(?!\d)\.?", _date
    ),
    rule(
        r"(?P<y>\d{2})(?P<sep>[-./])\s?(?P<m>\d{1,2})(?P=sep)\s?(?P<d>\d{1,2})(?![\d%]|[-.]\d)\.?",
        _short_date,
    ),
    rule(r"(?P<y>(?:19|20)\d{2})\.\s?(?P<m>\d{1,2})(?![\d.]|\s?[가-힣%])\.?", _year_month),
    rule(rf"(?P<m>\d{{1,2}})\.\s?(?P<d>\d{{1,2}})\.?{_WEEKDAY}", _month_day),
    rule(r"(?P<m>\d{1,2})\s?[·ㆍ・]\s?(?P<d>\d{1,2})(?!\d|\s?[·ㆍ・]|월)", _history),
    rule(rf"(?P<m>\d{{1,2}})\.(?P<d>\d{{1,2}})(?!\d){_EVENTS}", _history),
    rule(r"'(?P<n>\d{2})(?=\s?(?:년|월드컵|올림픽|학번|시즌|학년도|학년|대선|총선))", _years),
    rule(r"(?P<time>(?P<h>\d{1,2})(?::(?P<m>[0-5]\d))?)\s?(?P<half>[aApP]\.?[mM]\b\.?)", _half_day),
    rule(r"(?P<a>\d+(?:\.\d+)?):(?P<b>\d+(?:\.\d+)?)(?![\d:])", _decimal_ratio),
    rule(r"(?P<a>\d{1,3}):(?P<b>\d{1,2})(?::(?P<c>\d{1,2}))?(?![\d:])", _colon),
    rule(r"(?P<a>\d+\.\d+)/(?P<b>\d+(?:\.\d+)?)(?![\d/])", _mark),
    rule(r"(?P<a>\d{1,4})/(?P<b>\d{1,4})(?![\d/])", _slash),
    rule(rf"(?P<n>{INT})월", _month),
    rule(r"(?P<n>\d{1,2})일(?=\s?[,·~]?\s?(?:[월화수목금토일]요일|\())", _day_word),
)
