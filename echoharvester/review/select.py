"""Which cuts are worth a reviewer's minutes, and in which order."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import ACCEPTED, STATUSES
from echoharvester.manifests.cuts import text_of, with_custom
from echoharvester.manifests.shards import Cut
from echoharvester.review.planted import Planter
from echoharvester.review.rows import reviewable
from echoharvester.review.sample import StratifiedSample


@dataclass(frozen=True)
class Selection:
    """What reviewers are offered; None and empty lists let everything through.

    Attributes:
        statuses: review, accepted, rejected (what got as far as a hypothesis can be won back).
        media: media ids, or parts of titles or channels.
        reasons: why a cut was rejected or marked for review.
        text: a regular expression, looked for in text, caption and hypothesis.
        max_rows: only so many, the most doubtful.
    """

    statuses: Collection[str] = ("review",)
    media: Collection[str] = ()
    reasons: Collection[str] = ()
    text: str | None = None
    min_cer: float | None = None
    max_cer: float | None = None
    min_duration_sec: float | None = None
    max_duration_sec: float | None = None
    min_snr_db: float | None = None
    max_snr_db: float | None = None
    max_rows: int | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.statuses) - set(STATUSES):
            raise UserError(
                f"review.statuses: {', '.join(sorted(unknown))}: expected some of {', '.join(STATUSES)}"
            )
        if self.max_rows is not None and self.max_rows < 0:
            raise UserError(f"review.max_rows is 0 or more, or null, not {self.max_rows}")
        try:
            self._pattern  # noqa: B018 (compiled once, here)
        except re.error as error:
            raise UserError(
                f"review.text: {self.text!r} is no regular expression: {error}"
            ) from error

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return re.compile(self.text, re.IGNORECASE) if self.text else None

    def takes(self, cut: Cut) -> bool:
        """Whether a cut is what was asked for."""
        custom = cut["custom"]
        return (
            custom["status"] in self.statuses
            and (not self.reasons or custom.get("reason") in self.reasons)
            and _within(custom["cer"], self.min_cer, self.max_cer)
            and _within(cut["duration"], self.min_duration_sec, self.max_duration_sec)
            and _within(custom["snr_db"], self.min_snr_db, self.max_snr_db)
            and (not self.media or self._of_media(cut))
            and (self._pattern is None or self._says(cut))
        )

    def _of_media(self, cut: Cut) -> bool:
        custom = cut["custom"]
        names = f"{custom.get('title', '')}\n{custom.get('channel', '')}".casefold()
        return any(custom["media_id"] == name or name.casefold() in names for name in self.media)

    def _says(self, cut: Cut) -> bool:
        custom, pattern = cut["custom"], self._pattern
        texts = (text_of(cut), custom.get("text_orthographic", ""), custom.get("hyp_text", ""))
        return pattern is not None and any(pattern.search(text) for text in texts)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True)
class Selected:
    """Cuts for review in their order; `offered`: how many would be without `max_rows`."""

    cuts: list[Cut]
    offered: int


def select(
    read: Callable[[], Iterable[Cut]],
    selection: Selection,
    sample: StratifiedSample,
    limit_of: Callable[[str], float],
    also: Collection[str] = (),
    planter: Planter | None = None,
    planted_before: Mapping[str, str] | None = None,
) -> Selected:
    """Cuts for review: nearest to the limit first, then a random sample of all the accepted.

    The sample is of everything accepted, whatever is selected, so that it speaks for the data set;
    its cuts carry `custom.review_sample`.  Reads twice, so that only ids are held.

    Args:
        read: begins a pass over the cuts of stage 6.
        limit_of: the CER limit of a caption kind.
        also: ids that come in any case (decided earlier), last.
        planter: draws rows among them that show a wrong text; these cuts carry
            `custom.review_planted`.
        planted_before: by id the wrong texts that rows have shown: they go on doing so, whatever is
            asked for now, as files with them may come back at any time.
    """
    offered, planter, before = 0, planter or Planter(0), planted_before or {}

    def wanted() -> Iterable[tuple[float, str]]:
        nonlocal offered
        for cut in filter(reviewable, read()):
            custom = cut["custom"]
            if custom["status"] == ACCEPTED and sample.size and cut["id"] not in before:
                sample.add(cut)
            if custom["status"] == ACCEPTED:
                planter.add(cut, sample.size + len(also) + len(before))
            if selection.takes(cut) and cut["id"] not in before:
                offered += 1
                yield abs(custom["cer"] - limit_of(custom["caption_kind"])), cut["id"]

    # All are looked at, however few are wanted: the sample is drawn on the way.
    most = selection.max_rows
    nearest = sorted(wanted()) if most is None else heapq.nsmallest(max(most, 1), wanted())[:most]
    drawn = sample.drawn()
    order: dict[str, float] = {cut_id: i for i, (_, cut_id) in enumerate(nearest)}
    doubtful = len(order)
    for cut_id in (*drawn, *also):
        order.setdefault(cut_id, len(order))
    new = planter.drawn({*drawn, *also, *before})[: max(0, planter.count - len(before))]
    wrong, rows = {*new, *before}, len(order)
    order |= {cut_id: planter.place(cut_id, doubtful, rows) for cut_id in wrong}
    found = [cut for cut in read() if cut["id"] in order and reviewable(cut)]
    found.sort(key=lambda cut: order[cut["id"]])
    found = [with_custom(c, review_sample=drawn[c["id"]]) if c["id"] in drawn else c for c in found]
    found = [
        planter.planted(cut, before.get(cut["id"], "")) if cut["id"] in wrong else cut
        for cut in found
    ]
    return Selected(found, offered)
