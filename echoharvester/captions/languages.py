"""Of captions in Korean and another language the Korean ones, where nearly all of a file are so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from echoharvester.captions.clock import has_hangul
from echoharvester.captions.cues import Cue, Track

BILINGUAL_SHARE = 0.8  # of the cues of a file that is captioned in two languages
_SAME_TIME_SHARE = 0.8  # of the longer of two cues that say the same in two languages
_LETTERS = re.compile(r"[^\W\d_]")
_ASIAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_BETWEEN = re.compile(r"\s+[/|–—-]\s+|\s*[/|]\s*(?=[가-힣])|(?<=[가-힣.?!])\s*[/|]\s*")


def in_one_language(track: Track) -> Track:
    """The track without what says the same in another language; that is counted."""
    spoken = [cue for cue in track.cues if _LETTERS.search(cue.text)]
    for rows in (_rows, _sides):
        mixed = {id(cue): parts for cue in spoken if len(_languages(parts := rows(cue))) == 2}
        if spoken and len(mixed) >= max(2, BILINGUAL_SHARE * len(spoken)):
            track.cues = [
                _korean_part(track, cue, mixed[id(cue)]) if id(cue) in mixed else cue
                for cue in track.cues
            ]
            return track
    pairs = _parallel(spoken)
    if 2 * len(pairs) >= max(4, BILINGUAL_SHARE * len(spoken)):
        foreign = {id(cue) for pair in pairs for cue in pair if not has_hangul(cue.text)}
        track.gone["other_language"] += sum(c.count for c in track.cues if id(c) in foreign)
        track.cues = [cue for cue in track.cues if id(cue) not in foreign]
    return track


def _rows(cue: Cue) -> list[str]:
    return list(cue.lines)


def _sides(cue: Cue) -> list[str]:
    """Lines parted at a stroke: `안녕하세요 / Hello`."""
    return [side for line in cue.lines for side in _BETWEEN.split(line) if side.strip()]


def _languages(rows: Sequence[str]) -> set[bool]:
    return {has_hangul(row) for row in rows if _is_language(row)}


def _is_language(row: str) -> bool:
    """Whether it is words of some language: `PPT` or a number alone says nothing of it."""
    return has_hangul(row) or len(_LETTERS.findall(row)) > 3 or _ASIAN.search(row) is not None


def _korean_part(track: Track, cue: Cue, rows: Sequence[str]) -> Cue:
    kept = tuple(row for row in rows if has_hangul(row) or not _is_language(row))
    track.repairs["other_language"] += len(rows) - len(kept)
    speakers = cue.speakers if len(kept) == len(cue.lines) else cue.speakers[:1] * len(kept)
    return replace(cue, lines=kept, speakers=speakers, marked="")


def _parallel(spoken: Sequence[Cue]) -> list[tuple[Cue, Cue]]:
    """Pairs of cues, one Korean and one not, that are shown at the same time."""
    pairs = []
    waiting: list[Cue] = []
    for cue in spoken:
        waiting = [w for w in waiting if w.end_sec > cue.start_sec][-4:]
        for other in waiting:
            both = min(cue.end_sec, other.end_sec) - max(cue.start_sec, other.start_sec)
            longer = max(cue.end_sec - cue.start_sec, other.end_sec - other.start_sec)
            if (
                both >= _SAME_TIME_SHARE * longer
                and has_hangul(cue.text) != has_hangul(other.text)
                and _is_language(cue.text)
                and _is_language(other.text)
            ):
                pairs.append((other, cue))
                waiting.remove(other)
                break
        else:
            waiting.append(cue)
    return pairs
