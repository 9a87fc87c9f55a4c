"""Hangul syllables and the letters (jamo) they are made of.

A precomposed syllable is U+AC00 + (onset * 21 + vowel) * 28 + coda
(The Unicode Standard, section 3.12).  Units made here are conjoining jamo
(U+1100..), so that an onset never looks like a coda.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SYLLABLE_BASE = 0xAC00
NUM_ONSETS, NUM_VOWELS, NUM_CODAS = 19, 21, 28  # coda 0 is "none"
NUM_SYLLABLES = NUM_ONSETS * NUM_VOWELS * NUM_CODAS  # 11172

ONSETS = tuple(chr(0x1100 + i) for i in range(NUM_ONSETS))
VOWELS = tuple(chr(0x1161 + i) for i in range(NUM_VOWELS))
CODAS = ("", *(chr(0x11A8 + i) for i in range(NUM_CODAS - 1)))
SILENT_ONSET = ONSETS[11]  # ㅇ in front of a vowel

_SYLLABLE = re.compile("[가-힣]")
_LONE_JAMO = re.compile("[\u3131-\u3163]")


def is_syllable(char: str) -> bool:
    """Whether `char` is one precomposed Hangul syllable.

    >>> is_syllable("한"), is_syllable("ㅋ"), is_syllable("a")
    (True, False, False)
    """
    return len(char) == 1 and SYLLABLE_BASE <= ord(char) < SYLLABLE_BASE + NUM_SYLLABLES


def is_lone_jamo(char: str) -> bool:
    """Whether `char` is a compatibility jamo such as the ㅋ of ㅋㅋ.

    >>> is_lone_jamo("ㅋ"), is_lone_jamo("가")
    (True, False)
    """
    return bool(_LONE_JAMO.fullmatch(char))


def split_syllable(char: str) -> tuple[int, int, int]:
    """Indices of onset, vowel and coda (0: none) of one syllable.

    >>> split_syllable("한")
    (18, 0, 4)

    Raises:
        ValueError: if `char` is not a precomposed syllable.
    """
    if not is_syllable(char):
        raise ValueError(f"{char!r} is not a precomposed Hangul syllable")
    onset, rest = divmod(ord(char) - SYLLABLE_BASE, NUM_VOWELS * NUM_CODAS)
    return (onset, *divmod(rest, NUM_CODAS))


def join_syllable(onset: int, vowel: int, coda: int = 0) -> str:
    """The syllable made of three indices; the reverse of `split_syllable`.

    >>> join_syllable(18, 0, 4)
    '한'
    """
    return chr(SYLLABLE_BASE + (onset * NUM_VOWELS + vowel) * NUM_CODAS + coda)


def has_coda(char: str) -> bool:
    """Whether a syllable ends in a consonant.

    >>> has_coda("말"), has_coda("마")
    (True, False)
    """
    return is_syllable(char) and split_syllable(char)[2] != 0


def to_jamo(text: str, silent_onset: bool = True) -> str:
    """Syllables as conjoining jamo; everything else unchanged.

    With `silent_onset=False` the onset ㅇ, which has no sound, is left out.

    >>> len(to_jamo("안녕")), len(to_jamo("안녕", silent_onset=False))
    (6, 5)
    """
    units = []
    for char in text:
        if not is_syllable(char):
            units.append(char)
            continue
        onset, vowel, coda = split_syllable(char)
        if silent_onset or ONSETS[onset] != SILENT_ONSET:
            units.append(ONSETS[onset])
        units.append(VOWELS[vowel] + CODAS[coda])
    return "".join(units)


def from_jamo(units: str) -> str:
    """Conjoining jamo back to syllables, the silent onset put back where it lacks.

    Letters that cannot be joined (a coda without vowel, as recognisers produce
    them) become compatibility jamo, so nothing vanishes.

    >>> from_jamo(to_jamo("안녕 값어치", silent_onset=False))
    '안녕 값어치'
    >>> from_jamo("ᆨᄀ")
    'ㄱㄱ'
    """
    out: list[str] = []
    i = 0
    while i < len(units):
        onset, vowel = _index(ONSETS, units[i]), -1
        if onset >= 0 and i + 1 < len(units):
            vowel = _index(VOWELS, units[i + 1])
        if vowel >= 0:
            i += 2
        elif (vowel := _index(VOWELS, units[i])) >= 0:
            onset = ONSETS.index(SILENT_ONSET)
            i += 1
        else:
            out.append(_COMPATIBILITY.get(units[i], units[i]))
            i += 1
            continue
        coda = _index(CODAS, units[i]) if i < len(units) else -1
        i += coda > 0
        out.append(join_syllable(onset, vowel, max(coda, 0)))
    return "".join(out)


def to_letters(text: str) -> str:
    """Syllables as compatibility jamo, as people type them; everything else unchanged.

    >>> to_letters("안녕 a")
    'ㅇㅏㄴㄴㅕㅇ a'
    """
    return "".join(_COMPATIBILITY.get(unit, unit) for unit in to_jamo(text))


def conjoining(letters: Sequence[str]) -> list[str]:
    """Compatibility jamo, one a string, as the onsets, vowels and codas that they are by their
    neighbours; every other string unchanged.

    >>> from_jamo("".join(conjoining("ㅎㅏㄴㄱㅡㄹㅇㅣ")))
    '한글이'
    """
    found: list[str] = []
    for i, letter in enumerate(letters):
        follows_vowel = bool(found) and found[-1] in VOWELS
        before_vowel = i + 1 < len(letters) and letters[i + 1] in _VOWEL_OF
        if letter in _VOWEL_OF:
            found.append(_VOWEL_OF[letter])
        elif letter in _CODA_OF and follows_vowel and not before_vowel:
            found.append(_CODA_OF[letter])
        else:
            found.append(_ONSET_OF.get(letter, letter))
    return found


def _index(table: tuple[str, ...], unit: str) -> int:
    return table.index(unit) if unit in table else -1


def hangul_share(text: str) -> float:
    """Share of Hangul syllables among letters, digits and other visible characters, 0 to 1.

    >>> hangul_share("가나 ab")
    0.5
    """
    visible = [c for c in text if not c.isspace()]
    return sum(map(is_syllable, visible)) / len(visible) if visible else 0.0


# Conjoining letters to the ones people type: ᄀ and ᆨ are both ㄱ.
_COMPATIBILITY_ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_COMPATIBILITY_CODAS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_COMPATIBILITY = dict(zip(ONSETS, _COMPATIBILITY_ONSETS, strict=True))
_COMPATIBILITY |= dict(zip(CODAS[1:], _COMPATIBILITY_CODAS, strict=True))
_COMPATIBILITY |= {v: chr(0x314F + i) for i, v in enumerate(VOWELS)}
_ONSET_OF = dict(zip(_COMPATIBILITY_ONSETS, ONSETS, strict=True))
_CODA_OF = dict(zip(_COMPATIBILITY_CODAS, CODAS[1:], strict=True))
_VOWEL_OF = {chr(0x314F + i): v for i, v in enumerate(VOWELS)}
