"""Particles as evidence: 7:30으로 is a time (분으로), 3:2로 a score (이로).

Who writes a caption writes the particle that fits what was said.  Nothing is corrected here;
verbalisations that fit the particle behind them only come first.
"""

from __future__ import annotations

import re

from echoharvester.text.hangul import has_coda, is_syllable, split_syllable
from echoharvester.text.verbalisation.rule import Verbalisations

_RIEUL = 8  # index of the coda ㄹ: 로 goes behind it as behind a vowel
_AFTER_CODA = "은|을|과|으로|으로서|으로써|이나|이랑|이라|이라고|이라는|이란|이에요|이었다|이었습니다|이며|이고|이다|이죠"
_AFTER_VOWEL = "는|를|와|로|로서|로써|나|랑|라|라고|라는|란|예요|였다|였습니다|며|고|가|죠"
_PARTICLE = re.compile(
    rf"(?:(?P<coda>{_AFTER_CODA})|(?P<vowel>{_AFTER_VOWEL}))(?:도|만|의)?(?![가-힣])"
)


def agreeing_first(verbalisations: Verbalisations, behind: str) -> Verbalisations:
    """The verbalisations in their order, those that fit the particle of `behind` before the others.

    >>> agreeing_first(["엠피삼", "엠피쓰리"], "를 듣다")
    ['엠피쓰리', '엠피삼']
    """
    found = _PARTICLE.match(behind)
    if not found or len(verbalisations) < 2:
        return verbalisations
    return sorted(verbalisations, key=lambda verbalisation: not _fits(verbalisation, found))


def _fits(verbalisation: str, particle: re.Match[str]) -> bool:
    if not verbalisation or not is_syllable(verbalisation[-1]):
        return True
    if (
        particle.group().startswith(("로", "으로"))
        and split_syllable(verbalisation[-1])[2] == _RIEUL
    ):
        return particle["vowel"] is not None
    return has_coda(verbalisation[-1]) == (particle["coda"] is not None)
