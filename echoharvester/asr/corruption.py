"""Captions made wrong on purpose, in the ways in which captions are wrong.

They are the wrong labels from which an acceptance is learned without a person: what somebody left out,
put in or misheard (a word), and the small things that a CER hardly sees (a particle, an ending, a
vowel, a number, the first word of what comes next).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from echoharvester.text.hangul import has_coda, is_syllable, join_syllable, split_syllable

KINDS = ("drop", "replace", "insert", "particle", "ending", "jamo", "number", "neighbour")
SMALL_KINDS = ("particle", "ending", "jamo")
FITTED_KINDS = tuple(kind for kind in KINDS if kind != "neighbour")  # that is said next: no fault

# Particles that stand in each other's place: behind a consonant, and behind a vowel.
_PARTICLES = {
    True: ("은", "이", "을", "에", "의", "과", "도", "만", "으로", "에서"),
    False: ("는", "가", "를", "에", "의", "와", "도", "만", "로", "에서"),
}
_ENDINGS = (
    "습니다", "습니까", "어요", "아요", "네요", "군요", "지요", "죠", "거든요", "는데요", "는데", "지만", "니까",
    "으면", "면", "면서", "고", "다", "라고", "려고",
)  # fmt: skip
_NUMBERS = (
    "일이삼사오육칠팔구", ("하나", "둘", "셋", "넷"), ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟"),
)  # fmt: skip
_COUNTED = ("개", "명", "번", "달", "살", "시", "가지", "사람", "시간", "마리", "배")
_VOWELS = (0, 4, 8, 13, 18, 20)  # ㅏ ㅓ ㅗ ㅜ ㅡ ㅣ
_ONSETS = (0, 2, 3, 5, 6, 7, 9, 11, 12, 18)  # ㄱ ㄴ ㄷ ㄹ ㅁ ㅂ ㅅ ㅇ ㅈ ㅎ


def corrupted(
    text: str, kind: str, rng: random.Random, words: Sequence[str], next_text: str = ""
) -> str | None:
    """A text with one fault of a kind; None where it has no place for one.

    Args:
        kind: one of `KINDS`.
        words: of the same speaker or recording, to put in.
        next_text: what is said next.

    Raises:
        KeyError: for a kind that does not exist.
    """
    parts = text.split()
    changed = _CHANGES[kind](parts, rng, words, next_text.split())
    return " ".join(changed) if changed and changed != parts else None


Words = list[str]


def _drop(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    if len(parts) < 4:
        return None
    gone = rng.randrange(1, len(parts) - 1)  # at the edges it may not have been meant to be in
    return parts[:gone] + parts[gone + 1 :]


def _replace(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    if not parts or not words:
        return None
    k = rng.randrange(len(parts))
    return [*parts[:k], rng.choice(words), *parts[k + 1 :]]


def _insert(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    k = rng.randrange(len(parts) + 1)
    return [*parts[:k], rng.choice(words), *parts[k:]] if words else None


def _neighbour(
    parts: Words, rng: random.Random, words: Sequence[str], after: Words
) -> Words | None:
    return [*parts, after[0]] if after else None


def _particle(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    places = []
    for k, word in enumerate(parts):
        for closed, particles in _PARTICLES.items():
            for particle in particles:
                stem = word.removesuffix(particle)
                if stem and stem != word and has_coda(stem[-1]) == closed:
                    others = [f"{stem}{p}" for p in particles if p != particle]
                    places.append((k, others))
    return _one_of(parts, places, rng)


def _ending(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    places = []
    for k, word in enumerate(parts):
        ending = next((e for e in _ENDINGS if word.endswith(e) and len(word) > len(e)), None)
        if ending:
            stem = word.removesuffix(ending)
            places.append((k, [f"{stem}{e}" for e in _ENDINGS if e != ending]))
    return _one_of(parts, places, rng)


def _jamo(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    places = []
    for k, word in enumerate(parts):
        for j, char in enumerate(word):
            if is_syllable(char):
                places.append((k, [word[:j] + c + word[j + 1 :] for c in _one_jamo_off(char)]))
    return _one_of(parts, places, rng)


def _one_jamo_off(syllable: str) -> list[str]:
    """Syllables with another vowel, or with a plain other onset."""
    onset, vowel, coda = split_syllable(syllable)
    others = [(onset, v) for v in _VOWELS if v != vowel] + [
        (o, vowel) for o in _ONSETS if o != onset
    ]
    return [join_syllable(o, v, coda) for o, v in others]


def _number(parts: Words, rng: random.Random, words: Sequence[str], after: Words) -> Words | None:
    places = []
    for k, word in enumerate(parts):
        digits = [j for j, char in enumerate(word) if char.isdigit() and char.isascii()]
        for j in digits:
            others = [d for d in "123456789" if d != word[j]]
            places.append((k, [word[:j] + d + word[j + 1 :] for d in others]))
        counted = k + 1 < len(parts) and parts[k + 1].startswith(_COUNTED)
        for names in _NUMBERS:
            if word in names and (len(word) > 1 or counted):
                places.append((k, [n for n in names if n != word]))
    return _one_of(parts, places, rng)


def _one_of(
    parts: Words, places: Sequence[tuple[int, Sequence[str]]], rng: random.Random
) -> Words | None:
    if not places:
        return None
    k, others = rng.choice(places)
    return [*parts[:k], rng.choice(others), *parts[k + 1 :]]


_CHANGES: dict[
    str, Callable[[Words, random.Random, Sequence[str], Words], Words | None]
] = dict(
    zip(
        KINDS,
        (_drop, _replace, _insert, _particle, _ending, _jamo, _number, _neighbour),
        strict=True,
    )
)  # fmt: skip
