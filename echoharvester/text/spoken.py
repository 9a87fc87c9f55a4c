"""The spoken form: numbers, units, symbols and Latin letters read out in Korean.

Rules (`echoharvester.text.verbalisation`), tried in order at every place of the text, give the verbalisations of
a span, the likeliest first.  `candidates` combines them into whole sentences, so that the audio can
choose.  What no rule matches is read as it stands; of particles see
`verbalisation.agreement`.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from echoharvester.text.unicode import fold
from echoharvester.text.verbalisation.agreement import agreeing_first, fits_any, with_particle
from echoharvester.text.verbalisation.calendar import (
    CALENDAR_LETTER_RULES,
    CALENDAR_RULES,
    WEEKDAY_RANGE_START,
    WEEKDAY_RULES,
)
from echoharvester.text.verbalisation.codes import CODE_LETTER_RULES, CODE_RULES
from echoharvester.text.verbalisation.counters import COUNTER_RULES, NUMBER_RULES
from echoharvester.text.verbalisation.hanja import CHARACTERS, HANJA_RULES, LAST_HANJA_RULES
from echoharvester.text.verbalisation.measures import (
    FRACTION_RULES,
    MEASURE_LETTER_RULES,
    MEASURE_RULES,
)
from echoharvester.text.verbalisation.ranges import FROM_TO_RULES, RANGE_RULES, TILDE_RULES
from echoharvester.text.verbalisation.rule import Rule, Verbalisations, unique
from echoharvester.text.verbalisation.symbols import (
    ENGLISH_NUMBERS,
    SYMBOL_LETTER_RULES,
    SYMBOL_RULES,
    SYMBOLS,
)
from echoharvester.text.verbalisation.words import prefers_english, read_gloss, read_latin

MAX_CANDIDATES = 8
_MAX_LENGTH = 4_000  # characters read at once: rules look around, which must not cost the square
_MAX_OPEN = (
    64  # spans that vary among the candidates; later ones keep their likeliest verbalisation
)

_RULES: tuple[Rule, ...] = (
    *HANJA_RULES, *WEEKDAY_RULES, *CODE_RULES[:1], *FROM_TO_RULES, *FRACTION_RULES, *CALENDAR_RULES, *CODE_RULES, *SYMBOL_RULES[:3], *RANGE_RULES, *MEASURE_RULES,
    *COUNTER_RULES,
)  # fmt: skip
_LAST_RULES: tuple[Rule, ...] = (*NUMBER_RULES, *TILDE_RULES, *SYMBOL_RULES[3:], *LAST_HANJA_RULES)
# What begins with a letter and must come before the lexicon: v2.0, AM 7:30, US$5.
_LETTER_RULES = (
    *SYMBOL_LETTER_RULES,
    *CALENDAR_LETTER_RULES,
    *CODE_LETTER_RULES,
    *MEASURE_LETTER_RULES,
)
_START = re.compile(
    r"[\d%°‰A-Za-z$¥€£₩￦₫฿₹₽'~→↑↓Ωα-ωⅠ-Ⅻⅰ-ⅻ²³"
    + CHARACTERS
    + re.escape("".join(SYMBOLS))
    + rf"]|[-+](?=\s?\d)|\((?=\s?[\dA-Za-z월화수목금토일{CHARACTERS}])|\s-(?=\s\d)"
    + rf"|{WEEKDAY_RANGE_START}"
)
# Faces and marks of trade say nothing.
_FACES = re.compile(
    r"(?<![A-Za-z0-9])(?:[TㅠㅜQ][_.ㅡ-][TㅠㅜQ]|[oO0]_+[oO0]|OTL|orz|[xX]D)(?![A-Za-z0-9])|(?<![A-Za-z0-9])<3(?![\d가-힣])|[\^][_.oOㅇ-]?[\^];*"
    r"|(?<![\w)])[:;=][-']?[)(DPp](?![A-Za-z0-9])|;{2,}|(?<![ㄱ-ㅎㅏ-ㅣ])(?:[ㅋㅎㅠㅜ]{2,}|(?<=[가-힣.!?~])[ㅋㅎㅠㅜ](?=\s*$|\s))(?![ㄱ-ㅎㅏ-ㅣ])|-_-;*|>_<|[™®©℠℗]"
)
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}
# Signs that mean something here and that folding would take apart or confuse.
_SIGNS = str.maketrans({
    "㎡": "m²", "㎢": "km²", "㎥": "m³", "㎠": "cm²", "℃": "°C", "℉": "°F",
    "\u2126": "\u03a9", "\u00b5": "\u03bc",  # ohm and micro: one letter each for two code points
    **{chr(0x2080 + i): str(i) for i in range(10)},  # H₂O
})  # fmt: skip
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_NOT_DECOMPOSED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"}
)
_CIRCLED = re.compile("[①-⑳]")


def candidates(
    text: str, limit: int = MAX_CANDIDATES, extra_words: Path | None = None
) -> list[str]:
    """Verbalisations of `text` in Hangul and spaces, best first, at most `limit`.

    `extra_words`: a recipe's own lexicon of Latin words, see `verbalisation/latin.tsv`.

    >>> candidates("3시 30분에 5명이")[0]
    '세 시 삼십 분에 다섯 명이'
    >>> candidates("3번")
    ['세 번', '삼 번']

    Raises:
        ValueError: if the lexicon is not one.
    """
    parts = [part for piece in _pieces(_prepared(text)) for part in _parts(piece, extra_words)]
    found: list[str] = []
    for chosen in _cheapest(parts, limit=4 * limit):
        verbalisation = _tidy("".join(chosen))
        if verbalisation not in found:
            found.append(verbalisation)
        if len(found) == limit:
            break
    return found


def spoken(text: str, extra_words: Path | None = None) -> str:
    """The likeliest verbalisation.

    >>> spoken("2026년 6월, 50%")
    '이천이십육 년 유월 오십 퍼센트'
    """
    return candidates(text, limit=1, extra_words=extra_words)[0]


def _prepared(text: str) -> str:
    """Folded, but for signs that mean something here and that folding would take apart."""
    text = (
        _FACES.sub(_silent, unicodedata.normalize("NFC", text))
        .translate(_SIGNS)
        .translate(_NOT_DECOMPOSED)
    )
    text = _ACCENTED.sub(_without_accent, text)
    for sign, fraction in _VULGAR.items():
        text = re.sub(rf"(\d)?{sign}", lambda m, f=fraction: f"{m[1]}과 {f}" if m[1] else f, text)  # type: ignore[misc]
    text = _CIRCLED.sub(lambda m: f"{ord(m.group()) - 0x245F} ", text)
    return _other_digits(fold(text))


def _silent(match: re.Match[str]) -> str:
    """Nothing, and a space where a face stands between words."""
    return "" if match.group() in "™®©℠℗" else " "


def _without_accent(match: re.Match[str]) -> str:
    base = unicodedata.normalize("NFKD", match.group())
    return "".join(c for c in base if not unicodedata.combining(c))


def _other_digits(text: str) -> str:
    """Digits of other scripts (٣, ३) as ASCII ones."""
    return "".join(str(int(c)) if not c.isascii() and c.isdecimal() else c for c in text)


def _pieces(text: str) -> list[str]:
    """A text of any length in pieces that end at spaces where there are some."""
    pieces = []
    while len(text) > _MAX_LENGTH:
        cut = text.rfind(" ", 1, _MAX_LENGTH) + 1 or _MAX_LENGTH
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _cheapest(parts: Sequence[Verbalisations], limit: int) -> list[list[str]]:
    """Combinations of one verbalisation a part, those with the likelier verbalisations first."""
    open_parts = [i for i, part in enumerate(parts) if len(part) > 1][:_MAX_OPEN]
    start = (0,) * len(open_parts)
    result: list[list[str]] = []
    heap, seen = [(0, start)], {start}
    while heap and len(result) < limit:
        cost, choice = heapq.heappop(heap)
        chosen = [part[0] for part in parts]
        for i, k in zip(open_parts, choice, strict=True):
            chosen[i] = parts[i][k]
        result.append(chosen)
        for j, k in enumerate(choice):
            if k + 1 < len(parts[open_parts[j]]):
                following = (*choice[:j], k + 1, *choice[j + 1 :])
                if following not in seen:
                    seen.add(following)
                    heapq.heappush(heap, (cost + 1, following))
    return result


def _parts(text: str, extra_words: Path | None) -> list[Verbalisations]:
    parts: list[Verbalisations] = []
    position, plain = 0, 0
    while match := _START.search(text, position):
        position = match.start()
        span, verbalisations, leads = _read_at(text, position, extra_words)
        if span and verbalisations:
            end = position + span
            behind = text[end : end + 8]
            if not leads:
                verbalisations = agreeing_first(verbalisations, behind)
            street = text[position:end].isdigit() and behind.startswith("가")  # 종로 3가
            if leads or not (street or fits_any(verbalisations, behind)):
                verbalisations, length = with_particle(verbalisations, behind, leads)
                end += length
            parts += [
                [text[plain:position]],
                [_spaced(r, text, position, end) for r in verbalisations],
            ]
            position = plain = end
        else:
            position += 1
    return [*parts, [text[plain:]]]


def _read_at(
    text: str, position: int, extra_words: Path | None
) -> tuple[int, Verbalisations, bool]:
    """The length of what is read at a place, its verbalisations, and whether they lead (`Rule.leads`)."""
    if text[position].isalpha() and text[position].isascii():
        found = _by_rules(_LETTER_RULES, text, position)
        return found if found[0] else (*read_latin(text, position, extra_words), False)
    found = _by_rules(_RULES, text, position)
    if found[0]:
        return found
    if text[position] == "(":
        gloss = read_gloss(text, position, extra_words)
        if gloss[0]:
            return (*gloss, True)
    if text[position].isdigit():
        latin = read_latin(text, position, extra_words)
        if latin[0]:
            return (*latin, False)
    span, verbalisations, leads = _by_rules(_LAST_RULES, text, position)
    if text[position].isdigit() and text[position : position + span].isdigit() and verbalisations:
        verbalisations = _english_number(text, position, span, verbalisations)
    return span, verbalisations, leads


def _english_number(
    text: str, position: int, span: int, verbalisations: Verbalisations
) -> Verbalisations:
    """Behind Latin words small numbers are also read in English: 톱 텐."""
    count = int(text[position : position + span])
    if count not in ENGLISH_NUMBERS or not re.search(r"[A-Za-z]\.?\s?$", text[:position]):
        return verbalisations
    gap = " " if verbalisations[0].endswith(" ") else ""
    english = ENGLISH_NUMBERS[count] + gap
    return (
        [english, *verbalisations]
        if prefers_english(text, position)
        else [*verbalisations, english]
    )


def _by_rules(
    rules: tuple[Rule, ...], text: str, position: int
) -> tuple[int, Verbalisations, bool]:
    for pattern, read, leads in rules:
        if (match := pattern.match(text, position)) and (verbalisations := read(match)):
            return len(match.group()), unique(verbalisations), leads
    return 0, [], False


# Behind these a number stands without a space: 제삼 회, 고삼, 중이.
_CLINGING = re.compile(r"(?:^|[^가-힣])(?:제|고|중|초|수|몇|성)$")


def _spaced(verbalisation: str, text: str, start: int, end: int) -> str:
    """Spaces where what was read touches Hangul in front of it, or a digit behind it."""
    ahead = text[:start]
    if "가" <= ahead[-1:] <= "힣" and text[start].isdigit() and not _CLINGING.search(ahead[-3:]):
        verbalisation = " " + verbalisation
    behind = text[end : end + 1]
    return (
        verbalisation + " "
        if behind.isdigit() or (behind.isascii() and behind.isalpha())
        else verbalisation
    )


def _tidy(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text).split())
