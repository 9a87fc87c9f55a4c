"""Korean sentences without end, from a small grammar and a lexicon, as spoken and as written.

Two sources of words: the project's lexicon (inflected by rule), and invented words
over the 2,350 syllables of KS X 1001.  Invented words keep to sound patterns whose
spelling can be heard: no liaison, no coda that is neutralised, no onset that espeak-ng's
Korean voices say like another (ㅆ like ㅅ, and inside words ㄲ like ㄱ).
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from echoharvester.errors import UserError
from echoharvester.text.hangul import (
    CODAS,
    ONSETS,
    SILENT_ONSET,
    VOWELS,
    has_coda,
    join_syllable,
    split_syllable,
)
from echoharvester.text.numbers import native, sino

HELD_OUT_EVERY = 8  # one lemma in eight is kept from the recogniser's training
LEXICON = files(__package__) / "lexicon.txt"
VOCABULARY = (  # ten times as many, for training recognisers
    files(__package__) / "vocabulary_nouns.txt",
    files(__package__) / "vocabulary_other.txt",
)

_PLAIN_CODAS = [CODAS.index(c) for c in ("", "ᆨ", "ᆫ", "ᆯ", "ᆷ", "ᆸ", "ᆼ")]
_CODA_OF = {"ㅂ": CODAS.index("ᆸ"), "ㄴ": CODAS.index("ᆫ"), "ㄹ": CODAS.index("ᆯ")}
_CODA_OF |= {"ㅆ": CODAS.index("ᆻ")}
_UNHEARD_ONSETS = frozenset("ᄊ")
_OBSTRUENTS = {CODAS.index("ᆨ"), CODAS.index("ᆸ")}
_AFTER_OBSTRUENT = frozenset("ᄀᄃᄇᄉᄌ")  # heard tense after ㄱ, ㅂ: the lax spelling is the rule


@dataclass(frozen=True)
class Sentence:
    """One sentence: words as spoken (Hangul only) and as a caption writes them."""

    spoken: str
    written: str


@dataclass(frozen=True)
class Predicate:
    """A verb or adjective: 걷 / 걸어 / 걸으."""

    stem: str
    a_form: str
    u_stem: str


class Lexicon:
    """The project's words, all of them or one side of the hold-out split."""

    def __init__(self, part: str = "all", wide: bool = False) -> None:
        """`part`: "all", "train" (without the held-out lemmas) or "heldout".

        `wide`: with the words of the vocabulary, too.
        """
        if part not in ("all", "train", "heldout"):
            raise UserError(f"part is all, train or heldout, not {part!r}")
        kinds: dict[str, list[str]] = {}
        for path in (LEXICON, *(VOCABULARY if wide else ())):
            words = kinds.setdefault("noun", [])
            for line in path.read_text(encoding="utf-8").splitlines():
                if line.startswith("["):
                    words = kinds.setdefault(line.strip("[]"), [])
                elif not line.startswith("#"):
                    words.extend(word for word in line.split() if _wanted(word, part))
        unique = {kind: tuple(dict.fromkeys(words)) for kind, words in kinds.items()}
        self.nouns = unique["noun"]
        self.adverbs, self.determiners = unique["adverb"], unique["determiner"]
        self.verbs = tuple(Predicate(*word.split("/")) for word in unique["verb"])
        self.adjectives = tuple(Predicate(*word.split("/")) for word in unique["adjective"])


def _wanted(word: str, part: str) -> bool:
    held_out = zlib.crc32(word.encode()) % HELD_OUT_EVERY == 0
    return part == "all" or held_out == (part == "heldout")


@lru_cache(maxsize=4)
def _lexicon(part: str, wide: bool) -> Lexicon:
    return Lexicon(part, wide)


class Grammar:
    """Draws sentences; the same seed gives the same sentences."""

    def __init__(self, seed: int | str, part: str = "all", wide: bool = False) -> None:
        """`part`, `wide`: see `Lexicon`."""
        self._random = random.Random(f"{seed}/{part}")
        self.lexicon = _lexicon(part, wide)

    def sentence(self) -> Sentence:
        """A sentence of one to three clauses, now and then with a number in it."""
        rng = self._random
        parts = [self._clause(connected=True) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))]
        parts.append(self._clause(connected=False))
        if rng.random() < 0.35:
            parts.insert(rng.randrange(len(parts)), self._number_phrase())
        if rng.random() < 0.1:
            word = invented_word(rng)
            parts.insert(0, Sentence(word + "에서", word + "에서"))
        written = " ".join(p.written for p in parts)
        return Sentence(
            " ".join(p.spoken for p in parts), written + rng.choice((".", ".", "", "!"))
        )

    def invented_sentence(self) -> Sentence:
        """Words that do not exist, some with particles, 1 to 7 of them."""
        rng, words = self._random, [""]
        for _ in range(rng.randint(1, 7)):
            words.append(self._maybe_particle(invented_word(rng, before=words[-1])))
        words = words[1:]
        return Sentence(" ".join(words), " ".join(words))

    def word_list(self) -> Sentence:
        """Words of the lexicon in no order, so that a model cannot lean on grammar."""
        rng, lexicon = self._random, self.lexicon
        words = []
        for _ in range(rng.randint(2, 7)):
            kind = rng.random()
            if kind < 0.5:
                words.append(self._maybe_particle(rng.choice(lexicon.nouns)))
            elif kind < 0.8:
                words.append(self._inflect(rng.choice((True, False)), rng.random() < 0.5))
            else:
                words.append(rng.choice(lexicon.adverbs + lexicon.determiners))
        return Sentence(" ".join(words), " ".join(words))

    def _clause(self, connected: bool) -> Sentence:
        rng, lexicon = self._random, self.lexicon
        words: list[str] = []
        if rng.random() < 0.3:
            words.append(rng.choice(lexicon.adverbs))
        words += [*self._noun_phrase(), ""]
        words[-2:] = [particle(words[-2], *rng.choice((("은", "는"), ("이", "가"))))]
        is_verb = rng.random() < 0.7
        if rng.random() < 0.35:
            words.append(rng.choice(lexicon.nouns) + rng.choice(("에서", "에", "까지", "부터")))
        if is_verb and rng.random() < 0.75:
            phrase = self._noun_phrase()
            words += [*phrase[:-1], particle(phrase[-1], "을", "를")]
        if rng.random() < 0.3:
            words.append(rng.choice(lexicon.adverbs))
        words.append(self._inflect(is_verb, connected))
        return Sentence(" ".join(words), " ".join(words) + ("," if connected else ""))

    def _noun_phrase(self) -> list[str]:
        rng = self._random
        words = [rng.choice(self.lexicon.determiners)] if rng.random() < 0.35 else []
        if rng.random() < 0.2:
            words.append(rng.choice(self.lexicon.nouns) + "의")
        return [*words, rng.choice(self.lexicon.nouns)]

    def _inflect(self, is_verb: bool, connected: bool) -> str:
        predicate = self._random.choice(self.lexicon.verbs if is_verb else self.lexicon.adjectives)
        return self._random.choice(inflections(predicate, is_verb, connected))

    def _maybe_particle(self, noun: str) -> str:
        rng = self._random
        if rng.random() < 0.5:
            return noun
        return particle(noun, *rng.choice(_PARTICLES))

    def _number_phrase(self) -> Sentence:
        """A number with its counter, as words and as digits."""
        rng = self._random
        kind = rng.randrange(5)
        if kind == 0:
            hour, minute = rng.randint(1, 12), rng.choice((0, 10, 15, 20, 30, 40, 45, 50))
            if not minute:
                return Sentence(f"{native(hour, attributive=True)} 시에", f"{hour}시에")
            return Sentence(
                f"{native(hour, attributive=True)} 시 {sino(minute)} 분에", f"{hour}시 {minute}분에"
            )
        if kind == 1:
            number, counter = (
                rng.randint(1, 30),
                rng.choice(("명이", "개를", "살에", "마리가", "권을")),
            )
            return Sentence(f"{native(number, attributive=True)} {counter}", f"{number}{counter}")
        if kind == 2:
            number = rng.choice((rng.randint(2, 99), 10 * rng.randint(1, 99)))
            counter = rng.choice(("퍼센트가", "층에서", "년에", "일에", "원을", "초가"))
            sign = {"퍼센트가": "%가"}.get(counter, counter)
            return Sentence(f"{sino(number)} {counter}", f"{number}{sign}")
        if kind == 3:
            number = 1000 * rng.randint(1, 99)
            return Sentence(f"{sino(number)} 원을", f"{number:,}원을")
        year, month = rng.randint(1950, 2030), rng.randint(1, 12)
        spoken_month = {6: "유", 10: "시"}.get(month, sino(month))
        return Sentence(f"{sino(year)} 년 {spoken_month}월에", f"{year}년 {month}월에")


_PARTICLES: tuple[tuple[str, str], ...] = (
    ("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("에", "에"), ("에서", "에서"),
    ("도", "도"), ("만", "만"), ("까지", "까지"), ("의", "의"), ("처럼", "처럼"), ("보다", "보다"),
)  # fmt: skip


def particle(noun: str, after_coda: str, after_vowel: str) -> str:
    """`noun` with the particle that fits its last sound.

    >>> particle("물", "을", "를"), particle("나무", "을", "를")
    ('물을', '나무를')
    """
    return noun + (after_coda if has_coda(noun[-1]) else after_vowel)


def inflections(predicate: Predicate, is_verb: bool, connected: bool) -> Sequence[str]:
    """Forms of a predicate, connecting or final.

    >>> inflections(Predicate("걷", "걸어", "걸으"), True, False)[:3]
    ('걷습니다', '걸어요', '걸었습니다')
    """
    stem, a_form, u_stem = predicate.stem, predicate.a_form, predicate.u_stem
    ends_in_l = _coda(stem) == _CODA_OF["ㄹ"]
    bare = _with_coda(stem, 0) if ends_in_l else stem  # 만들: 만드는, 만듭니다
    past = _with_coda(a_form, _CODA_OF["ㅆ"])
    if connected:
        now = bare + "는데" if is_verb else _with_coda(_drop_l(u_stem), _CODA_OF["ㄴ"]) + "데"
        return (stem + "고", stem + "지만", a_form + "서", u_stem + "면", past + "는데", now,
                past + "고", past + "지만")  # fmt: skip
    polite = bare + "습니다" if has_coda(bare[-1]) else _with_coda(bare, _CODA_OF["ㅂ"]) + "니다"
    future = _with_coda(u_stem, _CODA_OF["ㄹ"])
    return (polite, a_form + "요", past + "습니다", past + "어요", past + "다", stem + "지요",
            bare + "네요", future + "까요", future + " 겁니다")  # fmt: skip


def _coda(word: str) -> int:
    return split_syllable(word[-1])[2]


def _with_coda(word: str, coda: int) -> str:
    onset, vowel, _ = split_syllable(word[-1])
    return word[:-1] + join_syllable(onset, vowel, coda)


def _drop_l(word: str) -> str:
    return _with_coda(word, 0) if _coda(word) == _CODA_OF["ㄹ"] else word


@lru_cache(maxsize=1)
def common_syllables() -> tuple[str, ...]:
    """The 2,350 syllables of KS X 1001, those that Korean text is written with."""
    rows, cells = range(0xB0, 0xC9), range(0xA1, 0xFF)
    return tuple(bytes((row, cell)).decode("euc-kr") for row in rows for cell in cells)


def invented_word(rng: random.Random, before: str = "") -> str:
    """A word of 1 to 5 syllables whose spelling can be told from its sound behind `before`."""
    word = ""
    for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5))):
        while not _can_follow(word or before, syllable := rng.choice(common_syllables())):
            pass
        word += syllable
    return word


def _can_follow(word: str, syllable: str) -> bool:
    onset, vowel, coda = split_syllable(syllable)
    if coda not in _PLAIN_CODAS or VOWELS[vowel] == "ᅰ":  # ㅞ sounds as the far more common ㅚ
        return False
    if ONSETS[onset] in _UNHEARD_ONSETS or (word and ONSETS[onset] == "ᄁ"):
        return False
    if not word or (last := _coda(word)) == 0:
        return True
    if ONSETS[onset] == SILENT_ONSET:
        return CODAS[last] == "ᆼ"
    return last not in _OBSTRUENTS or ONSETS[onset] in _AFTER_OBSTRUENT
