"""Particles as evidence: 7:30으로 is a time (분으로), 3:2로 a score (이로).

Who writes a caption writes the particle that fits what was said: verbalisations that fit the particle
behind them come first.  Where none does, or where the particle was written for what the eye reads (2/3은,
5,000 KRW예요), it is put into the form that fits.
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


_PAIRS = (
    "은 는|을 를|과 와|으로서 로서|으로써 로써|으로 로|이나 나|이랑 랑|이라고 라고|이라는 라는|이라 라|이란 란|이에요 예요|이었다 였다|"
    "이었습니다 였습니다|이며 며|이고 고|이죠 죠|이면 면|이다 다|이 가"
)
_CODA_FORMS = frozenset(pair.split()[0] for pair in _PAIRS.split("|"))
_OTHER_FORM = {a: b for pair in _PAIRS.split("|") for a, b in (pair.split(), pair.split()[::-1])}
_FITTED = re.compile(
    rf"(?P<form>{'|'.join(sorted(_OTHER_FORM, key=len, reverse=True))})(?P<more>도|만|의|는)?(?![가-힣])"
)


# After a vowel these are right, too: 도이고, 달러이라.
_RIGHT_EVERYWHERE = frozenset(
    "이나 이랑 이라고 이라는 이라 이란 이며 이고 이죠 이면 이다 이었다 이었습니다".split()
)


def with_particle(
    verbalisations: Verbalisations, behind: str, leads: bool = False
) -> tuple[Verbalisations, int]:
    """The verbalisations, each with the form of the particle of `behind` that fits it, and its length; 0
    where there is no particle.  `leads`: see `Rule.leads`.

    >>> with_particle(["삼 분의 이"], "은 찬성")
    (['삼 분의 이는'], 1)
    """
    found = _FITTED.match(behind)
    if not found:
        return verbalisations, 0
    form, more = found["form"], found["more"] or ""
    both = (form, _OTHER_FORM[form])
    after_coda = both[0] if form in _CODA_FORMS else both[1]
    after_vowel = both[1] if form in _CODA_FORMS else both[0]
    fitted = []
    for text in verbalisations:
        last = text.rstrip()[-1:]
        if not last:  # nothing is said: the particle belongs to what stands in front
            fitted.append(found.group())
            continue
        if not is_syllable(last):
            return verbalisations, 0
        coda = split_syllable(last)[2]
        vowel_like = coda == 0 or (coda == _RIEUL and after_vowel.startswith("로"))
        right = form in _RIGHT_EVERYWHERE and not (leads and form == "이면")
        fitting = after_vowel if vowel_like and not right else after_coda
        fitted.append(text.rstrip() + fitting + more)
    return fitted, len(found.group())


def fits_any(verbalisations: Verbalisations, behind: str) -> bool:
    """Whether a particle of `behind`, if there is one, fits one of the verbalisations."""
    fitted, length = with_particle(verbalisations, behind)
    return not length or any(
        text == old.rstrip() + behind[:length]
        for text, old in zip(fitted, verbalisations, strict=True)
    )


def _fits(verbalisation: str, particle: re.Match[str]) -> bool:
    if not verbalisation or not is_syllable(verbalisation[-1]):
        return True
    if (
        particle.group().startswith(("로", "으로"))
        and split_syllable(verbalisation[-1])[2] == _RIEUL
    ):
        return particle["vowel"] is not None
    return has_coda(verbalisation[-1]) == (particle["coda"] is not None)
