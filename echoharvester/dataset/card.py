"""Statistics of a data set, and the card that goes with it."""

from __future__ import annotations

import json
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from echoharvester.manifests.accounting import counted
from echoharvester.manifests.shards import Cut
from echoharvester.review.sample import LabelError

# Upper ends of the bins that the distribution of CERs is given in.
CER_BINS = ((0.05, "0-5 %"), (0.10, "5-10 %"), (0.15, "10-15 %"), (float("inf"), "15+ %"))
NOT_STATED = "not stated"
SOFTWARE = ("echoharvester", "lhotse", "torch", "onnxruntime", "silero-vad", "yt-dlp")
MOST_CHANNELS = 100  # named one by one; stats.json has all

LIMITS = (
    "Texts are captions in their spoken form. They were accepted because a recogniser heard nearly "
    "the same, or because a person decided so (status `approved`); not every one was listened to.",
    "The recogniser and the aligner err together where they are the same model.",
    "Speakers are those that captions name or number, within one media item; of most nobody knows who "
    "speaks.",
    "Licences are what the sources state; nobody has checked that those who state them may.",
)


@dataclass
class Statistics:
    """Sums over exported cuts, one cut at a time."""

    cuts: int = 0
    seconds: float = 0.0
    sums: Counter[str] = field(default_factory=Counter)
    measured: Counter[str] = field(default_factory=Counter)
    cer_bins: Counter[str] = field(default_factory=Counter)
    by: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds_by: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    media: dict[str, tuple[str, str]] = field(default_factory=dict)

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
        for name in ("caption_kind", "status", "license", "channel"):
            value = _stated(custom, name)
            self.by[name][value] += 1
            self.seconds_by[name][value] += cut["duration"]
        self.media[custom["media_id"]] = (_stated(custom, "channel"), _stated(custom, "license"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `stats.json` has them."""
        means = {f"mean_{n}": self.sums[n] / self.measured[n] for n in sorted(self.measured)}
        hours = {
            f"hours_by_{name}": {k: round(v / 3600, 4) for k, v in self.seconds_by[name].items()}
            for name in ("caption_kind", "license", "channel")
        }
        return {
            "cuts": self.cuts,
            "hours": self.seconds / 3600,
            "mean_duration_sec": self.seconds / self.cuts if self.cuts else 0.0,
            **means,
            "cer_bins": {name: self.cer_bins[name] for _, name in CER_BINS},
            "num_media": len(self.media),
            **{
                name: dict(self.by[name])
                for name in ("caption_kind", "status", "license", "channel")
            },
            **hours,
            "media_by_license": dict(Counter(licence for _, licence in self.media.values())),
            "media_by_channel": dict(Counter(channel for channel, _ in self.media.values())),
        }


def _stated(custom: Mapping[str, Any], name: str) -> str:
    return str(custom.get(name) or NOT_STATED)


def data_card(
    name: str,
    stats: dict[str, Any],
    yields: Mapping[str, Mapping[str, Any]],
    settings: dict[str, Any],
    identity: str = "",
    label_error: LabelError | None = None,
    agreement: Sequence[str] = (),
) -> dict[str, Any]:
    """What a user of the data set must know, as plain values.

    Args:
        yields: the accounting of every stage.
        settings: thresholds used.
        identity: changes when the content does.
        agreement: how far reviewers agree, a line each.
    """
    return {
        "name": name,
        "content": identity,
        "language": "Korean",
        "statistics": stats,
        "licence_gaps": licence_gaps(stats),
        "label_error": asdict(label_error) if label_error else None,
        "agreement": list(agreement),
        "yield": yields,
        "rejects": _rejects(yields),
        "settings": settings,
        "software": {"python": platform.python_version(), **_versions(SOFTWARE)},
        "limits": [*LIMITS[:2], _word_times(settings), *LIMITS[2:]],
    }


def licence_gaps(stats: Mapping[str, Any]) -> dict[str, Any]:
    """How much states no licence."""
    return {
        "cuts": stats["license"].get(NOT_STATED, 0),
        "hours": stats["hours_by_license"].get(NOT_STATED, 0.0),
        "media": stats["media_by_license"].get(NOT_STATED, 0),
    }


_ALIGNERS = {
    "ctc": "CTC forced alignment",
    "whisper": "the attention of a Whisper model over the text",
    "qwen3": "Qwen3-ForcedAligner",
}


def _word_times(settings: Mapping[str, Any]) -> str:
    """Where the times of words come from."""
    kind = str((settings.get("align") or {}).get("kind", ""))
    if kind in ("", "none"):
        return "Nobody measured the times of words: they share the time of the caption by their length."
    return (
        f"Word times come from {_ALIGNERS.get(kind, kind)}; boundaries between words without a pause are "
        "estimates."
    )


def _mean(stats: Mapping[str, Any], name: str, form: str) -> str:
    """A mean, where there is anything to take it of."""
    value = stats.get(f"mean_{name}")
    return "not measured" if value is None else form.format(value)


def _versions(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _rejects(yields: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each reason once, at the stage that gave it: later stages carry rejects along."""
    seen: Counter[tuple[str, str]] = Counter()
    rows = []
    for stage, counts in yields.items():
        item = counts.get("item", "cut")
        for reason, count in counts["rejected"].items():
            new = count - seen[item, reason]
            if new > 0:
                rows.append({"stage": stage, "reason": reason, "count": new, "of": item})
            seen[item, reason] = max(seen[item, reason], count)
    return rows


def card_markdown(card: Mapping[str, Any]) -> str:
    """The data card for people."""
    stats, gaps = card["statistics"], card["licence_gaps"]
    bins = ", ".join(f"{name}: {count}" for name, count in stats["cer_bins"].items())
    lines = [
        *_front_matter(card),
        f"# {card['name']}",
        "",
        f"{stats['cuts']} utterances, {stats['hours']:.2f} hours of Korean speech from "
        f"{stats['num_media']} media of {counted(len(stats['channel']), 'channel')}. Content {card['content']}.",
        "",
        f"- CER without spaces between text and recogniser: mean {_mean(stats, 'cer', '{:.3f}')} ({bins})",
        f"- Estimated label error: {label_error_line(card['label_error'])}",
        f"- Mean SNR {_mean(stats, 'snr_db', '{:.1f} dB')}, mean alignment score "
        f"{_mean(stats, 'align_score', '{:.3f}')}, mean duration {stats['mean_duration_sec']:.2f} s",
        *(f"- Agreement of reviewers: {line}" for line in card["agreement"]),
        "",
        "## Where it comes from",
        "",
        *_share_table("channel", stats, MOST_CHANNELS, stats["media_by_channel"]),
        "",
        *_share_table("caption_kind", stats, MOST_CHANNELS, None),
        "",
        "## Licences",
        "",
        *_share_table("license", stats, MOST_CHANNELS, stats["media_by_license"]),
        "",
        f"Without a stated licence: {gaps['media']} media, {gaps['cuts']} utterances, {gaps['hours']:.2f} h. "
        "Each cut carries `license` and `source_url` or `media_path`; `scripts/takedown.sh` takes media "
        "out again, here as well.",
        "",
        "## Yield",
        "",
        "| stage | in | accepted | of them to review | rejected | errors | hours accepted |",
        "|---|---|---|---|---|---|---|",
        *(_yield_row(name, counts) for name, counts in card["yield"].items()),
        "",
        "| rejected at | reason | |",
        "|---|---|---|",
        *(
            f"| {r['stage']} | {r['reason']} | {r['count']} {_plural(r['of'])} |"
            for r in card["rejects"]
        ),
        "",
        "## Thresholds",
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {_cell(value)} |" for name, value in _flat(card["settings"])),
        "",
        "## Known limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "## Reading it",
        "",
        "```python",
        "from lhotse import CutSet",
        'cuts = CutSet.from_shar(in_dir="shar")  # recordings inside, texts and word times as supervisions',
        "```",
        "",
        "`sha256sum -c checksums.sha256` checks Shar, statistics and cards. Each cut's `custom` holds the measures of every "
        "stage and, where a person decided, `review` with what was there before.",
        "",
        "Made with " + ", ".join(f"{name} {v}" for name, v in card["software"].items()) + ".",
    ]
    return "\n".join(lines) + "\n"


# Identifiers that hubs know, and other ways in which sources write them.
_IDENTIFIERS = (
    "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "unlicense", "apache-2.0",
    "mit",
)  # fmt: skip
_LICENCES = {"cc0": "cc0-1.0", "creative commons attribution license (reuse allowed)": "cc-by-3.0"}
_LICENCES |= {name.replace("-", " "): name for name in _IDENTIFIERS}
_SIZES = (
    (1e3, "n<1K"),
    (1e4, "1K<n<10K"),
    (1e5, "10K<n<100K"),
    (1e6, "100K<n<1M"),
    (1e7, "1M<n<10M"),
)


def hub_licence(stated: str) -> str:
    """The identifier that hubs know a licence by; "" where that is not known.

    >>> hub_licence("CC BY-SA 4.0"), hub_licence("Standard licence")
    ('cc-by-sa-4.0', '')
    """
    return _LICENCES.get(plain_licence(stated), "")


def plain_licence(stated: str) -> str:
    """A licence as it is stated, in small letters and without hyphens."""
    return " ".join(stated.lower().replace("-", " ").split())


def _front_matter(card: Mapping[str, Any]) -> list[str]:
    """What the hub reads of a card: language, licence, task and size."""
    stats = card["statistics"]
    stated = {hub_licence(str(name)) for name in stats["license"]}
    licence = stated.pop() if len(stated) == 1 else ""
    size = next((name for most, name in _SIZES if stats["cuts"] < most), "n>10M")
    return [
        "---",
        "language:",
        "- ko",
        f"license: {licence or 'other'}",
        f"pretty_name: {json.dumps(str(card['name']), ensure_ascii=False)}",
        "task_categories:",
        "- automatic-speech-recognition",
        "size_categories:",
        f"- {size}",
        "---",
        "",
    ]


def label_error_line(error: Mapping[str, Any] | None) -> str:
    """The estimate in words."""
    if error is None:
        return (
            "not known; nobody has reviewed the random sample of what was accepted unseen yet (rows "
            "with the reason `sample`)"
        )
    rest = (
        f"; {error['unrepresented']} are of strata of which nothing was reviewed"
        if error["unrepresented"]
        else ""
    )
    return (
        f"{100 * error['rate']:.1f} % of utterances ({100 * error['level']:.0f} % interval "
        f"{100 * error['low']:.1f} to {100 * error['high']:.1f}), {100 * error['cer']:.2f} % of characters; "
        f"from {error['decided']} of {error['sampled']} sampled utterances, speaking for "
        f"{error['population']} accepted unseen{rest}"
    )


def _share_table(
    name: str, stats: Mapping[str, Any], most: int, media: Mapping[str, int] | None
) -> list[str]:
    hours = sorted(stats[f"hours_by_{name}"].items(), key=lambda item: (-item[1], item[0]))
    head = f"| {name.replace('_', ' ')} | utterances | hours |" + (" media |" if media else "")
    lines = [head, "|---|---|---|" + ("---|" if media else "")]
    for value, spent in hours[:most]:
        row = f"| {_cell(value)} | {stats[name][value]} | {spent:.3f} |"
        lines.append(row + (f" {media[value]} |" if media else ""))
    if len(hours) > most:
        lines.append(f"\n... and {len(hours) - most} more in stats.json.")
    return lines


def _yield_row(name: str, counts: Mapping[str, Any]) -> str:
    return (
        f"| {name} | {counts['items']} {_plural(counts.get('item', 'cut'))} | {counts['accepted']} | "
        f"{counts['review']} | {sum(counts['rejected'].values())} | {sum(counts['errors'].values())} | "
        f"{counts['accepted_sec'] / 3600:.2f} |"
    )


def _plural(item: str) -> str:
    return {"cut": "utterances"}.get(item, item)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows


def _cell(value: object) -> str:
    """A value in a Markdown table, whatever a channel is called."""
    text = " ".join(str(value).split())
    for char in "\\`*_[]<>|":
        text = text.replace(char, "\\" + char)
    return text
