"""Latin letters: words of the lexicon, names of letters, mixed tokens (5G, MP3), addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.text.numbers import digits, sino
from echoharvester.text.verbalisation.english import in_hangul
from echoharvester.text.verbalisation.rule import Verbalisations, number, unique
from echoharvester.text.verbalisation.symbols import ENGLISH_NUMBERS

_NAMES = "에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트"
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAMES.split(), strict=True))
_ORDINALS = dict(
    enumerate("퍼스트 세컨드 써드 포스 피프스 식스스 세븐스 에잇스 나인스 텐스".split(), 1)
)
_DOMAINS = {"com": "컴", "net": "넷", "org": "오알지", "kr": "케이알", "co": "씨오", "go": "지오", "or": "오알", "ac": "에이씨", "io": "아이오", "tv": "티비", "ai": "에이아이", "me": "미"}  # fmt: skip
_DOMAIN = re.compile(
    r"(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>(?:[A-Za-z0-9-]+\.)+(?:"
    + "|".join(_DOMAINS)
    + r"))(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?:\d+(?:\.\d+)?)?[A-Za-z]+(?:[-.&/']?(?:[A-Za-z]+|\d+(?:\.\d+)*))*(?!\w)?")
_PIECE = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)*|[-.&/']")
_CAMEL = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+")
_TAKES_ENGLISH_NUMBERS = re.compile(
    r"(?:top|part|number|no|type|step|phase|mark|best|season|chapter|level|one|version|room|plan|stage|act|track|gate)\.?\s?$",
    re.IGNORECASE,
)
MAX_VERBALISATIONS = 5

Lexicon = dict[str, tuple[str, ...]]


def read_lexicon(text: str, name: str = "lexicon") -> Lexicon:
    """A TSV of words and verbalisations: `iphone<TAB>아이폰`, several verbalisations split by `|`.

    Raises:
        UserError: naming `name` and the line that is not of this form.
    """
    entries: Lexicon = {}
    for i, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, verbalisations = line.strip("\r\n").partition("\t")
        found = tuple(r.strip() for r in verbalisations.split("|") if r.strip())
        if not tab or not word.strip() or not found or re.search(r"[A-Za-z\d]", verbalisations):
            raise UserError(
                f"{name}, line {i}: expected WORD<TAB>READING in Hangul, '|' between several: {line!r}"
            )
        entries[word.strip().casefold()] = found
    return entries


@lru_cache(maxsize=8)
def lexicon(extra: Path | None = None) -> Lexicon:
    """The project's words; those of a recipe's own file come first.

    Raises:
        UserError: if the recipe's file is not of the lexicon's form.
        OSError: if it cannot be read.
    """
    words = read_lexicon((files(__package__) / "latin.tsv").read_text(encoding="utf-8"))
    if extra:
        words = {**words, **read_lexicon(extra.read_text(encoding="utf-8-sig"), str(extra))}
    return words


@lru_cache(maxsize=8)
def _phrases(extra: Path | None) -> re.Pattern[str]:
    """Entries that are more than one run of letters: wi-fi, k팝, covid-19; the longest first."""
    words = sorted(
        (w for w in lexicon(extra) if not re.fullmatch("[a-z]+", w)), key=len, reverse=True
    )
    alternatives = "|".join(map(re.escape, words))
    return re.compile(rf"(?:{alternatives})(?![A-Za-z0-9])", re.IGNORECASE)


def letters(word: str) -> str:
    """Letter by letter; other characters are skipped.

    >>> letters("KBS")
    '케이비에스'
    """
    return "".join(LETTERS[c] for c in word.upper() if c in LETTERS)


def word_verbalisations(word: str, extra: Path | None = None) -> Verbalisations:
    """A run of letters: from the lexicon, as parts of it, as letters, or by its spelling.

    >>> word_verbalisations("KBS"), word_verbalisations("iPhone"), word_verbalisations("smartphones")
    (['케이비에스'], ['아이폰'], ['스마트폰즈', '스마트폰'])
    """
    words = lexicon(extra)
    if found := words.get(word.casefold()):
        if not word.isupper() or not 1 < len(word) < 5:
            return list(found)
        return unique([letters(word), *found] if word in _ACRONYMS else [*found, letters(word)])
    if len(word) == 1 or (word.isupper() and (len(word) < 5 or not re.search("[AEIOU]", word))):
        return [letters(word)]
    if word[:-1].isupper() and word[-1] == "s":
        return [letters(word[:-1]) + "즈", letters(word[:-1])]
    camel = _CAMEL.findall(word)
    if len(camel) > 1 and not word.isupper():
        return _joined([word_verbalisations(part, extra) for part in camel])
    lower = word.casefold()
    if compound := _compound(lower, words):
        return compound
    if not re.search("[aeiouy]", lower):
        return [letters(word)]
    guess = in_hangul(lower)
    return unique([verbalisation for verbalisation in (guess, letters(word)) if verbalisation])


def _compound(word: str, words: Lexicon) -> Verbalisations:
    """Words of the lexicon with an ending, or two of them run together."""
    for ending, sound in (("'s", "스"), ("es", "스"), ("s", "스"), ("ing", "잉"), ("er", "어")):
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2 and stem in words and ending in ("s", "'s"):
            voiced = stem[-1] not in "ptkfcsx" and not stem.endswith(("ke", "te", "pe"))
            return unique([words[stem][0] + ("즈" if voiced else sound), words[stem][0]])
    for cut in range(3, len(word) - 2):
        first, second = words.get(word[:cut]), words.get(word[cut:])
        if first and second:
            return [a + b for a in first for b in second][:MAX_VERBALISATIONS]
        if first and word.endswith("s") and (second := words.get(word[cut:-1])):
            return [first[0] + second[0] + "즈", first[0] + second[0]]
    return []


def _joined(parts: list[Verbalisations], glue: str = "") -> Verbalisations:
    combinations = sorted(
        product(*(list(enumerate(p)) for p in parts)), key=lambda c: sum(i for i, _ in c)
    )
    return unique([glue.join(text for _, text in c) for c in combinations])[:MAX_VERBALISATIONS]


def number_beside_letters(text: str, first: bool) -> Verbalisations:
    """The number of a mixed token: 엠피쓰리, 에프 십육, 비 칠삼칠.

    `first`: whether it stands in front of the letters.
    """
    if "." in text:
        spelled = [digits(part) if part[0] == "0" else sino(int(part)) for part in text.split(".")]
        return [f" {' 점 '.join(spelled)}"]
    if text[0] == "0":
        return [
            f" {digits(text)}",
            *([f"제로{ENGLISH_NUMBERS[int(text)]}"] if int(text) < 10 and len(text) == 2 else []),
        ]
    count = int(text)
    gap = "" if first or count <= 10 else " "
    korean = gap + number(text)[0]
    if 0 < count <= 10:
        return [ENGLISH_NUMBERS[count], korean]
    if count <= 20:
        return [korean, gap + ENGLISH_NUMBERS[count]]
    by_digit = gap + digits(text)
    if count < 100 or text.endswith("00"):
        return [korean, by_digit]
    return [by_digit, korean]


def _token(text: str, extra: Path | None) -> Verbalisations:
    """A token of letters, digits and what joins them."""
    parts: list[Verbalisations] = []
    pieces = _PIECE.findall(text)
    for i, piece in enumerate(pieces):
        if piece[0].isdigit():
            unknown = i == 0 and re.fullmatch(r"\d+[xyznk]", text)  # 2x+1
            verbalisations = [sino(int(piece))] if unknown else []
            parts.append(unique([*verbalisations, *number_beside_letters(piece, first=i == 0)]))
        elif piece == "&":
            parts.append(["앤", "앤드"])
        elif piece == "/":
            parts.append([" ", " 슬래시 "])
        elif piece in "-.":
            wordy = min(len(p) for p in (pieces[i - 1], (pieces + [""])[i + 1])) > 2
            parts.append([" " if wordy else ""])
        elif piece != "'":
            behind_apostrophe = i > 0 and pieces[i - 1] == "'"
            parts.append(_ending(piece) if behind_apostrophe else word_verbalisations(piece, extra))
    return _joined([p for p in parts if p])


def _ending(piece: str) -> Verbalisations:
    known = {"s": "스", "m": "ㅁ", "t": "트", "re": "어", "ll": "을", "ve": "브", "d": "드"}
    return [known[piece]] if piece in known and known[piece] != "ㅁ" else [letters(piece)]


def _address(match: re.Match[str], extra: Path | None) -> Verbalisations:
    """www.naver.com, abc@naver.com."""
    hosts = match["host"].split(".")

    def named(part: str) -> str:
        if part.casefold() in _DOMAINS and part != hosts[0]:
            return _DOMAINS[part.casefold()]
        return (
            letters(part)
            if part.casefold() == "www"
            else "".join(_token_or_digits(part, extra)[:1])
        )

    spelled = [named(part) for part in hosts]
    user = f"{_user_name(match['user'], extra)} 골뱅이 " if match["user"] else ""
    return unique(
        [
            user + " 점 ".join(spelled),
            user + " ".join(spelled[:-1]) + " 닷" + spelled[-1],
            user + " 쩜 ".join(spelled),
        ]
    )


def _user_name(text: str, extra: Path | None) -> str:
    """The part in front of @: words of the lexicon, short runs by letter, digits by digit."""
    found = []
    for run in re.findall(r"[A-Za-z]+|\d+|[._-]", text):
        if run.isdigit():
            found.append(digits(run))
        elif run.isalpha():
            known = run.casefold() in lexicon(extra) or len(run) > 4
            found.append(word_verbalisations(run, extra)[0] if known else letters(run))
        else:
            found.append({".": " 점 ", "_": " 언더바 ", "-": " 하이픈 "}[run])
    return "".join(found)


def _token_or_digits(text: str, extra: Path | None) -> Verbalisations:
    found = []
    for run in re.findall(r"[A-Za-z]+|\d+", text):
        found.append(digits(run) if run.isdigit() else word_verbalisations(run, extra)[0])
    return ["".join(found)]


def _ordinal(match: re.Match[str]) -> Verbalisations:
    count = int(match["n"])
    return [_ORDINALS[count]] if count in _ORDINALS else [sino(count) + " 번째"]


_ABBREVIATIONS = {
    "no": ["넘버"], "lv": ["레벨", "렙"], "vol": ["볼륨"], "ep": ["에피소드", "이피"], "ch": ["챕터", "채널"], "pt": ["파트"],
    "ver": ["버전"], "fig": ["그림", "피규어"], "op": ["오퍼스", "작품번호"],
}  # fmt: skip
_ABBREVIATION = re.compile(rf"(?P<word>{'|'.join(_ABBREVIATIONS)})\.?\s?(?=\d)", re.IGNORECASE)
_CHORD = re.compile(r"(?P<key>[A-G])m(?P<seven>7)?(?![A-Za-z0-9])")
_KEY = re.compile(r"(?P<key>ctrl|alt|shift|cmd|win|fn)\s?\+\s?(?=[A-Za-z\d])", re.IGNORECASE)
_KEYS = {
    "ctrl": "컨트롤",
    "alt": "알트",
    "shift": "시프트",
    "cmd": "커맨드",
    "win": "윈도우",
    "fn": "에프엔",
}
# In capitals these are not the words that they spell.
_ACRONYMS = frozenset("ERA WHO IT US OR AM PM IP PIN SET ACE CAR NOW".split())
_ORDINAL = re.compile(r"(?P<n>\d{1,2})(?:st|nd|rd|th)(?![A-Za-z0-9])", re.IGNORECASE)


_GLOSS = re.compile(r"\(\s*(?P<word>[A-Za-z][A-Za-z0-9 .,&'/-]{0,60}?)\s*\)")
_FILE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,40})\.(?P<ext>pdf|py|json|txt|csv|xlsx?|docx?|pptx?|hwpx?|zip|exe|jpe?g|png|gif|html?|md|cpp|java|js|ts|srt|smi|wav|mp[34]|xml|ya?ml|sql|sh|dll|iso|apk|psd|svg|avi|mkv)(?![A-Za-z0-9.])",
    re.IGNORECASE,
)
_SUFFIXES = {
    "py": ["파이", "피와이"], "json": ["제이슨"], "txt": ["티엑스티", "텍스트"], "exe": ["이엑스이", "엑세"], "zip": ["집", "지프"], "gif": ["지아이에프", "지프"],
    "mp3": ["엠피쓰리"], "mp4": ["엠피포"], "java": ["자바"], "jpeg": ["제이펙"], "jpg": ["제이피지"], "yaml": ["야믈", "야멀"], "yml": ["와이엠엘"], "wav": ["웨이브", "더블유에이브이"],
}  # fmt: skip


def read_gloss(text: str, position: int, extra: Path | None) -> tuple[int, Verbalisations]:
    """인공지능(AI): the same in Latin letters, in brackets behind Hangul; said as well, or not at all."""
    found = _GLOSS.match(text, position)
    if not found or not re.search(r"[가-힣]$", text[:position]):
        return 0, []
    words = [
        read_latin(found["word"] + " ", m.start(), extra)[1]
        for m in re.finditer(r"[A-Za-z][\w.&'/-]*", found["word"])
    ]
    if not words or not all(words):
        return 0, []
    return len(found.group()), ["", f" {' '.join(options[0] for options in words)} "]


def _file(match: re.Match[str], extra: Path | None) -> Verbalisations:
    """report.pdf."""
    name = "".join(
        {"_": " 언더바 ", "-": " "}.get(run)
        or (sino(int(run)) if run.isdigit() else word_verbalisations(run, extra)[0])
        for run in re.findall(r"[A-Za-z]+|\d+|[_-]", match["name"])
    )
    suffix = match["ext"].lower()
    endings = _SUFFIXES.get(suffix, [letters(suffix)])
    return [f"{name}{point}{ending}" for point in (" 점 ", " 닷 ", " ") for ending in endings]


def read_latin(text: str, position: int, extra: Path | None) -> tuple[int, Verbalisations]:
    """The length of the Latin or mixed token at `position` and its verbalisations; 0 where none is."""
    if (
        text[position - 1 : position].isascii()
        and text[position - 1 : position].isalnum()
        and position
    ):
        boundary = text[position].isalpha() and text[position - 1].isdigit()
        if not boundary:
            return 0, []
    if match := _phrases(extra).match(text, position):
        return len(match.group()), list(lexicon(extra)[match.group().casefold()])
    if match := _ABBREVIATION.match(text, position):
        return len(match.group()), [f"{name} " for name in _ABBREVIATIONS[match["word"].lower()]]
    if match := _CHORD.match(text, position):
        name, seven = letters(match["key"]), "세븐" if match["seven"] else ""
        return len(match.group()), [f"{name} 마이너 {seven}".strip(), f"{name}엠 {seven}".strip()]
    if match := _KEY.match(text, position):
        name = _KEYS[match["key"].lower()]
        return len(match.group()), [f"{name} ", f"{name} 플러스 "]
    if match := _FILE.match(text, position):
        return len(match.group()), _file(match, extra)
    if match := _DOMAIN.match(text, position):
        return len(match.group()), _address(match, extra)
    if match := _ORDINAL.match(text, position):
        return len(match.group()), _ordinal(match)
    if match := _TOKEN.match(text, position):
        return len(match.group()), _token(match.group(), extra)
    return 0, []


def prefers_english(text: str, position: int) -> bool:
    """Whether a number at `position` stands behind a word such as top or part."""
    return bool(_TAKES_ENGLISH_NUMBERS.search(text[max(0, position - 12) : position]))
