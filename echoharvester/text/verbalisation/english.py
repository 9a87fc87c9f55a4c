"""An English word that no lexicon has, written in Hangul by its letters.

Letters become sounds by rules of English spelling, sounds become syllables by those of the Korean
standard for loanwords.  Spelling tells English sounds badly, so this is a guess: near enough to
align with and to be corrected by the audio, better than letter names for a word that is spoken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from echoharvester.text.hangul import join_syllable

# Spelling to sounds, the first that matches at each place.  Sounds: consonants b d f g h j k l m n
# p r s t v z, S (sh), C (ch), N (ng); w and y in front of a vowel; vowels in Hangul; ":" behind a
# long one.
_SPELLING: tuple[tuple[str, str], ...] = (
    # consonants that are written oddly
    (r"^kn|^gn|gn$", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^x", "z"), (r"^wh(?=o)", "h"), (r"wh", "w"), (r"tch|ch(?![rl])", "C"),
    (r"tion(?=s?$|al)|(?<=[lnrs])sion", "S언"), (r"sion|sian", "j언"), (r"cian", "S언"), (r"ture(?=s?$)", "C어:"), (r"sure$", "j어:"),
    (r"[ct]ious$", "S어s"), (r"ous$", "어s"), (r"[ct]ial", "S얼"), (r"age$", "이j"), (r"igh(?=t)|igh", "아이"), (r"eigh", "에이"),
    (r"[oa]ugh(?=t)", "오:"), (r"sch", "sk"), (r"ch|ck", "k"), (r"sh", "S"), (r"ph", "f"), (r"th", "s"), (r"qu", "kw"), (r"dge?(?=$|e)", "j"),
    (r"ng(?=er$|le)", "Ng"), (r"ng(?![aeiou])", "N"), (r"n(?=k)", "N"), (r"gh", ""), (r"mb$", "m"), (r"([bdfgklmnprtz])\1", r"\1"),
    (r"cc(?=[ei])", "ks"), (r"cc", "k"), (r"sc(?=[eiy])|ss", "s"), (r"c(?=[eiy])", "s"), (r"c", "k"), (r"(?<=.)ge$|g(?=[ey]|i[an])|j", "j"),
    (r"x", "ks"), (r"(?<=[aeiuy])s(?=[ey]$|i[cgdo])", "z"), (r"(?<=[eobdglmnrvwy])s$", "z"), (r"s", "s"), (r"z", "z"),
    # vowels in front of r
    (r"are$|air", "에어:"), (r"eer|ear(?=s?$)|ere$", "이어:"), (r"ear", "어:"), (r"oor|oar|our(?=s?$)|ore$", "오어:"), (r"ire$", "아이어:"),
    (r"ure$", "유어:"), (r"(?:er|ir|ur|or(?=$|s$)|(?<=w)or)(?![aeiouy])", "어:"), (r"ar(?![aeiouyr])", "아:"), (r"or(?![aeiouyr])", "오:"),
    # a silent e behind one consonant makes the vowel in front of it long
    (r"a(?=[^aeiouywx](?:e[sd]?$|er$)|(?:st|ng)e$)", "에이"), (r"i(?=[^aeiouywx]e[sd]?$|nd$|ld$)", "아이"), (r"^i(?=ce)", "아이"),
    (r"o(?=[^aeiouywx]e[sd]?$|ld|st$|ll$)", "오:"), (r"(?<=[rlj])u(?=[^aeiouywx]e)", "우:"), (r"(?<=[mfhpbkcn])u(?=[^aeiouywx][aeiou])", "유:"),
    (r"u(?=[^aeiouywx]e[sd]?$)", "우:"), (r"y(?=[^aeiouywx]e$)", "아이"),
    # vowels of two letters
    (r"oo(?=k)", "우"), (r"oo", "우:"), (r"ee|ea|ie(?=[^aeioust])", "이:"), (r"ou|ow(?=[nd])", "아우"), (r"ow|oa", "오:"), (r"ai|ay|ei", "에이"),
    (r"oi|oy", "오이"), (r"au|aw|a(?=ll|lk|lt)", "오:"), (r"(?<=[rljn])ew|ue$", "우:"), (r"iew|ew|eu", "유:"), (r"ey$|ie$", "이"), (r"ies$", "이z"),
    # single vowels
    (r"^y(?=[aeiou])", "y"), (r"(?<=^[bcdfmst])y$|(?<=^[sfcpb][hlrk])y$", "아이"), (r"y", "이"), (r"(?<=[^aeiouy])le(?=s?$)", "을"), (r"^uni", "유n이"),
    (r"(?<=[^td])ed$", "d"), (r"(?<=[^szxc])es$", "s"), (r"es$", "이z"), (r"(?<=.)e$", ""), (r"^u(?=[^aeiou][aeiou])", "유"), (r"ia$", "이아"),
    (r"a(?=[nl]$)", "어"), (r"a(?=[^aeiouy]{2}|[^aeiouy]$)", "애"), (r"a", "아"), (r"o(?=m[pmb])", "어"), (r"e", "에"), (r"i", "이"), (r"o", "오"),
    (r"u(?=[^aeiouy]$|[^aeiouy]{2})", "어"), (r"u", "우"), (r"w(?=[aeiou])", "w"), (r"h(?=[aeiouy])", "h"), (r"r(?=[aeiouy])", "r"),
    (r"([bdfgklmnptv])", r"\1"), (r".", ""),
)  # fmt: skip
_COMPILED = [(re.compile(pattern), found) for pattern, found in _SPELLING]
_VOWELS = {v: (i, 0) for i, v in enumerate("아애야얘어에여예오와왜외요우워웨위유으의이")}
_VOWELS |= {
    "언": (4, 4),
    "얼": (4, 8),
    "을": (18, 8),
    "연": (6, 4),
    "열": (6, 8),
}  # with their codas
_ONSETS = dict(zip("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", range(19), strict=True))
_ONSET = {
    c: _ONSETS[k]
    for c, k in zip("bdfghjklmnprstvzSC", "ㅂㄷㅍㄱㅎㅈㅋㄹㅁㄴㅍㄹㅅㅌㅂㅈㅅㅊ", strict=True)
}
_CODA = {"k": 1, "n": 4, "l": 8, "m": 16, "p": 17, "t": 19, "N": 21}
_WITH_W = {"아": "와", "애": "왜", "어": "워", "에": "웨", "이": "위", "오": "워", "우": "우"}
_WITH_Y = {
    "아": "야",
    "애": "얘",
    "어": "여",
    "에": "예",
    "이": "이",
    "오": "요",
    "우": "유",
    "언": "연",
    "얼": "열",
}
_SILENT = _ONSETS["ㅇ"]


@lru_cache(maxsize=4096)
def sounds(word: str) -> str:
    """The sounds of an English word, vowels as Hangul syllables, consonants as letters.

    >>> sounds("station")
    'st에이S언'
    """
    word, found, position = word.lower(), "", 0
    while position < len(word):
        for pattern, result in _COMPILED:
            match = pattern.match(word, position)
            if match and match.end() > position:
                found += match.expand(result)
                position = match.end()
                break
    return found.replace("아S언", "에이S언")


@lru_cache(maxsize=4096)
def in_hangul(word: str) -> str:
    """An English word in Hangul; empty where nothing of it can be sounded.

    >>> in_hangul("station"), in_hangul("market"), in_hangul("speed")
    ('스테이션', '마켓', '스피드')
    """
    found = sounds(word)
    syllables: list[_Syllable] = []
    i = 0
    while i < len(found):
        sound, following = found[i], found[i + 1 : i + 2]
        if sound == ":":
            syllables[-1].long = True
        elif sound in _VOWELS:
            _add(syllables, _SILENT, sound)
        elif sound in "wy":
            if following in _VOWELS:
                _add(
                    syllables,
                    _SILENT,
                    (_WITH_W if sound == "w" else _WITH_Y).get(following, following),
                )
                i += 1
        elif following in _VOWELS and sound != "N":
            if sound == "l" and syllables and not syllables[-1].coda:
                syllables[-1].coda = _CODA["l"]
            glided = _WITH_Y.get(following, following) if sound == "S" else following
            _add(syllables, _ONSET[sound], glided)
            i += 1
        elif following == "w" and sound in "kgh" and found[i + 2 : i + 3] in _WITH_W:
            _add(syllables, _ONSET[sound], _WITH_W[found[i + 2]])
            i += 2
        else:
            _close(syllables, sound, following)
        i += 1
    return "".join(join_syllable(s.onset, s.vowel, s.coda) for s in syllables)


@dataclass
class _Syllable:
    onset: int
    vowel: int
    coda: int
    long: bool = False


def _add(syllables: list[_Syllable], onset: int, vowel: str) -> None:
    syllables.append(_Syllable(onset, *_VOWELS[vowel]))


def _close(syllables: list[_Syllable], consonant: str, following: str) -> None:
    """A consonant without vowel: a coda where it can be one, else a syllable of its own."""
    last = syllables[-1] if syllables else None
    sonorous = consonant in "nmlN"
    stop = (
        last is not None and consonant in "ptk" and not last.long and following not in list("lrmnw")
    )
    diphthong = (
        last is not None and len(syllables) > 1 and last.onset == _SILENT and last.vowel in (20, 13)
    )
    if last and not last.coda and last.vowel != 18 and (sonorous or (stop and not diphthong)):
        last.coda = _CODA[consonant]
    elif consonant != "N":
        _add(syllables, _ONSET[consonant], "이" if consonant in "SCj" else "으")
