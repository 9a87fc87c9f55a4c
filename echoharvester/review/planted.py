"""Errors planted among the rows of a review, which tell how many real ones a reviewer finds."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from echoharvester.asr.corruption import KINDS, corrupted
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.review.decision import Decision
from echoharvester.review.rows import text_digest
from echoharvester.review.word_times import realigned
from echoharvester.text.scores import cer, normalize_for_scoring

MAX_NAMED = 5
_WORDS = 40  # of other utterances, to put in


class Planter:
    """Draws accepted cuts whose text is surely right, and makes one change to each.

    The draw goes by the hash of each id, so that it hardly changes when data is added.
    """

    def __init__(self, count: int, seed: int = 42) -> None:
        self.count, self._seed = count, seed
        self._drawn: list[tuple[float, str]] = []
        self._words: list[tuple[float, str]] = []

    def add(self, cut: Cut, spare: int) -> None:
        """Offers an accepted cut; `spare`: so many may be taken by something else."""
        if not self.count or cut["custom"]["cer"] > 0 or len(text_of(cut).split()) < 3:
            return
        _keep_smallest(self._drawn, self._draw(cut["id"]), cut["id"], self.count + spare)
        _keep_smallest(self._words, self._draw(cut["id"]), text_of(cut).split()[0], _WORDS)

    def drawn(self, taken: Collection[str]) -> list[str]:
        """Ids to be planted, none of those that are taken."""
        order = [cut_id for _, cut_id in sorted(self._drawn, reverse=True) if cut_id not in taken]
        return order[: self.count]

    def planted(self, cut: Cut) -> Cut:
        """The cut with `custom.review_planted`, the text that its row shows; as it was where nothing
        of it can be made wrong."""
        chance = random.Random(f"{self._seed}/planted/{cut['id']}")
        kinds = [kind for kind in KINDS if kind != "neighbour"]
        chance.shuffle(kinds)
        words = [word for _, word in sorted(self._words)]
        for kind in kinds:
            text = corrupted(text_of(cut), kind, chance, words)
            if text and normalize_for_scoring(text) != normalize_for_scoring(text_of(cut)):
                return with_custom(cut, review_planted={"kind": kind, "text": text})
        return cut

    def place(self, cut_id: str, rows: int) -> float:
        """Where among so many rows it comes."""
        return random.Random(f"{self._seed}/place/{cut_id}").random() * rows

    def _draw(self, cut_id: str) -> float:
        return -random.Random(f"{self._seed}/plant/{cut_id}").random()


def _keep_smallest(heap: list[tuple[float, str]], draw: float, value: str, count: int) -> None:
    if len(heap) < count:
        heapq.heappush(heap, (draw, value))
    else:
        heapq.heappushpop(heap, (draw, value))


def as_shown(cut: Cut) -> Cut:
    """The cut as its row shows it: with the planted text, if there is one."""
    planted = cut["custom"].get("review_planted")
    if not planted:
        return cut
    text, heard = planted["text"], cut["custom"].get("hyp_text", "")
    scores = [word[3] for word in cut["supervisions"][0]["alignment"]["word"]]
    words = realigned(cut, text.split(), score=sum(scores) / max(1, len(scores)))
    shown = with_supervision(cut, text=text, alignment={"word": words})
    shown = with_custom(shown, cer=round(cer(text, heard).rate, 4), word_log_probs=())
    return with_custom(
        shown, text_orthographic=text, reason="sample"
    )  # as others that were accepted


@dataclass(frozen=True)
class PlantedScore:
    """How many of the planted errors that came before a reviewer were found."""

    reviewer: str
    found: int
    missed: Sequence[str]

    def line(self) -> str:
        """One line for people.

        >>> PlantedScore("kim", 3, ["m-3"]).line()
        'kim: 3 of 4 planted errors found; missed: m-3'
        """
        total = self.found + len(self.missed)
        more = ", ..." if len(self.missed) > MAX_NAMED else ""
        named = f"; missed: {', '.join(self.missed[:MAX_NAMED])}{more}" if self.missed else ""
        return f"{self.reviewer}: {self.found} of {total} planted errors found{named}"


def planted_texts(review_rows: Iterable[Cut]) -> dict[str, str]:
    """By id the text that a planted row shows, from the manifest of stage 7."""
    return {
        cut["id"]: cut["custom"]["review_planted"]["text"]
        for cut in review_rows
        if "review_planted" in cut["custom"]
    }


def planted_scores(opinions: Iterable[Decision], planted: Mapping[str, str]) -> list[PlantedScore]:
    """What each reviewer made of the planted rows; to correct and to drop is to find."""
    found: dict[str, int] = defaultdict(int)
    missed: dict[str, list[str]] = defaultdict(list)
    for one in opinions:
        if one.id not in planted or one.text_digest not in ("", text_digest(planted[one.id])):
            continue
        right = one.decision == "drop" or (
            one.text and normalize_for_scoring(one.text) != normalize_for_scoring(planted[one.id])
        )
        if right:
            found[one.rater] += 1
        else:
            missed[one.rater].append(one.id)
    raters = sorted(found | dict.fromkeys(missed, 0))
    return [PlantedScore(who, found[who], sorted(missed[who])) for who in raters]
