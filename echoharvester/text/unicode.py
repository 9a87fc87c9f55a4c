"""Characters made uniform without changing what is written."""

from __future__ import annotations

import re
import unicodedata

# Folded where a compatibility form only differs in width or font.  Jamo are left
# alone: NFKC would turn the ㅋ of ㅋㅋ into a conjoining letter.
_KEEP = re.compile("[\u3130-\u318f\uffa0-\uffdc]")
_LOOKALIKES = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'",
        "“": '"', "”": '"', "„": '"', "″": '"', "〝": '"', "〞": '"', "「": '"', "」": '"',
        "『": '"', "』": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
        "〜": "~", "～": "~", "∼": "~", "∶": ":", "。": ".", "、": ",", "…": "...",
        "\u3164": " ",  # Hangul filler, used as a blank
    }
)  # fmt: skip
_FOLDED_BLOCKS = re.compile(
    "[\uff01-\uff60\uffe0-\uffe6\u3000\u2000-\u200a\u202f\u205f\u00a0\u3300-\u33ff\u2100-\u211f\u2121\u2123-\u214f"
    "\ufb00-\ufb06\U0001d400-\U0001d7ff]+"
)
_REPEATED_STOPS = re.compile(r"\.{3,}")
_ORDINARY = re.compile(r"[가-힣A-Za-z0-9 .,?!'\"()%~:/-]*")
_SPACES = re.compile(r"\s+")
# More combining marks on a letter than any script has make normalisation slow.
_MANY_MARKS = re.compile(
    "([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{30})"
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def fold(text: str) -> str:
    """NFC, with width variants and look-alike punctuation folded and invisible characters removed.

    Line breaks and tabs become spaces first, so words at a line end are never glued.
    Idempotent.

    >>> fold("ＡＢＣ １２\\n㎏ ㅋㅋ")
    'ABC 12 kg ㅋㅋ'
    >>> fold("안녕") == fold("안녕".encode().decode()) == "안녕"
    True
    """
    if _ORDINARY.fullmatch(text):  # nothing to fold: most text
        return _SPACES.sub(" ", text).strip()
    text = _MANY_MARKS.sub(r"\1", _SPACES.sub(" ", text))
    text = unicodedata.normalize("NFC", text).translate(_LOOKALIKES)
    text = _FOLDED_BLOCKS.sub(_fold_block, text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _fold_block(match: re.Match[str]) -> str:
    block = match.group()
    if _KEEP.search(block):
        return block
    return unicodedata.normalize("NFKC", block).translate(_LOOKALIKES)


def orthographic(text: str) -> str:
    """The written form: folded, runs of stops and marks shortened; digits and Latin kept.

    >>> orthographic("정말…… 3시 30분에？？")
    '정말... 3시 30분에?'
    """
    text = _REPEATED_STOPS.sub("...", fold(text))
    return re.sub(r"([!?,~])\1+", r"\1", text)
