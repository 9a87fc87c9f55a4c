"""What the report needs of the cuts, gathered in one pass and in bounded memory."""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from echoharvester.manifests.accounting import REVIEW
from echoharvester.manifests.shards import Cut
from echoharvester.report.bench import Bench
from echoharvester.review.merge import exportable

MEASURES = {
    "cer": "CER without spaces",
    "align_score": "alignment confidence",
    "snr_db": "SNR, dB",
    "speech_ratio": "share of speech",
    "syllables_per_sec": "syllables per second of speech",
    "duration_sec": "duration, s",
}
# Seven bins, as the earlier system had; upper ends.
CER_BINS = (0.0, 0.05, 0.10, 0.15, 0.20, 0.30, float("inf"))
MAX_POINTS = 20000  # of each histogram: enough to draw, whatever the size of the data
MAX_MEDIA = 100_000  # counted one by one
EXAMPLES = 3  # of each outcome


@dataclass
class Overview:
    """Counts and samples over the cuts of stage 8.

    Attributes:
        kept, other: values of each measure, of exported cuts and of the rest.
        seconds: by outcome (kept, review, or the reason of a reject).
        outcomes: the same in utterances.
        by_source: reasons by channel.
        media: of each, utterances, kept, and seconds kept.
        examples: a few cuts of each outcome, drawn by their ids.
        trimmed: utterances cut down to what fits, and their seconds.
        bench: utterances that thresholds decide on.
    """

    kept: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    other: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cer_bins: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_source: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    media: dict[str, Counter[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    examples: dict[str, list[tuple[float, str, Cut]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    trimmed: Counter[str] = field(default_factory=Counter)
    bench: Bench = field(default_factory=Bench)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, cut: Cut) -> None:
        custom = cut["custom"]
        is_kept = exportable(cut)
        outcome = "kept" if is_kept else custom.get("reason", custom["status"])
        if custom["status"] == REVIEW:
            outcome = "review"
        self.outcomes[outcome] += 1
        self.seconds[outcome] += cut["duration"] if cut["supervisions"] else 0.0
        self.by_source[str(custom.get("channel") or custom.get("title") or "-")][outcome] += 1
        self._add_measures(cut, "kept" if is_kept else "other")
        self._add_media(cut, is_kept)
        self.bench.add(cut)
        if "text_whole" in custom:
            self.trimmed["utterances"] += 1
            self.trimmed["kept"] += is_kept
            self.trimmed["kept_ms"] += round(1000 * cut["duration"]) if is_kept else 0
        if cut["supervisions"]:
            draw = (random.Random(cut["id"]).random(), str(cut["id"]), cut)
            drawn = self.examples[outcome]
            heapq.heappush(drawn, draw)
            if len(drawn) > EXAMPLES:
                heapq.heappop(drawn)

    def _add_measures(self, cut: Cut, group: str) -> None:
        values = self.kept if group == "kept" else self.other
        for name in MEASURES:
            value = cut["duration"] if name == "duration_sec" else cut["custom"].get(name)
            if value is None:
                continue
            # Beyond what can be drawn, every point has the same chance to be among those drawn.
            self.seen[f"{group} {name}"] += 1
            if len(values[name]) < MAX_POINTS:
                values[name].append(float(value))
            else:
                i = random.Random(f"{name} {cut['id']}").randrange(self.seen[f"{group} {name}"])
                if i < MAX_POINTS:
                    values[name][i] = float(value)
        rate = cut["custom"].get("cer")
        if rate is not None:
            self.cer_bins[group][cer_bin(rate)] += 1

    def _add_media(self, cut: Cut, is_kept: bool) -> None:
        media_id = cut["custom"]["media_id"]
        if media_id not in self.media and len(self.media) >= MAX_MEDIA:
            return
        row = self.media.setdefault(media_id, Counter())
        row["utterances"] += 1
        row["kept"] += is_kept
        row["kept_ms"] += round(1000 * cut["duration"]) if is_kept else 0
        self.titles.setdefault(media_id, str(cut["custom"].get("title") or media_id))

    @property
    def rejected(self) -> Counter[str]:
        """Utterances by the reason of their rejection."""
        return Counter({k: n for k, n in self.outcomes.items() if k not in ("kept", "review")})


def cer_bin(rate: float) -> str:
    """The bin of a CER.

    >>> cer_bin(0.0), cer_bin(0.12), cer_bin(3.0)
    ('0', '10-15', '30+')
    """
    i = next(i for i, end in enumerate(CER_BINS) if rate <= end)
    if i == 0:
        return "0"
    low = f"{100 * CER_BINS[i - 1]:.0f}"
    return f"{low}+" if CER_BINS[i] == float("inf") else f"{low}-{100 * CER_BINS[i]:.0f}"


def overview(cuts: Iterable[Cut]) -> Overview:
    """All cuts of stage 8, gathered."""
    result = Overview()
    for cut in cuts:
        result.add(cut)
    return result
