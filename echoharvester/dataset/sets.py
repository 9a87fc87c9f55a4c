"""Train, dev and test written from the manifest of a data set."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from echoharvester.dataset.duplicates import alike_media
from echoharvester.dataset.split import split_media
from echoharvester.manifests.shards import Cut, ShardWriter, read_cuts, read_info

MAX_NAMED = 10  # pairs of media that are named
SETS = ("dev", "test", "train")


def write_sets(
    manifest: Path,
    path_of: Callable[[str], Path],
    fingerprint: str,
    settings: str,
    dev: float,
    test: float,
    by: str,
    max_containment: float,
    seed: int,
) -> Iterator[str]:
    """Writes the three sets in one pass; gives lines for people.

    Media stay in the set that they were in, as long as the settings are the same.

    Args:
        manifest: of the data set.
        path_of: where each set lies.
        fingerprint: of everything that the sets depend on; `settings`: of the settings alone.
        dev, test, by, seed: see `split.split_media`.
        max_containment: media of which more of the text is in another's stay together.

    Raises:
        SplitError: if there is too little to split.
    """
    channels = {_media(cut): str(cut["custom"].get("channel") or "") for cut in read_cuts(manifest)}
    alike = alike_media(read_cuts(manifest), max_containment)
    for pair in alike[:MAX_NAMED]:
        yield f"{pair.first} and {pair.second} say much the same ({pair.containment:.0%}): kept together"
    pairs = [(pair.first, pair.second) for pair in alike]
    belongs = split_media(channels, dev, test, seed, by, pairs, _earlier(path_of, settings))
    seconds, count = dict.fromkeys(SETS, 0.0), dict.fromkeys(SETS, 0)
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(ShardWriter(path_of(name))) for name in SETS}
        for cut in read_cuts(manifest):
            name = belongs[_media(cut)]
            writers[name].write(cut)
            seconds[name] += cut["duration"]
            count[name] += 1
        for name, writer in writers.items():
            counts = {"hours": seconds[name] / 3600, "of": settings}
            writer.close("split", fingerprint, "", counts)
    num_media = Counter(belongs.values())
    yield ", ".join(
        f"{name} {count[name]} cuts of {num_media[name]} media ({seconds[name] / 60:.1f} min)"
        for name in SETS
    )


def _earlier(path_of: Callable[[str], Path], settings: str) -> dict[str, str]:
    """The set of every media item in an earlier split with the same settings."""
    before: dict[str, str] = {}
    for name in SETS:
        info = read_info(path_of(name))
        if info and info.counts.get("of") == settings:  # else the sets are wanted otherwise
            before |= {_media(cut): name for cut in read_cuts(path_of(name))}
    return before


def _media(cut: Cut) -> str:
    return str(cut["custom"]["media_id"])
