"""What was kept, judged against what was said: for libraries whose truth is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import Levenshtein

from echoharvester.manifests.shards import Cut
from echoharvester.review.merge import exportable
from echoharvester.text.scores import ErrorCounts, cer, normalize_for_scoring

# What is wrong with the captions of these cannot be mended: their text was never said.
UNHARVESTABLE = ("paraphrased", "missing", "other_media", "misheard")
MIN_SNR_DB = 10.0
INSIDE_WORD_SEC = 0.03  # a boundary this deep inside a word cuts it


@dataclass(frozen=True)
class TrueWord:
    text: str
    start_sec: float
    end_sec: float


@dataclass
class TruthScore:
    """Sums over kept cuts and true sentences of one kind of fault.

    Attributes:
        kept, right: cuts kept, and those whose text is exactly what was said in them.
        cut_speech: kept cuts that begin or end inside a word.
        harvestable_sec, harvested_sec: captioned speech whose caption can be used, and what
            of it lies in kept cuts.
        errors: of kept text against what was said, by character.
        boundaries: absolute errors of word starts and ends, seconds.
    """

    kept: int = 0
    right: int = 0
    cut_speech: int = 0
    harvestable_sec: float = 0.0
    harvested_sec: float = 0.0
    errors: ErrorCounts = field(default_factory=ErrorCounts)
    boundaries: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float]:
        """The figures that matter, shares from 0 to 1, milliseconds."""
        errors = np.array(self.boundaries) * 1000 if self.boundaries else np.array([np.nan])
        return {
            "kept": self.kept,
            "label_precision": _share(self.right, self.kept),
            "cer_of_kept": self.errors.rate if self.kept else float("nan"),
            "harvested": _share(self.harvested_sec, self.harvestable_sec),
            "boundary_mean_ms": float(np.mean(errors)),
            "boundary_median_ms": float(np.median(errors)),
            "within_20_ms": _share_within(self.boundaries, 20),
            "within_50_ms": _share_within(self.boundaries, 50),
            "within_100_ms": _share_within(self.boundaries, 100),
            "cuts_speech": _share(self.cut_speech, self.kept),
        }

    def __add__(self, other: TruthScore) -> TruthScore:
        return TruthScore(
            self.kept + other.kept,
            self.right + other.right,
            self.cut_speech + other.cut_speech,
            self.harvestable_sec + other.harvestable_sec,
            self.harvested_sec + other.harvested_sec,
            self.errors + other.errors,
            self.boundaries + other.boundaries,
        )


def _share_within(errors_sec: Sequence[float], limit_ms: float) -> float:
    return _share(sum(1000 * error <= limit_ms for error in errors_sec), len(errors_sec))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def judge(kept: Iterable[Cut], truth: Iterable[Cut]) -> dict[str, TruthScore]:
    """Scores by kind of fault ("none" where there is none); "total" is their sum."""
    sentences: dict[str, list[Cut]] = defaultdict(list)
    for cut in truth:
        sentences[cut["custom"]["media_id"]].append(cut)
    cuts: dict[str, list[Cut]] = defaultdict(list)
    for cut in kept:
        cuts[cut["custom"]["media_id"]].append(cut)
    scores: dict[str, TruthScore] = defaultdict(TruthScore)
    for media_id, said in sentences.items():
        for cut in cuts[media_id]:
            _judge_cut(cut, said, scores)
        for sentence in said:
            _judge_sentence(sentence, cuts[media_id], scores)
    return {**dict(sorted(scores.items())), "total": sum(scores.values(), TruthScore())}


def are_right(cuts: Iterable[Cut], truth: Iterable[Cut]) -> Iterator[tuple[Cut, bool]]:
    """Each cut, and whether its text is exactly what was said in it.

    `cuts`: those of a media item one after the other.
    """
    sentences: dict[str, list[Cut]] = defaultdict(list)
    for cut in truth:
        sentences[cut["custom"]["media_id"]].append(cut)
    for cut in cuts:
        inside = _said_in(cut, sentences.get(cut["custom"]["media_id"], ()))[1]
        text = normalize_for_scoring(cut["supervisions"][0]["text"])
        yield cut, "".join(word.text for word in inside) == text


def _fault(sentence: Cut) -> str:
    custom = sentence["custom"]
    if custom["snr_db"] < MIN_SNR_DB:
        return "noisy"
    return custom["fault"] or "none"


def _span(cut: Cut) -> tuple[float, float]:
    return cut["custom"]["media_start_sec"], cut["custom"]["media_end_sec"]


def _words(cut: Cut) -> list[TrueWord]:
    start = cut["custom"]["media_start_sec"]
    words = cut["supervisions"][0].get("alignment", {}).get("word", [])
    return [TrueWord(normalize_for_scoring(w[0]), start + w[1], start + w[1] + w[2]) for w in words]


def _judge_cut(cut: Cut, said: Sequence[Cut], scores: dict[str, TruthScore]) -> None:
    start, end = _span(cut)
    overlapping, inside = _said_in(cut, said)
    words = [w for s in overlapping for w in _words(s)]
    if not overlapping:
        score = scores["none"]
    else:
        score = scores[_fault(max(overlapping, key=lambda s: _overlap(_span(s), (start, end))))]
    reference = "".join(w.text for w in inside)
    counts = cer(reference, cut["supervisions"][0]["text"])
    score.kept += 1
    score.right += counts.errors == 0
    score.errors += counts
    score.cut_speech += any(
        w.start_sec + INSIDE_WORD_SEC < edge < w.end_sec - INSIDE_WORD_SEC
        for w in words
        for edge in (start, end)
    )
    score.boundaries += _boundary_errors(inside, _words(cut))


def _said_in(cut: Cut, said: Iterable[Cut]) -> tuple[list[Cut], list[TrueWord]]:
    """True sentences that a cut overlaps, and their words of which the middle lies in it."""
    start, end = _span(cut)
    overlapping = [s for s in said if _overlap(_span(s), (start, end)) > 0.05]
    words = [w for s in overlapping for w in _words(s)]
    return overlapping, [w for w in words if start <= (w.start_sec + w.end_sec) / 2 <= end]


def _boundary_errors(true: Sequence[TrueWord], found: Sequence[TrueWord]) -> list[float]:
    """Errors of starts and ends of the words that both have, in order."""
    errors = []
    for block in Levenshtein.opcodes([w.text for w in true], [w.text for w in found]):
        if block.tag == "equal":
            for i, j in zip(
                range(block.src_start, block.src_end),
                range(block.dest_start, block.dest_end),
                strict=True,
            ):
                errors.append(abs(true[i].start_sec - found[j].start_sec))
                errors.append(abs(true[i].end_sec - found[j].end_sec))
    return errors


def _judge_sentence(sentence: Cut, cuts: Sequence[Cut], scores: dict[str, TruthScore]) -> None:
    fault = _fault(sentence)
    score = scores[fault]  # a row for every kind, also where nothing is kept
    custom = sentence["custom"]
    if fault == "noisy" or fault in UNHARVESTABLE or not custom["captioned"]:
        return
    span = _span(sentence)
    score.harvestable_sec += span[1] - span[0]
    covered = sum(_overlap(span, _span(cut)) for cut in cuts)
    score.harvested_sec += min(covered, span[1] - span[0])


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0]))


def table(scores: dict[str, TruthScore]) -> str:
    """The figures by kind of fault, as a Markdown table."""
    names = list(TruthScore().row())
    lines = ["| fault | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for fault, score in scores.items():
        cells = [_cell(name, value) for name, value in score.row().items()]
        lines.append(f"| {fault} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(name: str, value: float) -> str:
    if value != value:  # nan: nothing to measure
        return "-"
    if name == "kept":
        return f"{value:.0f}"
    return f"{value:.0f}" if name.endswith("_ms") and "within" not in name else f"{value:.3f}"


def truth_table(cuts: Iterable[Cut], truth: Iterable[Cut]) -> str:
    """Figures of what is kept against the truth, as a Markdown table."""
    return table(judge(filter(exportable, cuts), truth))
