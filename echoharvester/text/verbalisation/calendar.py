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
    r"보궐|재보|만세|독립|의거|군사|정변|내란|비상|참전|동란|이후|당시|때|유공|부동산|전당|묘지|민중|합의|회담|폭동|해방|서울|한국|학살|대지진|후퇴|남북|탄압|파동|검정|구제|사면|특별|평화|판문점))"
)


_DAYS = "월화수목금토일"
# Between two weekdays; before it the first one, which must begin a word.
_RANGE_OF_DAYS = rf"(?<![~-])(?<![~-]\s)(?P<a>[{_DAYS}])(?:요일)?\s?[~-]\s?(?P<b>[{_DAYS}])(?:요일)?(?P<till>\s?까지)?(?=[^가-힣]|$|[은는에이의])(?!\s?[~-])"
WEEKDAY_RANGE_START = rf"(?<![가-힣\d~-])(?<![~-]\s)[{_DAYS}](?=(?:요일)?\s?[~-]\s?[{_DAYS}](?:요일)?(?!\s?[~-])(?:[^가-힣]|$|까지|[은는에이의]))"
# Decimals that are only these days: nobody gives such a number of anything without a unit.
_FAMOUS = frozenset(
    "4.19 5.16 5.18 6.25 6.29 8.15 9.11 9.18 10.26 10.29 12.12 4.16 5.17 12.16".split()
)
_TALL = re.compile(r"키|신장|장신|농구|피트")
_FIGURES = re.compile(
    r"(?:평점|점수|비율|환율|지수|평균|버전|확률|약|대략|무려|높이|길이|무게|깊이|너비|타율|학점|별점|수치|값|답|=|≒|[\d,A-Za-z])[은는이가도]?$"
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
    weekday = re.match(rf"\s?\([{_DAYS}]\)", after(match))
    return fraction + date if (as_fraction or not date) and not weekday else date + fraction


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
    first = both.get(month, sino(month))
    second = both.get(day, digits(match["d"])) if month in both else digits(match["d"])
    return unique([first + second, digits(match["m"] + match["d"])])


def _weekday(match: re.Match[str]) -> Verbalisations:
    """The (수) of 5월 3일(수)."""
    if not re.search(r"(?:\d\s?일|[/.-]\d{1,2}\.?|어제|오늘|내일|모레|[초말순])$", before(match)):
        return []
    return [f" {match['day']}요일"]


def _weekdays(match: re.Match[str]) -> Verbalisations:
    """월~금."""
    a, b = match["a"], match["b"]
    if match["till"]:
        return [f"{a}요일부터 {b}요일까지", f"{a}요일에서 {b}요일까지"]
    return [
        f"{a}요일부터 {b}요일까지",
        f"{a}요일에서 {b}요일",
        f"{a}요일에서 {b}요일까지",
        f"{a}요일부터 {b}요일",
    ]


def _until(match: re.Match[str]) -> Verbalisations:
    """Between two days or times: 6월 1일 - 6월 30일, 12/24(화)~12/26(목), 10:00-17:00."""
    if not re.search(
        rf"(?:\d\s?[일월년시분]|\d:\d\d|/\d{{1,2}}|\([{_DAYS}]\)|정오|자정)$", before(match)
    ):
        return []
    return ["에서 ", "부터 ", " "]


def _minutes(match: re.Match[str]) -> Verbalisations:
    """5'30": minutes and seconds; 3': minutes."""
    minutes = sino(value(match["m"]))
    seconds = f" {sino(value(match['s']))} 초" if match["s"] else ""
    if match["s"] and _TALL.search(match.string) and value(match["s"]) < 12:
        return [f"{minutes} 피트 {sino(value(match['s']))} 인치"]
    return [f"{minutes} 분{seconds}"]


def _latitude(match: re.Match[str]) -> Verbalisations:
    """37°33'."""
    seconds = f" {sino(value(match['s']))} 초" if match["s"] else ""
    return [f"{sino(value(match['d']))} 도 {sino(value(match['m']))} 분{seconds}"]


def _hundredths(match: re.Match[str]) -> Verbalisations:
    """9"58: seconds and hundredths of them."""
    return [f"{sino(value(match['s']))} 초 {digits(match['h'], '영')}"]


def _century(match: re.Match[str]) -> Verbalisations:
    """21C."""
    if re.search("온도|기온|체온|수온|섭씨|USB|방전|배터리", match.string):
        return []
    if re.search("좌석|게이트|탑승|호차|버스|강의실|구역|출구", match.string):
        return []
    return [f"{sino(value(match['n']))} 세기", f"{sino(value(match['n']))} 씨"]


def _season(match: re.Match[str]) -> Verbalisations:
    """2019/20 시즌: a year and the next."""
    a, b = match["a"], match["b"]
    if (value(a) + 1) % 100 != value(b):
        return []
    if len(a) == 2:
        return [f"{sino(value(a))} {sino(value(b))}", f"{digits(a)} {digits(b)}"]
    first, second = sino(value(a)), sino(value(b)) if value(b) else "공공"
    return [f"{first} {second}", f"{first} {sino(value(a) + 1)}", f"{digits(a[2:])} {digits(b)}"]


def _famous(match: re.Match[str]) -> Verbalisations:
    """5.18은: a day that needs no name."""
    if match.group() not in _FAMOUS or _FIGURES.search(before(match)):
        return []
    return [*_history(match), *number(match.group())[:1]]


def _day_word(match: re.Match[str]) -> Verbalisations:
    return [f"{sino(value(match['n']))} 일"]


CALENDAR_LETTER_RULES = (
    rule(
        r"(?P<half>[aApP]\.?[mM]\b\.?)\s?(?P<time>(?P<h>\d{1,2}):(?P<m>[0-5]\d))(?!\d)", _half_day
    ),
    rule(r"(?P<half>[AaPp][Mm])(?P<time>)(?=\s?\d{1,2}\s?(?:시|:))", _half_day),
)
WEEKDAY_RULES = (
    rule(rf"\(\s?(?P<day>[{_DAYS}])(?:요일)?\s?\)", _weekday),
    rule(_RANGE_OF_DAYS, _weekdays, leads=True),
    rule(
        r"(?:\s?~\s?|\s?-\s|(?<=[일월년시분)\d])-)(?=\d{1,4}\s?(?:[일월년시분](?![가-힣]?명)|:\d|/\d))",
        _until,
    ),
)
CALENDAR_RULES = (
    rule(r"(?P<a>(?:19|20)?\d{2})/(?P<b>\d{2})(?=\s?시즌)", _season),
    rule(r"(?P<d>\d{1,3})°\s?(?P<m>\d{1,2})'(?:\s?(?P<s>\d{1,2})\")?", _latitude),
    rule(r"(?P<s>\d{1,2})\"(?P<h>\d{2})(?!\d)", _hundredths),
    rule(r"(?P<m>\d{1,2})'\s?(?P<s>[0-5]?\d)(?:\"|'')", _minutes),
    rule(r"(?P<m>\d{1,2})'(?P<s>)(?=(?:만|간|동안|후|뒤|이상|정도)(?:$|[^가-힣]|\s))", _minutes),
    rule(r"(?P<n>1\d|2[01])C(?![A-Za-z0-9])", _century),
    rule(
        r"(?<![\d.])(?P<m>\d{1,2})\.(?P<d>\d{1,2})(?![\d.%]|\s?(?:\.\d|[A-Za-z%°]|점|배|개|명|초|분|퍼센트|프로|인치|평|피트|도|만|억|대|차|미터|킬로|리터|그램|톤|달러|원|세|버전))",
        _famous,
    ),
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
    rule(
        r"(?P<a>\d{1,3})\s:\s(?P<b>\d{1,3})(?!\d)",
        lambda m: [f"{number(m['a'])[0]} 대 {number(m['b'])[0]}"],
    ),
    rule(r"(?P<a>\d{1,3}):(?P<b>\d{1,2})(?::(?P<c>\d{1,2}))?(?![\d:])", _colon),
    rule(r"(?P<a>\d+\.\d+)/(?P<b>\d+(?:\.\d+)?)(?![\d/])", _mark),
    rule(r"(?P<a>\d{1,4})/(?P<b>\d{1,4})(?![\d/])", _slash, leads=True),
    rule(rf"(?P<n>{INT})월", _month),
    rule(r"(?P<n>\d{1,2})일(?=\s?[,·~]?\s?(?:[월화수목금토일]요일|\())", _day_word),
)
