"""Transcripts of published Korean corpora: two spellings side by side, and marks of sounds.

KsponSpeech writes `(70%)/(칠십 퍼센트)` and marks breath, laughter, noise and stumbling with `b/`, `l/`,
`n/`, `o/`, `u/`, `*`, `+` and `/`; its guide is in Bang et al. 2020, "KsponSpeech: Korean Spontaneous
Speech Corpus".  Corpora of AI-Hub and NIKL have tags such as `{laughing}`, `((xx))`, `&name&`, `#이름#`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from echoharvester.text.hangul import hangul_share
from echoharvester.text.unicode import fold

_INNER = r"[^()]*(?:\([^()]*\)[^()]*)*"
_BOTH = re.compile(rf"\(\s*(?P<a>{_INNER}?)\s*\)\s?/\s?\(\s*(?P<b>{_INNER}?)\s*\)")
# A letter and a slash by themselves; `club/` and `n/a` are words.
_SOUND = re.compile(r"(?<![^\s.,?!()])(?P<kind>[blonu])/(?![A-Za-z\d(])[.,?!]*")
_KINDS = {"b": "breath", "l": "laughter", "o": "overlap", "n": "noise", "u": "unintelligible"}
_UNINTELLIGIBLE = re.compile(r"\(\(\s*[xX*?.\s]*\s*\)\)")
_UNSURE = re.compile(r"\(\((?P<heard>[^()]*)\)\)")
_TAGS = (
    ("event", re.compile(r"\{[^{}\n]{1,30}\}")),
    ("unintelligible", _UNINTELLIGIBLE),
    (
        "anonymised",
        re.compile(
            r"&[A-Za-z][A-Za-z\-_ ]{0,30}\d{0,3}&|(?P<sign>[#@])[가-힣A-Za-z/]{1,12}\d{0,3}(?P=sign)"
        ),
    ),
)
_INCOMPLETE = re.compile(r"(?<![\w-])-(?P<said>[가-힣]{1,10})-(?![\w-])")
_STUMBLE = re.compile(r"(?<=[가-힣])\+(?![\d가-힣])")
_UNCLEAR = re.compile(r"(?<=[가-힣])\*|\*(?=[가-힣])")
_FILLER = re.compile(r"(?<![/\d])(?<=[가-힣A-Za-z])/(?=\s|$|[.,?!)*+])")
_STRAY = re.compile(r"(?<!\S)[.,!?]+(?!\S)")
_SECOND_STOP = re.compile(r"([.,!?])\s+[.,!?]+(?=\s|$)")
_SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,!?](?:\s|$))")


@dataclass(frozen=True)
class Transcript:
    """A corpus transcript without its notation.

    Attributes:
        written: with the spelling side of every `( )/( )`.
        spoken: with the pronunciation side.
        marks: how many of each kind were taken out; `anonymised` and `unintelligible` tell that
            something is said that no text gives, so such an utterance is no training data.
    """

    written: str
    spoken: str
    marks: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Whether the text gives all that is said."""
        return not (self.marks["anonymised"] or self.marks["unintelligible"])


def read_transcript(text: str) -> Transcript:
    """A transcript in the notation of KsponSpeech, AI-Hub or NIKL.

    >>> t = read_transcript("b/ 그+ 그게 (70%)/(칠십 퍼센트) 확률이라니 아/ n/")
    >>> t.written, t.spoken
    ('그 그게 70% 확률이라니 아', '그 그게 칠십 퍼센트 확률이라니 아')
    >>> sorted(t.marks.items())
    [('breath', 1), ('filler', 1), ('noise', 1), ('stumble', 1)]
    >>> read_transcript("(칠 칠)/(7*7) club/ b/.").written
    '7*7 club'
    """
    marks: Counter[str] = Counter()
    text = _without_tags(fold(text), marks)
    written, spoken_side = both_spellings(text)
    return Transcript(_without_marks(written, marks), _without_marks(spoken_side, Counter()), marks)


def both_spellings(text: str, only_mixed: bool = False) -> tuple[str, str]:
    """The text with every `(a)/(b)` as written, and as pronounced.

    The side with more Hangul is the pronunciation, in whichever order a corpus has them; where
    both are Hangul alone the order is that of KsponSpeech, spelling first.  With `only_mixed` such
    pairs stay as they are: in captions (남)/(여) are two words.

    >>> both_spellings("(3시)/(세 시)에 (어따)/(어디에다)")
    ('3시에 어따', '세 시에 어디에다')
    """
    written, pronounced, position = [], [], 0
    for match in _BOTH.finditer(text):
        if only_mixed and not re.search(r"[\dA-Za-z%]", match["a"] + match["b"]):
            continue
        between = text[position : match.start()]
        first, second = _ordered(match["a"].strip(), match["b"].strip())
        written.append(between + first)
        pronounced.append(between + second)
        position = match.end()
    rest = text[position:]
    return "".join([*written, rest]), "".join([*pronounced, rest])


def _ordered(first: str, second: str) -> tuple[str, str]:
    shares = [
        hangul_share(re.sub(r"[^\w%$]", "", side)) if side else 1.0 for side in (first, second)
    ]
    return (second, first) if shares[0] > shares[1] else (first, second)


def _without_tags(text: str, marks: Counter[str]) -> str:
    for kind, pattern in _TAGS:
        text, count = pattern.subn(" ", text)
        marks[kind] += count
    text, marks["unsure"] = _UNSURE.subn(lambda m: m["heard"], text)
    text, marks["incomplete"] = _INCOMPLETE.subn(lambda m: m["said"], text)
    return text


def _without_marks(text: str, marks: Counter[str]) -> str:
    for match in _SOUND.finditer(text):
        marks[_KINDS[match["kind"]]] += 1
    text = _SOUND.sub(" ", text)
    for kind, pattern in (("unclear", _UNCLEAR), ("filler", _FILLER), ("stumble", _STUMBLE)):
        text, count = pattern.subn("", text)
        marks[kind] += count
    for kind in [kind for kind, count in marks.items() if not count]:
        del marks[kind]
    text = _SPACE_BEFORE_STOP.sub("", _SECOND_STOP.sub(r"\1", text))
    text = _STRAY.sub(" ", text)
    return " ".join(text.split())
