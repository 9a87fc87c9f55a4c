"""What a rule is, and the pieces of patterns that several modules use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from echoharvester.text.numbers import MAX_SINO, SINO_DIGITS, digits, sino

Verbalisations = list[str]


class Rule(NamedTuple):
    """A pattern, and what gives the verbalisations of its match; no verbalisations: the rule does not apply.

    Attributes:
        leads: the particle behind says nothing of how it is read, but follows it: 2/3은 is 삼 분의 이는.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Verbalisations]
    leads: bool = False


def rule(
    pattern: str, read: Callable[[re.Match[str]], Verbalisations], leads: bool = False
) -> Rule:
    return Rule(re.compile(pattern), read, leads)


INT = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
NUM = rf"(?:{INT}(?:\.\d+)?)"
HANGUL = "[가-힣]"

# Particles and endings that may stand behind a noun; a number in front of one is read attached.
_PARTICLES = (
    "은 는 이 가 을 를 의 에 에서 에서는 에는 에도 에게 와 과 로 으로 로는 으로는 로도 도 만 만이 만은 만을 만큼 까지 까지는 부터 "
    "부터는 처럼 보다 보다는 이나 나 이랑 랑 이고 고 이다 다 입니다 이에요 예요 이라 라 이라고 라고 이라는 라는 이란 란 이며 며 인 인데 "
    "이지만 지만 이면 면 이었다 였다 이었습니다 였습니다 이죠 죠 이지 지 이요 요 야 이야 네 네요 이네요 뿐 뿐이다 밖에 마다 조차 마저 이라도 "
    "라도 이든 든 한테 이서 끼리 대로 입니까 인가요 인가 이었고 였고 이었는데 였는데 이니까 니까 이라서 라서 로서 로써 으로서 거든요 이거든요 "
    "에만 에서도 에서만 에서의 으로도 로만 까지도 까지만 까지의 부터의 의는 이기도 임 이던 였던 이었던 이었죠 였죠 이었어요 였어요 이에요 이군요 군요 하고 하고는 하고도 말고 이랑은 랑은"
).split()
PARTICLE = r"(?:" + "|".join(sorted(set(_PARTICLES), key=len, reverse=True)) + ")"
# Between a counter and its particle: 5명씩, 3시경에, 10개정도.
_SUFFIXES = (
    "씩 쯤 경 께 정도 이상 이하 미만 초과 짜리 째 간 동안 당 들 용 내 내외 전 후 중 여 가량 남짓 안팎 이내 가까이 넘게 더 "
    "모두 전부 치 분 반 가지고 만에 뒤 앞 사이 따리 차 말 초 대 꼴 급 형 식 어치 연속 째로 뿐 전체 전원 각각 차례 가운데 중에 남 달러 원 무렵"
).split()
SUFFIX = r"(?:" + "|".join(sorted(_SUFFIXES, key=len, reverse=True)) + ")"
# 이다 in its many endings: 이었어요, 이래요, 였는데.
_COPULA = r"(?:이(?:었|래|라|더|에|지|잖|군|나|야|냐|랍|니|면|거|던|든|고|며|네|죠|다|시)|였|예|인|입)[가-힣]{0,5}"
TAIL = re.compile(rf"{SUFFIX}{{0,2}}(?:{PARTICLE}|{_COPULA})?")
WORD = re.compile(rf"{HANGUL}*")


def value(text: str) -> int:
    """`1,234` as a number."""
    return int(text.replace(",", ""))


def number(text: str) -> Verbalisations:
    """A number by itself: decimals by digit, leading zeros and what is too long digit by digit.

    >>> number("1,234"), number("3.05"), number("007")
    (['천이백삼십사'], ['삼 점 영오', '삼 점 공오'], ['공공칠', '영영칠'])
    """
    whole, _, fraction = text.replace(",", "").partition(".")
    if fraction:
        heads = number(whole) if whole != "0" else ["영", "공"]
        tails = dict.fromkeys(digits(fraction, zero) for zero in (SINO_DIGITS[0], "공"))
        pairs = [f"{head} 점 {tail}" for tail in tails for head in heads[:1]]
        return pairs + [f"{heads[-1]} 점 {list(tails)[-1]}"] if whole == "0" else pairs
    if (len(whole) > 1 and whole[0] == "0") or int(whole) > MAX_SINO:
        return [digits(whole), digits(whole, SINO_DIGITS[0])]
    return [sino(int(whole))] + (["공", "제로"] if whole == "0" else [])


def before(match: re.Match[str]) -> str:
    """The text in front of a match, without the spaces at its end."""
    return match.string[: match.start()].rstrip()


def after(match: re.Match[str]) -> str:
    return match.string[match.end() :]


def is_ordinal(match: re.Match[str]) -> bool:
    """Whether 제 stands right in front, as in 제3회."""
    ahead = match.string[: match.start()]
    return ahead.endswith("제") and not re.search(r"[가-힣]제$", ahead)


def hangul_behind(match: re.Match[str]) -> str:
    """The Hangul that goes on right behind a match: 는 for the `15` of 15는."""
    found = WORD.match(match.string, match.end())
    return found.group() if found else ""


def is_tail(word: str) -> bool:
    """Whether nothing but suffixes and a particle: `씩은`, `에`, and nothing at all."""
    return bool(TAIL.fullmatch(word))


def unique(verbalisations: Verbalisations) -> Verbalisations:
    return list(dict.fromkeys(verbalisations))
