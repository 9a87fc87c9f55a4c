"""Rows for review as labels of whole recordings, for those who work in Audacity or Praat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import safe_id, text_of
from echoharvester.manifests.shards import Cut, write_atomic

TIERS: dict[str, Callable[[Cut], str]] = {
    "text": text_of,
    "hypothesis": lambda cut: str(cut["custom"].get("hyp_text", "")),
    "id": lambda cut: str(cut["id"]),
}


def write_labels(cuts: Iterable[Cut], folder: Path, kind: str | None) -> list[Path]:
    """A label file beside nothing else in `folder` for every recording; what they are called.

    Args:
        kind: audacity (`RECORDING.txt`, see Audacity's manual under label tracks), textgrid
            (`RECORDING.TextGrid` with the tiers text, hypothesis and id), or None: no labels.

    Raises:
        UserError: for another kind.
    """
    writers = {"audacity": _write_audacity, "textgrid": _write_textgrid}
    if kind is not None and kind not in writers:
        raise UserError(f"review.labels is {', '.join(writers)} or null, not {kind!r}")
    by_recording: dict[str, list[Cut]] = defaultdict(list)
    for cut in cuts:
        by_recording[cut["recording"]["id"]].append(cut)
    written = []
    if kind is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, found in sorted(by_recording.items()):
            found.sort(key=lambda cut: cut["start"])
            written.append(writers[kind](found, folder / safe_id(name)))
    for path in folder.glob("*"):
        if path not in written:
            path.unlink()
    return written


def _write_audacity(cuts: Sequence[Cut], stem: Path) -> Path:
    path = stem.with_name(f"{stem.name}.txt")
    lines = [
        f"{cut['start']:.6f}\t{cut['start'] + cut['duration']:.6f}\t{' '.join(text_of(cut).split())}\n"
        for cut in cuts
    ]
    write_atomic(path, "".join(lines))
    return path


def _write_textgrid(cuts: Sequence[Cut], stem: Path) -> Path:
    from praatio import textgrid

    end = cuts[0]["recording"]["duration"]
    grid = textgrid.Textgrid(minTimestamp=0, maxTimestamp=end)
    for tier, value in TIERS.items():
        entries, free_from = [], 0.0
        for cut in cuts:  # intervals of a tier may not overlap
            start = max(cut["start"], free_from)
            free_from = min(max(start, cut["start"] + cut["duration"]), end)
            if free_from > start:
                entries.append((start, free_from, value(cut)))
        grid.addTier(textgrid.IntervalTier(tier, entries, 0, end))
    path = stem.with_name(f"{stem.name}.TextGrid")
    temporary = path.with_name(f".{path.name}.tmp")
    grid.save(str(temporary), format="long_textgrid", includeBlankSpaces=True)
    temporary.replace(path)
    return path
