"""Texts that cannot be what was said: too little, not Korean, too fast, or a phrase over and over."""

from __future__ import annotations

from typing import NamedTuple

from echoharvester.text.hangul import hangul_share, is_syllable
from echoharvester.text.scores import normalize_for_scoring

MIN_CHARS = 2
MIN_HANGUL_SHARE = 0.3
MIN_SYLLABLES_PER_SEC = 1.0
MAX_SYLLABLES_PER_SEC = 12.0
_MAX_PHRASE = 40  # characters of the longest phrase that is looked for


class Repetition(NamedTuple):
    """A phrase said `times` in a row; `share` of the text, 0 to 1."""

    phrase: str
    times: int
    share: float


def is_valid_text(
    text: str, min_chars: int = MIN_CHARS, min_hangul_share: float = MIN_HANGUL_SHARE
) -> bool:
    """Whether enough of it is Korean, spaces and punctuation aside; decomposed Hangul counts.

    >>> is_valid_text("네, 맞아요"), is_valid_text("네"), is_valid_text("hello 네")
    (True, False, False)
    """
    chars = normalize_for_scoring(text)
    return len(chars) >= min_chars and hangul_share(chars) >= min_hangul_share


def syllables_per_sec(text: str, duration_sec: float) -> float:
    """Speaking rate; a conversation has 4 to 8, a fast reader 10.

    >>> syllables_per_sec("안녕하세요", 1.0)
    5.0
    """
    return sum(map(is_syllable, text)) / max(duration_sec, 0.1)


def is_plausible_rate(
    text: str,
    duration_sec: float,
    slowest: float = MIN_SYLLABLES_PER_SEC,
    fastest: float = MAX_SYLLABLES_PER_SEC,
) -> bool:
    """Whether a voice can say `text` in `duration_sec`.

    >>> is_plausible_rate("안녕하세요", 1.0), is_plausible_rate("안녕하세요", 0.2)
    (True, False)
    """
    return slowest <= syllables_per_sec(text, duration_sec) <= fastest


def repetition(text: str) -> Repetition:
    """The phrase that fills most of the text by being repeated in a row.

    Time grows with the length of the text, not with its square.

    >>> repetition("감사합니다 감사합니다 감사합니다")
    Repetition(phrase='감사합니다', times=3, share=1.0)
    """
    chars = normalize_for_scoring(text)
    best = Repetition("", 1, 0.0)
    for period in range(1, min(_MAX_PHRASE, len(chars) // 2) + 1):
        run = 0  # characters that equal the one a period before
        for i in range(period, len(chars) + 1):
            if i < len(chars) and chars[i] == chars[i - period]:
                run += 1
                continue
            if (count := run // period + 1) > 1:
                start = i - run - period
                found = Repetition(
                    chars[start : start + period], count, count * period / len(chars)
                )
                if found.share > best.share:
                    best = found
            run = 0
    return best


def is_repetitive(text: str) -> bool:
    """Whether a recogniser seems to have looped: a phrase over and over fills most of the text.

    Laughter and answers (하하하, 네 네 네) are short and stay; a phrase of several syllables counts
    from its third time on, shorter ones later.

    >>> is_repetitive("시청해 주셔서 감사합니다 시청해 주셔서 감사합니다 시청해 주셔서 감사합니다")
    True
    >>> is_repetitive("하하하하"), is_repetitive("네 네 네"), is_repetitive("빨리 빨리 와")
    (False, False, False)
    """
    found = repetition(text)
    needed = {1: 10, 2: 6, 3: 5}.get(len(found.phrase), 4 if len(found.phrase) < 5 else 3)
    return found.times >= needed and found.share >= 0.5
