"""Errors planted among the rows of a review, which tell how many real ones a reviewer finds."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from echoharvester.asr.corruption import KINDS, corrupted
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.review.decision import Decision
from echoharvester.review.rows import text_digest
from echoharvester.review.word_times import realigned
from echoharvester.text.scores import cer, normalize_for_scoring

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

    def planted(self, cut: Cut, before: str = "") -> Cut:
        """The cut with `custom.review_planted`, the text that its row shows; as it was where nothing
        of it can be made wrong.

        Args:
            before: the text that its row has shown already.
        """
        true = text_of(cut)
        if before and normalize_for_scoring(before) != normalize_for_scoring(true):
            return with_custom(cut, review_planted=before)
        chance = random.Random(f"{self._seed}/planted/{cut['id']}")
        kinds = [kind for kind in KINDS if kind != "neighbour"]
        chance.shuffle(kinds)
        words = [word for _, word in sorted(self._words)] or ["정말"]
        for kind in kinds:
            text = corrupted(true, kind, chance, words)
            if text and normalize_for_scoring(text) != normalize_for_scoring(true):
                return with_custom(cut, review_planted=text)
        return cut

    def place(self, cut_id: str, first: int, rows: int) -> float:
        """Where it comes among the rows from `first` on, where accepted ones stand."""
        return first + random.Random(f"{self._seed}/place/{cut_id}").random() * (rows - first + 1)

    def _draw(self, cut_id: str) -> float:
        return -random.Random(f"{self._seed}/plant/{cut_id}").random()


def _keep_smallest(heap: list[tuple[float, str]], draw: float, value: str, count: int) -> None:
    if len(heap) < count:
        heapq.heappush(heap, (draw, value))
    else:
        heapq.heappushpop(heap, (draw, value))


def as_shown(cut: Cut) -> Cut:
    """The cut as its row shows it: with the planted text, if there is one."""
    text = cut["custom"].get("review_planted")
    if not text:
        return cut
    heard = cut["custom"].get("hyp_text", "")
    scores = [word[3] for word in cut["supervisions"][0]["alignment"]["word"] if len(word) > 3]
    words = realigned(cut, text.split(), score=sum(scores) / max(1, len(scores)))
    shown = with_supervision(cut, text=text, alignment={"word": words})
    shown = with_custom(shown, cer=round(cer(text, heard).rate, 4), word_log_probs=())
    caption = _caption(str(cut["custom"].get("text_orthographic", "")), text_of(cut), text)
    return with_custom(shown, text_orthographic=caption, reason="sample")  # as others accepted


def _caption(caption: str, true: str, wrong: str) -> str:
    """The caption with the change that was made to its text; punctuation as it was."""
    written, spoken, changed = caption.split(), true.split(), wrong.split()
    if len(written) != len(spoken):  # digits, which were read out
        return wrong + caption[-1:] if caption[-1:] in (".", "?", "!") else wrong
    result: list[str] = []
    for edit in Levenshtein.opcodes(spoken, changed):
        if edit.tag == "equal":
            result += written[edit.src_start : edit.src_end]
        else:
            result += changed[edit.dest_start : edit.dest_end]
    return " ".join(result)


@dataclass(frozen=True)
class PlantedScore:
    """How many of the planted errors that came before a reviewer were found."""

    reviewer: str
    found: int
    total: int

    def line(self) -> str:
        """One line for people; which ones they were is nobody's business.

        >>> PlantedScore("kim", 3, 4).line()
        'kim: 3 of 4 planted errors found'
        """
        return f"{self.reviewer}: {self.found} of {self.total} planted errors found"


def planted_texts(review_rows: Iterable[Cut]) -> dict[str, str]:
    """By id the text that a planted row shows, from the manifest of stage 7."""
    rows = ((cut["id"], cut["custom"].get("review_planted")) for cut in review_rows)
    return {cut_id: text for cut_id, text in rows if text}


def is_on_planted(one: Decision, planted: Mapping[str, str]) -> bool:
    """Whether a decision was made on a planted text, not on the true one of that cut.

    Where the column with the digest is gone, the planted one is taken to have been seen: a decision
    too few in the data does less harm than a wrong text.
    """
    if one.id not in planted:
        return False
    if one.text_digest:
        return one.text_digest == text_digest(planted[one.id])
    return True


def planted_scores(opinions: Iterable[Decision], planted: Mapping[str, str]) -> list[PlantedScore]:
    """What each reviewer made of the planted rows; to correct and to drop is to find."""
    found: dict[str, list[bool]] = defaultdict(list)
    for one in opinions:
        wrong = normalize_for_scoring(planted[one.id])
        changed = one.text and normalize_for_scoring(one.text) != wrong
        found[one.rater].append(bool(one.decision == "drop" or changed))
    return [PlantedScore(who, sum(each), len(each)) for who, each in sorted(found.items())]
