"""A random sample of what was accepted unseen, and what it tells about all of it."""

from __future__ import annotations

import bisect
import heapq
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import REJECTED
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import ErrorCounts, binomial_interval, cer, normalize_for_scoring

STRATA = ("caption_kind", "cer_band", "channel")
CER_BANDS = (0.0, 0.05, 0.10, 0.15, 0.30)  # upper bounds
PER_STRATUM = 2  # fewer say nothing about the spread inside a stratum


class StratifiedSample:
    """Draws by the hash of each id, so that the sample hardly changes when data is added.

    Strata are made of `keys`, the first the most important: the last keys are left out while
    there are more strata than a sample of `size` can fill.  Memory does not grow with the data.
    """

    def __init__(self, size: int, keys: Sequence[str] = STRATA, seed: int = 42) -> None:
        if unknown := set(keys) - set(STRATA):
            raise UserError(
                f"review.sample_strata: {', '.join(sorted(unknown))}: expected some of {', '.join(STRATA)}"
            )
        self.size, self._keys, self.seed = size, tuple(keys), seed
        self._drawn: dict[tuple[str, ...], list[tuple[float, str]]] = defaultdict(list)
        self._population: dict[tuple[str, ...], int] = defaultdict(int)

    def add(self, cut: Cut) -> None:
        """Offers an accepted cut."""
        stratum = _stratum(cut["custom"], self._keys)
        # A heap of the smallest draws, the largest of them on top.
        draw = (-random.Random(f"{self.seed}/{cut['id']}").random(), str(cut["id"]))
        self._population[stratum] += 1
        heap = self._drawn[stratum]
        if len(heap) < self.size:
            heapq.heappush(heap, draw)
        elif heap:
            heapq.heappushpop(heap, draw)
        while self._keys and len(self._population) > max(1, self.size // PER_STRATUM):
            self._coarsen()

    def _coarsen(self) -> None:
        self._keys = self._keys[:-1]
        drawn, population = self._drawn, self._population
        self._drawn, self._population = defaultdict(list), defaultdict(int)
        for stratum, count in population.items():
            coarser = stratum[:-1]
            self._population[coarser] += count
            self._drawn[coarser] = heapq.nlargest(self.size, self._drawn[coarser] + drawn[stratum])
        for heap in self._drawn.values():
            heapq.heapify(heap)

    def drawn(self) -> dict[str, dict[str, Any]]:
        """Of each drawn id, in random order, its `stratum`, the `population` of that, how many of
        it were `sampled`, and its `weight`: the number of accepted cuts that it stands for."""
        sizes = allocated(self._population, self.size)
        found = []
        for stratum, count in sizes.items():
            about = {
                "stratum": "/".join(stratum) or "all",
                "population": self._population[stratum],
                "sampled": count,
                "weight": round(self._population[stratum] / count, 4) if count else 0.0,
            }
            found += [(*draw, about) for draw in heapq.nlargest(count, self._drawn[stratum])]
        found.sort(key=lambda draw: (-draw[0], draw[1]))
        return {cut_id: about for _, cut_id, about in found}


def allocated(population: Mapping[tuple[str, ...], int], size: int) -> dict[tuple[str, ...], int]:
    """How many of each stratum: two (or all there are), the rest in proportion.

    >>> allocated({("manual",): 90, ("auto",): 10}, 10)
    {('auto',): 2, ('manual',): 8}
    """
    total = sum(population.values())
    sizes = {key: min(PER_STRATUM, population[key]) for key in sorted(population)}
    if size < sum(sizes.values()):  # a single stratum and a tiny sample
        return {key: min(size, count) for key, count in sizes.items()}
    while sum(sizes.values()) < min(size, total):
        open_strata = [key for key in sizes if sizes[key] < population[key]]
        neediest = max(open_strata, key=lambda key: population[key] / (sizes[key] + 1))
        sizes[neediest] += 1
    return sizes


def _stratum(custom: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        cer_band(custom.get("cer", 1.0))
        if key == "cer_band"
        else " ".join(str(custom.get(key) or "none").replace("/", " ").split())
        for key in keys
    )


def cer_band(rate: float) -> str:
    """The band of a CER.

    >>> cer_band(0.0), cer_band(0.07), cer_band(2.0)
    ('cer 0', 'cer 0.05-0.1', 'cer 0.3-')
    """
    i = bisect.bisect_left(CER_BANDS, rate)
    if i == 0:
        return f"cer {CER_BANDS[0]:g}"
    upper = f"{CER_BANDS[i]:g}" if i < len(CER_BANDS) else ""
    return f"cer {CER_BANDS[i - 1]:g}-{upper}"


@dataclass(frozen=True)
class LabelError:
    """Estimated error of the labels that were accepted without being looked at.

    Attributes:
        rate: share of utterances whose text a reviewer changed (spaces and punctuation aside) or
            that a reviewer dropped.
        low, high: bounds of it, at `level`.
        cer: character errors of the labels; of a dropped one every character counts as wrong.
        decided, sampled: cuts of the sample that were reviewed, and drawn.
        population: accepted cuts that the estimate speaks for.
        unrepresented: accepted cuts of strata of which nothing has been reviewed yet.
    """

    rate: float
    low: float
    high: float
    cer: float
    decided: int
    sampled: int
    population: int
    unrepresented: int
    level: float


def label_error(
    sampled: Iterable[Cut], reviewed: Iterable[Cut], level: float = 0.95
) -> LabelError | None:
    """The error of accepted labels from the reviewed part of the sample; None: nothing reviewed.

    The estimate weighs every stratum by its share of the accepted (Cochran 1977, chapter 5), so it
    is unbiased however unequally strata were drawn, as long as which rows of a stratum were left
    undecided has nothing to do with their quality.  Its bounds are those of Clopper and Pearson at
    the effective sample size (Korn and Graubard 1998): never empty where no error was found, and
    as narrow as a finite population allows.

    Args:
        sampled: cuts of stage 7 (`review_rows`), of which those of the sample count.
        reviewed: cuts of stage 8, the decisions in `custom.review`.
    """
    design = {cut["id"]: cut["custom"]["review_sample"] for cut in sampled if _is_sampled(cut)}
    population = {about["stratum"]: about["population"] for about in design.values()}
    errors: dict[str, list[ErrorCounts]] = defaultdict(list)
    wrong: dict[str, list[bool]] = defaultdict(list)
    for cut in reviewed:
        if cut["id"] in design and cut["custom"].get("review"):
            counts = _correction(cut)
            stratum = design[cut["id"]]["stratum"]
            errors[stratum].append(counts)
            wrong[stratum].append(counts.errors > 0)
    if not wrong:
        return None
    total = sum(population[stratum] for stratum in wrong)
    rate, variance = _estimate(wrong, population, total)
    decided = sum(map(len, wrong.values()))
    low, high = _interval(rate, variance, wrong, population, level)
    weighed = [
        (population[s] / len(counts), count) for s, counts in errors.items() for count in counts
    ]
    length = sum(weight * count.reference_length for weight, count in weighed)
    return LabelError(
        rate, low, high, sum(w * c.errors for w, c in weighed) / max(length, 1.0),
        decided, len(design), total, sum(population.values()) - total, level,
    )  # fmt: skip


def are_right_by_review(cuts: Iterable[Cut]) -> Iterator[tuple[Cut, bool]]:
    """Reviewed cuts, and whether the text before review was right, spaces and punctuation aside."""
    for cut in cuts:
        if cut["custom"].get("review"):
            yield cut, _correction(cut).errors == 0


def _is_sampled(cut: Cut) -> bool:
    return "review_sample" in cut["custom"]


def _correction(cut: Cut) -> ErrorCounts:
    """Errors of the label before review against the one after it."""
    before = str(cut["custom"]["review"]["before"])
    if cut["custom"]["status"] == REJECTED:
        length = len(normalize_for_scoring(before))
        return ErrorCounts(length, deletions=max(length, 1))
    return cer(text_of(cut), before)


def _estimate(
    wrong: Mapping[str, list[bool]], population: Mapping[str, int], total: int
) -> tuple[float, float]:
    """Stratified mean and the variance of it."""
    pooled = sum(map(sum, wrong.values())) / sum(map(len, wrong.values()))
    rate = variance = 0.0
    for stratum, outcomes in wrong.items():
        size, share = len(outcomes), population[stratum] / total
        p = sum(outcomes) / size
        # One outcome has no spread of its own: that of all stands in for it.
        spread = p * (1 - p) * size / (size - 1) if size > 1 else pooled * (1 - pooled)
        rate += share * p
        variance += share**2 * (1 - size / population[stratum]) * spread / size
    return rate, variance


def _interval(
    rate: float,
    variance: float,
    wrong: Mapping[str, list[bool]],
    population: Mapping[str, int],
    level: float,
) -> tuple[float, float]:
    decided = sum(map(len, wrong.values()))
    total = sum(population[stratum] for stratum in wrong)
    if decided == total:
        return rate, rate
    weights = [population[s] / len(outcomes) for s, outcomes in wrong.items() for _ in outcomes]
    # Kish: what unequal weights leave of a sample; and what a finite population gives back.
    size = sum(weights) ** 2 / sum(w * w for w in weights) * (total - 1) / (total - decided)
    if variance > 0:
        size = min(size, rate * (1 - rate) / variance)
    return binomial_interval(rate * size, size, level)
