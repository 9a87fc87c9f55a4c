"""A cut as a row of a review file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from rapidfuzz.distance import Levenshtein

from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut
from echoharvester.review.doubt import doubt_cell
from echoharvester.review.tsv import Row
from echoharvester.text.scores import normalize_for_scoring, respaced

_YOUTUBE = ("youtube.com", "youtu.be")
# Letters alone: a spreadsheet reads 12345678 and 1e234567 as numbers.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def row_of(cut: Cut, clip: str = "") -> Row:
    """The row of a cut, undecided; `clip`: path of its sound, as seen from the review file."""
    custom, text = cut["custom"], text_of(cut)
    hypothesis, sample = str(custom.get("hyp_text", "")), custom.get("review_sample", {})
    if " " not in hypothesis:  # many recognisers write none; people may want to take what they read
        hypothesis = respaced(hypothesis, text)
    return {
        "id": cut["id"],
        "decision": "",
        "text": text,
        "hypothesis": hypothesis,
        "diff": diff_mark(text, hypothesis),
        "doubt": doubt_cell(cut),
        "cer": _number(custom.get("cer")),
        "confidence": _number(custom.get("align_score")),
        "snr_db": _number(custom.get("snr_db")),
        "duration_sec": _number(round(cut["duration"], 2)),
        "reason": str(custom.get("reason") or ("sample" if sample else "")),
        "clip": clip,
        "link": listening_link(custom),
        "note": "",
        "reviewer": "",
        "decided_at": "",
        "listened": "",
        "decision_sec": "",
        "caption": str(custom.get("text_orthographic", "")),
        "status": custom["status"],
        "stratum": str(sample.get("stratum", "")),
        "weight": _number(sample.get("weight")),
        "text_digest": text_digest(text),
    }


def text_digest(text: str) -> str:
    """Tells whether an edit was made against the text that a cut still has."""
    return fingerprint(text)[:10].translate(_LETTERS)


def diff_mark(text: str, hypothesis: str) -> str:
    """Where both differ, as CER sees it: spaces, punctuation and case aside.

    >>> diff_mark("날씨가 참 좋네요", "날시가좋네요요")
    '날[씨→시]가 [참→] 좋네[→요]요'
    """
    letters = [(i, c) for i, char in enumerate(text) for c in normalize_for_scoring(char)]
    heard, parts, done = normalize_for_scoring(hypothesis), [], 0
    for edit in Levenshtein.opcodes([c for _, c in letters], heard):
        if edit.tag == "equal":
            continue
        behind = letters[edit.src_start - 1][0] + 1 if edit.src_start else 0
        written = [i for i, _ in letters[edit.src_start : edit.src_end]]
        start, end = (written[0], written[-1] + 1) if written else (behind, behind)
        start, end = max(start, done), max(end, done)
        mark = f"[{text[start:end]}→{heard[edit.dest_start : edit.dest_end]}]"
        parts += [text[done:start], mark]
        done = end
    return "".join(parts) + text[done:]


def listening_link(custom: dict[str, Any]) -> str:
    """Where to hear an utterance in its source: the video or file, at its second.

    >>> listening_link({"source_url": "https://www.youtube.com/watch?v=abc", "media_start_sec": 75.9})
    'https://www.youtube.com/watch?v=abc&t=75'
    """
    second = int(custom.get("media_start_sec", 0))
    url = str(custom.get("source_url") or "")
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        if any((parts.hostname or "").endswith(site) for site in _YOUTUBE):
            query = [pair for pair in parse_qsl(parts.query) if pair[0] != "t"]
            return parts._replace(query=urlencode([*query, ("t", second)])).geturl()
        return parts._replace(fragment=f"t={second}").geturl()
    path = custom.get("media_path")
    return f"{Path(path).absolute().as_uri()}#t={second}" if path else ""


def _number(value: Any) -> str:
    return "" if value is None else f"{float(value):.4f}".rstrip("0").rstrip(".")


def reviewable(cut: Cut) -> bool:
    """Whether a cut has all that an exported one must have, so that approving it is enough."""
    measured = all(name in cut["custom"] for name in ("align_score", "snr_db", "hyp_text", "cer"))
    return measured and bool(cut["supervisions"]) and "alignment" in cut["supervisions"][0]
