"""Numbers read out in Korean: Sino-Korean (이십일), native (스물하나, 스물한), digit by digit."""

from __future__ import annotations

SINO_DIGITS = ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")
_SMALL_UNITS = ("", "십", "백", "천")
_LARGE_UNITS = ("", "만", "억", "조", "경", "해")
MAX_SINO = 10 ** (4 * len(_LARGE_UNITS)) - 1

_NATIVE_ONES = ("", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_ONES_ATTRIBUTIVE = ("", "한", "두", "세", "네", *_NATIVE_ONES[5:])
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
MAX_NATIVE = 99


def sino(number: int) -> str:
    """The Sino-Korean verbalisation, written solid; 만 for 10⁴ but 일억 for 10⁸.

    >>> sino(10), sino(2026), sino(10000), sino(10**8), sino(0)
    ('십', '이천이십육', '만', '일억', '영')

    Raises:
        ValueError: for numbers below 0 or above `MAX_SINO`.
    """
    if not 0 <= number <= MAX_SINO:
        raise ValueError(f"{number} has no Sino-Korean verbalisation here (0 to 10**24 - 1)")
    if number == 0:
        return SINO_DIGITS[0]
    parts = []
    for i, unit in enumerate(_LARGE_UNITS):
        group = number // 10 ** (4 * i) % 10000
        if group == 1 and unit == "만" and number < 20000:
            parts.append(unit)
        elif group:
            parts.append(_sino_group(group) + unit)
    return "".join(reversed(parts))


def _sino_group(group: int) -> str:
    out = ""
    for power in (3, 2, 1, 0):
        digit = group // 10**power % 10
        if digit:
            name = "" if digit == 1 and power else SINO_DIGITS[digit]
            out += name + _SMALL_UNITS[power]
    return out


def native(number: int, attributive: bool = False) -> str:
    """The native verbalisation of 1 to 99; `attributive` in front of a counter (스무 살, 한 개).

    >>> native(21), native(21, attributive=True), native(20, attributive=True)
    ('스물하나', '스물한', '스무')

    Raises:
        ValueError: for other numbers.
    """
    if not 1 <= number <= MAX_NATIVE:
        raise ValueError(f"{number} has no native verbalisation (1 to {MAX_NATIVE})")
    tens, ones = divmod(number, 10)
    if attributive and number == 20:
        return "스무"
    return _NATIVE_TENS[tens] + (_NATIVE_ONES_ATTRIBUTIVE if attributive else _NATIVE_ONES)[ones]


def digits(text: str, zero: str = "공") -> str:
    """Digit by digit, as telephone numbers are read; other characters are skipped.

    >>> digits("010")
    '공일공'
    """
    names = (zero, *SINO_DIGITS[1:])
    return "".join(names[int(c)] for c in text if c.isdecimal())
