"""A curve of evidence from a harvest's own captions: as they are, and corrupted on purpose.

Captions as they are count as right, though some are not.  Those that lack a word that was surely heard
are left out: people leave words out, and nobody can tell which.  So are those that look most wrong to
a first fit (a trimmed likelihood).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from echoharvester.align import ASKED, make_aligner
from echoharvester.align.base import Alignment, Evidence, Request
from echoharvester.align.media import request_of
from echoharvester.align.witness import Witness
from echoharvester.asr import make_recogniser
from echoharvester.asr.base import TextJudge
from echoharvester.asr.corruption import FITTED_KINDS, corrupted
from echoharvester.asr.evidence import (
    ALIGNER,
    RECOGNISER,
    EvidenceCurve,
    Figures,
    TextEvidence,
    as_heard,
)
from echoharvester.asr.transcribe import MACHINE
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected
from echoharvester.manifests.shards import Cut, read_all_cuts
from echoharvester.text.spoken import candidates

RIGHT = "right"
CORRUPTED_SHARE = 0.25  # of the texts of a recording at once: their neighbours have to hold
WRONG_SHARE = 0.1  # of labels, that the curve expects
SURELY_HEARD = 0.5  # probability of a word that a caption lacks
TRIMMED_SHARE = 0.03  # of the captions as they are
REVIEW_THRESHOLD = 0.5
MIN_RIGHT, MIN_WRONG = 200, 50
ASKED_RECOGNISERS = ("qwen3",)
WANTED_TEXTS = 2_000  # to fit on a harvest: so many passes, each with another quarter corrupted
MIN_PASSES, MAX_PASSES = 2, 12


@runtime_checkable
class HearingAligner(Protocol):
    """An aligner that hears a recording once and can be asked of many texts."""

    @property
    def chooses_verbalisations(self) -> bool: ...

    def hear(self, samples: np.ndarray) -> Any: ...

    def align_heard(
        self, recording: Any, requests: Sequence[Request]
    ) -> list[Alignment | None]: ...


class AskedRecogniser:
    """A recogniser of `TextJudge` as an aligner that is asked of texts: each at its place, which the
    request says."""

    chooses_verbalisations = False

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser

    def hear(self, samples: np.ndarray) -> tuple[np.ndarray, dict[tuple[float, float], str]]:
        return samples, {}

    def align_heard(
        self,
        recording: tuple[np.ndarray, dict[tuple[float, float], str]],
        requests: Sequence[Request],
    ) -> list[Alignment | None]:
        samples, heard = recording
        places = [(request.start_sec, request.end_sec) for request in requests]
        sounds = [samples[round(a * SAMPLING_RATE) : round(b * SAMPLING_RATE)] for a, b in places]
        new = [i for i, place in enumerate(places) if place not in heard]
        for i, text in zip(new, self._recogniser.transcribe([sounds[i] for i in new]), strict=True):
            heard[places[i]] = text
        texts = [request.heard_as for request in requests]
        evidence = self._recogniser.evidence(sounds, texts, [heard[place] for place in places])
        return [one and Alignment(" ".join(one.words), (), 0.0, one) for one in evidence]


@dataclass(frozen=True)
class Example:
    """A text, what was done to it, and its evidence.

    Attributes:
        kind: `RIGHT`, or one of `corruption.KINDS`.
        group: recording that it is of.
        witness: evidence of a second one.
    """

    kind: str
    group: str
    figures: Figures
    witness: Figures | None = None

    def as_row(self) -> list[float]:
        return [*self.figures.as_row(), *(self.witness.as_row() if self.witness else ())]


def examples(
    aligner: HearingAligner,
    samples: np.ndarray,
    requests: Sequence[Request],
    group: str,
    passes: int,
    rng: random.Random,
    kinds: Sequence[str] = FITTED_KINDS,
    witness: Witness | None = None,
    places: Sequence[tuple[float, float]] = (),
) -> Iterator[Example]:
    """Evidence for the texts of a recording, of which a quarter is corrupted in each pass.

    Texts that are aligned nowhere give none, nor do those that a second witness cannot place.

    Args:
        witness: is asked for every text, too.
        places: start and end, in seconds, of where it looks for each.
    """
    recording = aligner.hear(samples)
    again = witness.hear(samples) if witness else None
    spoken = aligner.chooses_verbalisations  # else it is asked for what a recogniser would write
    texts = [r.verbalisations[0] if spoken else r.heard_as for r in requests]
    words = [word for text in texts for word in text.split()]
    for number in range(passes):
        asked: list[Request] = []
        done: list[str] = []
        for i, (request, text) in enumerate(zip(requests, texts, strict=True)):
            kind, changed = RIGHT, None
            if (i + number) % round(1 / CORRUPTED_SHARE) == 0:
                after = texts[i + 1] if i + 1 < len(texts) else ""
                kind = rng.choice(kinds)
                changed = corrupted(text, kind, rng, words, after)
            done.append(kind if changed else RIGHT)
            new = changed or text
            asked.append(replace(request, verbalisations=[new], orthographic="" if spoken else new))
        found = aligner.align_heard(recording, asked)
        second: Sequence[Alignment | None] = [None] * len(asked)
        if witness and again:
            at = zip(asked, places, strict=True)
            second = witness.align_heard(again, [_read_out(r, place) for r, place in at])
        for kind, one, other in zip(done, found, second, strict=True):
            first_figures, second_figures = (
                figures_of(a.evidence) if a and a.evidence else None for a in (one, other)
            )
            if first_figures and bool(witness) == bool(second_figures):
                yield Example(kind, group, first_figures, second_figures)


def _read_out(request: Request, place: tuple[float, float]) -> Request:
    """A text as a model hears it that writes no digits, at a place."""
    texts = [text for asked in request.verbalisations for text in candidates(asked) or [asked]]
    return Request(texts, *place)


def figures_of(evidence: Evidence) -> Figures:
    """Of a whole text."""
    return TextEvidence.of(
        evidence.words, evidence.log_probs, evidence.heard, evidence.heard_log_probs
    ).figures()


@dataclass(frozen=True)
class FittedCurve:
    """A curve, and what it did on recordings that it had not seen.

    Attributes:
        accepted: share of the texts of each kind that are accepted.
        precision: expected share of right labels among those accepted, with one in ten wrong.
        counts: of the texts of each kind.
    """

    curve: EvidenceCurve
    accepted: dict[str, float]
    precision: float
    counts: dict[str, int]


def fit_curve(found: Sequence[Example], precision: float, fitted_on: str = "") -> FittedCurve:
    """Fits the curve on all examples; its threshold is that at which, on recordings that the fit had
    not seen, the wanted share of what is accepted is right.

    Raises:
        UserError: with too few examples, or if the precision is out of reach.
    """
    found = [e for e in found if e.kind != RIGHT or e.figures.left_out < SURELY_HEARD]
    right = np.array([example.kind == RIGHT for example in found], bool)
    if right.sum() < MIN_RIGHT or (~right).sum() < MIN_WRONG:
        raise UserError(
            f"{right.sum()} texts as captioned and {(~right).sum()} corrupted ones: {MIN_RIGHT} and "
            f"{MIN_WRONG} are needed; harvest more, or take more passes"
        )
    rows = np.array([example.as_row() for example in found])
    groups = np.array([example.group for example in found])
    unseen = _held_out(rows, right, groups)
    weights = _weights(right)
    threshold = _threshold(unseen, right, weights, precision)
    bias, coefficients = _trimmed_fit(rows, right)
    kinds = sorted({example.kind for example in found})
    of_kind = {kind: np.array([e.kind == kind for e in found]) for kind in kinds}
    kept = unseen >= threshold
    of = [round(float(c), 4) for c in coefficients]
    limit = round(threshold, 4)
    review_limit = min(REVIEW_THRESHOLD, limit)
    curve = EvidenceCurve(
        round(bias, 4), of[0], of[1], of[2], of[3], of[4], of[5], limit, review_limit, fitted_on,
        tuple(of[NUM_FIGURES:]),
    )  # fmt: skip
    return FittedCurve(
        curve,
        {kind: float(kept[mask].mean()) for kind, mask in of_kind.items()},
        float((weights * right)[kept].sum() / weights[kept].sum()),
        {kind: int(mask.sum()) for kind, mask in of_kind.items()},
    )


def asked_of(aligner: HearingAligner) -> str:
    """Whose evidence it is, see `EvidenceCurve.asked`."""
    return RECOGNISER if isinstance(aligner, AskedRecogniser) else ALIGNER


def hearing(align: Mapping[str, Any], asr: Mapping[str, Any]) -> HearingAligner:
    """Who can be asked of texts: the aligner, else the recogniser.

    Args:
        align, asr: settings, as chosen for this machine.

    Raises:
        UserError: if neither can.
    """
    if align["kind"] in ASKED:
        aligner = make_aligner(align)
        assert isinstance(aligner, HearingAligner)
        return aligner
    if asr["kind"] in ASKED_RECOGNISERS:
        made = make_recogniser(asr)
        if isinstance(made, TextJudge) and made.heard_by:
            return AskedRecogniser(made)
    raise UserError(
        f"neither align={align['kind']} nor asr={asr['kind']} tells how probable a text is: choose "
        "align=whisper, align=ctc, or asr=qwen3 with asr.evidence=true"
    )


def media_to_fit(manifests: Path, max_sec: float, seed: int) -> Iterator[list[Cut]]:
    """What stages 4 and 5 accepted of media items, drawn until there are `max_sec`.

    Of captions by people and sites: what a recogniser wrote, its own evidence finds right.
    """
    seconds: Counter[str] = Counter()
    for cut in _accepted(manifests):
        seconds[str(cut["custom"]["media_id"])] += cut["duration"]
    names = sorted(seconds)
    random.Random(seed).shuffle(names)
    totals = accumulate((seconds[name] for name in names), initial=0.0)
    chosen = {name for name, total in zip(names, totals, strict=False) if total < max_sec}
    for name, of_media in groupby(_accepted(manifests), lambda c: str(c["custom"]["media_id"])):
        if name in chosen:
            yield list(of_media)


def _accepted(manifests: Path) -> Iterator[Cut]:
    cuts = read_all_cuts(manifests, "cuts_filtered")
    return (
        cut for cut in cuts
        if not is_rejected(cut) and cut["custom"].get("caption_kind") != MACHINE
    )  # fmt: skip


def examples_of_media(
    media: Iterable[list[Cut]],
    aligner: HearingAligner,
    passes: int,
    seed: int,
    witness: Witness | None = None,
) -> Iterator[Example]:
    """Examples of the aligned cuts of media items, see `examples`."""
    rng = random.Random(seed)
    for cuts in media:
        places = [(cut["start"], cut["start"] + cut["duration"]) for cut in cuts]
        requests = list(map(request_of, cuts))
        # Aligners find the place themselves, of the whole text.
        if isinstance(aligner, AskedRecogniser):
            requests = [Request([as_heard(cut)], *at) for cut, at in zip(cuts, places, strict=True)]
        yield from examples(
            aligner, load_sound(cuts[0]), requests,
            str(cuts[0]["custom"]["media_id"]), passes, rng, witness=witness, places=places,
        )  # fmt: skip


def fit_on_harvest(
    media: Iterable[list[Cut]],
    aligner: HearingAligner,
    witness: Witness | None,
    precision: float,
    seed: int,
) -> tuple[EvidenceCurve | None, str]:
    """The curve of a harvest, and a line about it; None where there is too little, or the precision is
    out of reach."""
    chosen = list(media)
    count = max(1, sum(map(len, chosen)))
    passes = min(MAX_PASSES, max(MIN_PASSES, round(WANTED_TEXTS / count)))
    found = list(examples_of_media(chosen, aligner, passes, seed, witness))
    try:
        fitted = fit_curve(found, precision, f"{len(found)} texts of this harvest")
    except UserError as error:
        return None, f"the curve stays as it was: {error}"
    wrong = [share for kind, share in fitted.accepted.items() if kind != RIGHT]
    return replace(fitted.curve, asked=asked_of(aligner)), (
        f"fitted on {len(found)} texts{' and two witnesses' if witness else ''}: accepts "
        f"{fitted.accepted[RIGHT]:.1%} of the texts as captioned and {np.mean(wrong):.1%} of those that "
        f"were corrupted, from {fitted.curve.threshold:.3f} on"
    )


def _weights(right: np.ndarray) -> np.ndarray:
    """So that wrong texts are as frequent as in the field."""
    share = np.where(right, 1 - WRONG_SHARE, WRONG_SHARE)
    return np.asarray(share / np.where(right, right.sum(), (~right).sum()) * len(right))


def _trimmed_fit(rows: np.ndarray, right: np.ndarray) -> tuple[float, np.ndarray]:
    """Bias and coefficients; none has a sign that would reward a fault."""
    bias, coefficients = _fit(rows, right)
    merit = rows @ coefficients + bias
    doubtful = merit < np.quantile(merit[right], TRIMMED_SHARE)
    kept = ~(right & doubtful)
    return _fit(rows[kept], right[kept])


# Of what speaks for a text, in order of `Figures.as_row`.
_SIGNS = np.array([1.0, 1.0, -1.0, 1.0, -1.0, -1.0])
NUM_FIGURES = len(_SIGNS)


def _fit(rows: np.ndarray, right: np.ndarray) -> tuple[float, np.ndarray]:
    from scipy.optimize import minimize

    weights = _weights(right)
    scale = np.maximum(rows.std(axis=0), 1e-3)
    signs = np.tile(_SIGNS, rows.shape[1] // NUM_FIGURES)
    x, y = rows * signs / scale, np.where(right, 1.0, -1.0)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        margin = y * (x @ values[1:] + values[0])
        slope = -weights * y / (1 + np.exp(np.clip(margin, -60, 60)))
        ridge = 0.05 * values[1:]
        gradient = np.concatenate([[slope.sum()], slope @ x + ridge])
        total = (weights * np.logaddexp(0, -margin)).sum() + 0.025 * (values[1:] ** 2).sum()
        return float(total), gradient

    bounds = [(None, None), *[(0.0, None)] * rows.shape[1]]
    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), found[1:] * signs / scale


def _held_out(rows: np.ndarray, right: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The probability of each text by a fit that has not seen its recording."""
    from sklearn.model_selection import GroupKFold, KFold

    names = np.unique(groups)
    split = (
        GroupKFold(min(8, len(names))) if len(names) > 2 else KFold(5, shuffle=True, random_state=0)
    )
    unseen = np.zeros(len(rows))
    for seen, others in split.split(rows, right, groups):
        bias, coefficients = _trimmed_fit(rows[seen], right[seen])
        merit = rows[others] @ coefficients + bias
        unseen[others] = 1 / (1 + np.exp(-np.clip(merit, -60, 60)))
    return unseen


def _threshold(
    probabilities: np.ndarray, right: np.ndarray, weights: np.ndarray, precision: float
) -> float:
    from echoharvester.asr.label_classifier import least_threshold

    return least_threshold(probabilities, right, weights, precision)
