"""Cues to utterances: joined where a sentence goes on, cut at its end or at a pause."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from echoharvester.captions.clean import (
    Cleaner,
    describes_sounds,
    recurring_speakers,
    starts_with_dash,
    turns_of,
    undashed,
    unwrapped,
)
from echoharvester.captions.cues import Cue, TimedWord, Track
from echoharvester.captions.rolling import LAST_WORD_SEC, SEC_PER_SYLLABLE
from echoharvester.errors import UserError

# A sentence ends at . ! ? or ... in front of a space: never inside 3.5, www.naver.com or U.S.A.
_SENTENCE_END = re.compile(
    r"(?<![A-Z\d]\.[A-Z])(?<!\b[A-Z])(?<!\bDr)(?<!\bMr)(?<!\bNo)(?<!\bvs)(?:(?<!\d)\.|[!?…])[.!?…]*[\"')\]]*(?=\s)"
)
_ENDS_SENTENCE = re.compile(
    r"(?<![A-Z\d]\.[A-Z])(?<!\b[A-Z])(?<!\bDr)(?<!\bMr)(?<!\bNo)(?<!\bvs)(?<!\d)[.!?…]+[\"')\]]*$|[!?…][\"')\]]*$"
)
_NEAR_WORDS = 8  # a tagged word is looked for no further on: cleaning takes out few
# How a Korean sentence ends where nobody writes a full stop: 그렇습니다, 좋네요, 할까요, 했다.
_FINAL_ENDING = re.compile(
    r"(?:니다|니까|[어아해에예세네게래군데대]요|거든요|잖아요|지요|죠|까요|나요|을까|[았었했였겠한된있없이]다)$"
)
_CLAUSE_END = re.compile(r"(?:,|고|며|면|는데|지만|니까|어서|아서|해서|려고|도록|으나)$")


@dataclass(frozen=True)
class SegmentConfig:
    """How cues become utterances, seconds throughout.

    Attributes:
        join_gap_sec: cues at most this far apart are one stretch of text.
        pause_sec: a gap between timed words that cuts.
        target_sec: stretches without punctuation are cut when they get longer.
        max_sec: nothing is longer; what is, is cut, never dropped.
        cut_at: "cues": stretches without punctuation end with a cue, at the end of a sentence or
            before they get longer than `target_sec`; "middle": they are halved near the middle.
        corpus_marks: take out the marks of transcripts, see `text.notations`.
        remove: regular expressions of what else is in captions and not said.
    """

    join_gap_sec: float = 0.1
    pause_sec: float = 0.6
    target_sec: float = 10.0
    max_sec: float = 30.0
    corpus_marks: bool = False
    cut_at: str = "middle"
    remove: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.patterns()
        if self.cut_at not in ("cues", "middle"):
            raise UserError(f"segment.cut_at is cues or middle, not {self.cut_at!r}")

    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What `remove` says.

        Raises:
            UserError: naming the expression that is none, or that would take out everything.
        """
        found = []
        for expression in self.remove:
            try:
                found.append(re.compile(str(expression)))
            except re.error as error:
                raise UserError(
                    f"segment.remove: {expression!r} is no regular expression ({error})"
                ) from error
            if found[-1].match(""):
                raise UserError(
                    f"segment.remove: {expression!r} matches nothing at all, too, so everywhere"
                )
        return tuple(found)


@dataclass(frozen=True)
class Utterance:
    """Orthographic text and the times its captions give it.

    Attributes:
        raw: as captioned, before cleaning.
        speaker: the name or label that the captions give; "" where they give none.
        begins_turn: captions say that another speaker begins here.
    """

    start_sec: float
    end_sec: float
    text: str
    raw: str
    speaker: str = ""
    begins_turn: bool = False


@dataclass(frozen=True)
class _Piece:
    """A run of words with times; the unit that is joined and cut.

    Attributes:
        opens: another speaker's turn begins here, so nothing in front is joined to it.
    """

    start_sec: float
    end_sec: float
    words: tuple[TimedWord, ...]
    ends: tuple[float, ...]
    raw: str
    opens: bool = False
    speaker: str = ""


@dataclass
class Segmentation:
    """Utterances of a track and what became of its cues.

    Attributes:
        removed: what cleaning took out, by kind.
        used: how many cues of the file have words in an utterance.
        gone: the others, by kind; with `used` they are `Track.read`.
    """

    utterances: list[Utterance] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    used: int = 0
    gone: Counter[str] = field(default_factory=Counter)


def segment(track: Track, config: SegmentConfig | None = None) -> Segmentation:
    """All utterances of a caption track, in order of time; no text is lost."""
    config = config or SegmentConfig()
    result = Segmentation(gone=Counter(track.gone))
    names = recurring_speakers(line for cue in track.cues for line in cue.lines)
    cleaner = Cleaner(config.corpus_marks, names, config.patterns(), result.removed)
    pieces = []
    for cue in _bounded_by_next(track.cues):
        of_cue = list(_pieces(cue, cleaner))
        pieces += of_cue
        if of_cue:
            result.used += cue.count
        else:
            result.gone[_reason(cue, cleaner)] += cue.count
    for stretch in _stretches(pieces, config):
        for i, piece in enumerate(_cut(stretch, config)):
            text = " ".join(word.text for word in piece.words)
            result.utterances.append(
                Utterance(
                    round(piece.start_sec, 3),
                    round(piece.end_sec, 3),
                    text,
                    piece.raw,
                    piece.speaker,
                    stretch.opens and i == 0,
                )
            )
    result.utterances.sort(key=lambda u: u.start_sec)  # cues may overlap
    return result


def _reason(cue: Cue, cleaner: Cleaner) -> str:
    """The kind of most of what was taken out of a cue of which nothing is left."""
    again = replace(cleaner, removed=Counter())
    list(_pieces(cue, again))
    return next((kind for kind, _ in again.removed.most_common(1)), "empty")


def _bounded_by_next(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Cues that end where the next one begins, where they overlap by more than half."""
    for cue, following in zip(cues, [*cues[1:], None], strict=False):
        end = cue.end_sec
        if following and cue.start_sec < following.start_sec < end:
            end = following.start_sec
        yield cue if end == cue.end_sec else replace(cue, end_sec=end)


@dataclass
class _Turn:
    """What one person says in a cue: its lines as captioned and cleaned."""

    speaker: str
    raw: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def _pieces(cue: Cue, cleaner: Cleaner) -> Iterator[_Piece]:
    """A cue, cleaned; one piece for each turn of a dialogue (dashes, or speakers' names)."""
    lines = cue.lines if cue.speakers else unwrapped(cue.lines)
    if not cleaner.corpus_marks and describes_sounds(lines):
        cleaner.removed["sound_tag"] += 1
        return
    dialogue = sum(starts_with_dash(line) for line in lines) > 1
    turns: list[_Turn] = []
    told = cue.speakers or ("",) * len(lines)
    for line, speaker in (
        (turn, name) for row, name in zip(lines, told, strict=True) for turn in turns_of(row)
    ):
        text, named = cleaner.line(line)
        if dialogue and not cleaner.corpus_marks and describes_sounds([undashed(line)]):
            cleaner.removed["sound_tag"] += 1
            text = ""
        speaker = named or speaker
        opens = dialogue and starts_with_dash(line)
        if not turns or opens or (speaker and speaker != turns[-1].speaker):
            turns.append(_Turn(speaker))
        turns[-1].raw.append(line)
        if text:
            turns[-1].texts.append(text)
    sizes = [len("".join(turn.texts).replace(" ", "")) for turn in turns]
    start, total = cue.start_sec, sum(sizes)
    for i, (turn, size) in enumerate(zip(turns, sizes, strict=True)):
        if not size:
            continue
        end = start + (cue.end_sec - cue.start_sec) * size / total
        piece = _timed_piece(start, end, " ".join(turn.texts), " ".join(turn.raw), cue.words)
        yield replace(piece, opens=dialogue or i > 0, speaker=turn.speaker)
        start = end


def _timed_piece(
    start: float, end: float, text: str, raw: str, timed: Sequence[TimedWord]
) -> _Piece:
    """Words of `text` with times: from tags where they match, else shared by characters."""
    words = text.split()
    times: list[float | None] = [None] * len(words)
    position = 0
    for tagged in timed:  # tags in order; cleaning may have taken words out
        for i in range(position, min(position + _NEAR_WORDS, len(words))):
            if words[i] == tagged.text or tagged.text.startswith(words[i]):
                times[i], position = tagged.start_sec, i + 1
                break
    lengths = [max(1, len(w)) for w in words]
    starts, done, total = [], 0, sum(lengths)
    for word_time, length in zip(times, lengths, strict=True):
        share = start + (end - start) * done / total
        starts.append(share if word_time is None else word_time)
        done += length
    for i in range(1, len(starts)):
        starts[i] = max(starts[i], starts[i - 1])
    ends = []
    for i, (begin, word) in enumerate(zip(starts, words, strict=True)):
        following = starts[i + 1] if i + 1 < len(starts) else max(end, begin)
        if timed:
            following = min(following, begin + LAST_WORD_SEC + SEC_PER_SYLLABLE * len(word))
        ends.append(max(following, begin))
    pairs = tuple(TimedWord(w, s) for w, s in zip(words, starts, strict=True))
    return _Piece(starts[0], ends[-1], pairs, tuple(ends), raw)


def _stretches(pieces: list[_Piece], config: SegmentConfig) -> Iterator[_Piece]:
    """Neighbouring pieces joined while the sentence goes on and the gap is small."""
    run: list[_Piece] = []
    end = 0.0
    for piece in pieces:
        joins = (
            run
            and not piece.opens
            and (not piece.speaker or piece.speaker == run[-1].speaker)
            and piece.start_sec - end <= config.join_gap_sec
            and piece.end_sec - run[0].start_sec <= _longest(run, piece, config)
            and not _ends_sentence(run[-1].words[-1].text, config)
        )
        if run and not joins:
            yield _joined(run)
            run, end = [], 0.0
        run.append(piece)
        end = max(end, piece.end_sec)
    if run:
        yield _joined(run)


def _longest(run: Sequence[_Piece], piece: _Piece, config: SegmentConfig) -> float:
    """How long a stretch of whole cues may get."""
    if config.cut_at == "middle":
        return config.max_sec
    text = " ".join(word.text for part in (*run, piece) for word in part.words) + " "
    return config.max_sec if _SENTENCE_END.search(text) else config.target_sec


def _ends_sentence(word: str, config: SegmentConfig) -> bool:
    if _ENDS_SENTENCE.search(word):
        return True
    return config.cut_at == "cues" and _FINAL_ENDING.search(word) is not None


def _joined(run: Sequence[_Piece]) -> _Piece:
    return _Piece(
        run[0].start_sec,
        max(piece.end_sec for piece in run),
        tuple(word for piece in run for word in piece.words),
        tuple(end for piece in run for end in piece.ends),
        " ".join(piece.raw for piece in run),
        run[0].opens,
        run[0].speaker,
    )


def _cut(piece: _Piece, config: SegmentConfig) -> Iterator[_Piece]:
    """A stretch cut at sentence ends and pauses, then wherever it is still too long."""
    for sentence in _cut_at(piece, _sentence_bounds(piece, config)):
        yield from _shorten(sentence, config)


def _sentence_bounds(piece: _Piece, config: SegmentConfig) -> list[int]:
    text = " ".join(word.text for word in piece.words) + " "
    ends = {match.end() for match in _SENTENCE_END.finditer(text)}
    bounds, position = [], 0
    for i, word in enumerate(piece.words[:-1]):
        position += len(word.text)
        pause = piece.words[i + 1].start_sec - piece.ends[i]
        if position in ends or pause >= config.pause_sec:
            bounds.append(i + 1)
        position += 1
    return bounds


def _cut_at(piece: _Piece, bounds: Sequence[int]) -> Iterator[_Piece]:
    for a, b in zip([0, *bounds], [*bounds, len(piece.words)], strict=True):
        words, ends = piece.words[a:b], piece.ends[a:b]
        raw = piece.raw if not bounds else " ".join(word.text for word in words)
        yield _Piece(words[0].start_sec, ends[-1], words, ends, raw, speaker=piece.speaker)


def _shorten(piece: _Piece, config: SegmentConfig) -> Iterator[_Piece]:
    """Halves a piece until it fits: `target_sec` without punctuation, else `max_sec`."""
    punctuated = bool(_ENDS_SENTENCE.search(piece.words[-1].text))
    limit = config.max_sec if punctuated else config.target_sec
    if piece.end_sec - piece.start_sec <= limit or len(piece.words) < 2:
        yield _with_bounded_end(piece, config)
        return
    bound = max(range(1, len(piece.words)), key=lambda i: _cut_merit(piece, i))
    for part in _cut_at(piece, [bound]):
        yield from _shorten(part, config)


def _cut_merit(piece: _Piece, i: int) -> float:
    """How good a place the gap in front of word i is: pauses and clause ends near the middle."""
    middle = (piece.start_sec + piece.end_sec) / 2
    half = max((piece.end_sec - piece.start_sec) / 2, 1e-6)
    pause = max(0.0, piece.words[i].start_sec - piece.ends[i - 1])
    clause = 0.4 if _CLAUSE_END.search(piece.words[i - 1].text) else 0.0
    return pause + clause - abs(piece.words[i].start_sec - middle) / half


def _with_bounded_end(piece: _Piece, config: SegmentConfig) -> _Piece:
    end = min(piece.end_sec, piece.start_sec + config.max_sec)
    return replace(piece, end_sec=max(end, piece.start_sec + 0.01))
