"""Statistics of a data set, and the card that goes with it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from echoharvester.manifests.shards import Cut

# Upper ends of the bins that the distribution of CERs is given in.
CER_BINS = ((0.05, "0-5 %"), (0.10, "5-10 %"), (0.15, "10-15 %"), (float("inf"), "15+ %"))


@dataclass
class Statistics:
    """Sums over exported cuts, one cut at a time."""

    cuts: int = 0
    seconds: float = 0.0
    sums: Counter[str] = field(default_factory=Counter)
    measured: Counter[str] = field(default_factory=Counter)
    cer_bins: Counter[str] = field(default_factory=Counter)
    by: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, cut: Cut) -> None:
        custom = cut["custom"]
        self.cuts += 1
        self.seconds += cut["duration"]
        for name in ("cer", "snr_db", "align_score"):
            if custom.get(name) is not None:  # a CER of 0 counts; a missing one does not
                self.sums[name] += custom[name]
                self.measured[name] += 1
        rate = custom.get("cer")
        if rate is not None:
            self.cer_bins[next(name for end, name in CER_BINS if rate <= end)] += 1
        for name in ("caption_kind", "status", "license", "channel", "media_id"):
            self.by.setdefault(name, Counter())[str(custom.get(name, "not stated"))] += 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `stats.json` has them."""
        means = {f"mean_{n}": self.sums[n] / self.measured[n] for n in sorted(self.measured)}
        return {
            "cuts": self.cuts,
            "hours": self.seconds / 3600,
            "mean_duration_sec": self.seconds / self.cuts if self.cuts else 0.0,
            **means,
            "cer_bins": {name: self.cer_bins[name] for _, name in CER_BINS},
            "num_media": len(self.by.get("media_id", ())),
            **{name: dict(self.by.get(name, {})) for name in ("caption_kind", "status", "license", "channel")},
        }  # fmt: skip


def data_card(
    stats: dict[str, Any], yields: dict[str, Any], settings: dict[str, Any]
) -> dict[str, Any]:
    """What a user of the data set must know, as plain values.

    `yields`: the accounting of the whole harvest; `settings`: thresholds used.
    """
    missing = stats["license"].get("not stated", 0)
    return {
        "name": "EchoHarvester data set",
        "language": "Korean",
        "statistics": stats,
        "yield": yields,
        "settings": settings,
        "software": {name: version(name) for name in ("lhotse", "torch", "onnxruntime")},
        "licences_missing": f"{missing} of {stats['cuts']} cuts come from media without a stated licence",
        "limits": [
            "Texts are captions in their spoken form; they were accepted because a recogniser heard "
            "nearly the same, not because a person listened to each.",
            "Word times come from CTC forced alignment on a 40 ms grid.",
        ],
    }


def card_markdown(card: dict[str, Any]) -> str:
    """The data card for people."""
    stats = card["statistics"]
    bins = ", ".join(f"{name}: {count}" for name, count in stats["cer_bins"].items())
    kinds = ", ".join(f"{kind}: {count}" for kind, count in stats["caption_kind"].items())
    licences = ", ".join(f"{name}: {count}" for name, count in stats["license"].items())
    lines = [
        f"# {card['name']}",
        "",
        f"{stats['cuts']} utterances, {stats['hours']:.2f} hours of Korean speech from "
        f"{stats['num_media']} media.",
        "",
        f"- Caption kinds: {kinds}",
        f"- Licences: {licences} ({card['licences_missing']})",
        f"- CER (without spaces) between text and recogniser: mean {stats.get('mean_cer', 0):.3f}; {bins}",
        f"- Mean SNR {stats.get('mean_snr_db', 0):.1f} dB, mean duration {stats['mean_duration_sec']:.2f} s",
        "",
        "## Yield",
        "",
        "```json",
        json.dumps(card["yield"], ensure_ascii=False, indent=1),
        "```",
        "",
        "## Settings",
        "",
        "```json",
        json.dumps(card["settings"], ensure_ascii=False, indent=1),
        "```",
        "",
        "## Known limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "Made with " + ", ".join(f"{name} {v}" for name, v in card["software"].items()) + ".",
    ]
    return "\n".join(lines) + "\n"
