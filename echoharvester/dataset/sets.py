"""Train, dev and test written from the manifest of a data set."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from echoharvester.asr.transcribe import MACHINE
from echoharvester.dataset.duplicates import alike_media
from echoharvester.dataset.split import SplitError, apart_from, is_by_channel, split_media
from echoharvester.manifests.shards import Cut, ShardWriter, read_cuts, read_info

MAX_NAMED = 10  # pairs of media that are named
SETS = ("dev", "test", "train")
HELD_OUT = ("dev", "test")


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
    fixed: str | None = None,
) -> Iterator[str]:
    """Writes the three sets in one pass; gives lines for people.

    Media stay in the set that they were in, as long as the settings are the same.

    Args:
        manifest: of the data set.
        path_of: where each set lies.
        fingerprint: of everything that the sets depend on; `settings`: of the settings alone.
        dev, test, by, seed: see `split.split_media`.
        fixed: folder with `cuts_dev` and `cuts_test` of before: they stay as they are, utterance by
            utterance, and train is all that has nothing to do with them.
        max_containment: media of which more of the text is in another's stay together.

    Raises:
        SplitError: if there is too little to split.
    """
    if fixed:
        sets = {name: Path(fixed) / path_of(name).name for name in HELD_OUT}
        yield from _beside_fixed(
            manifest, sets, path_of, fingerprint, settings, by, max_containment
        )
        return
    everything = {
        _media(cut): str(cut["custom"].get("channel") or "") for cut in read_cuts(manifest)
    }
    machine = {_media(cut) for cut in read_cuts(manifest) if _is_machine(cut)}
    channels = {item: channel for item, channel in everything.items() if item not in machine}
    alike = alike_media(read_cuts(manifest), max_containment)
    for pair in alike[:MAX_NAMED]:
        yield f"{pair.first} and {pair.second} say much the same ({pair.containment:.0%}): kept together"
    pairs = [(pair.first, pair.second) for pair in alike]
    belongs = split_media(channels, dev, test, seed, by, pairs, _earlier(path_of, settings))
    if machine:  # nobody's word is no measure: it is trained on, or left out
        held = [item for item, name in belongs.items() if name != "train"]
        free = apart_from(held, everything, by, pairs) & machine
        belongs |= dict.fromkeys(free, "train")
        yield f"{len(free)} of {len(machine)} media with machine labels in train, the others in no set"
    seconds, count = dict.fromkeys(SETS, 0.0), dict.fromkeys(SETS, 0)
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(ShardWriter(path_of(name))) for name in SETS}
        for cut in read_cuts(manifest):
            name = belongs.get(_media(cut))
            if name is None:
                continue
            writers[name].write(cut)
            seconds[name] += cut["duration"]
            count[name] += 1
        for name, writer in writers.items():
            together = "channel" if is_by_channel(everything, by) else "media"
            counts = {"hours": seconds[name] / 3600, "of": settings, "by": together}
            writer.close("split", fingerprint, "", counts)
    num_media = Counter(belongs.values())
    yield ", ".join(
        f"{name} {count[name]} cuts of {num_media[name]} media ({seconds[name] / 60:.1f} min)"
        for name in SETS
    )


def _beside_fixed(
    manifest: Path,
    fixed: Mapping[str, Path],
    path_of: Callable[[str], Path],
    fingerprint: str,
    settings: str,
    by: str,
    max_containment: float,
) -> Iterator[str]:
    for path in fixed.values():
        if not read_info(path):
            raise SplitError(f"split.fixed: {path} is missing or damaged")
    infos = [read_info(path) for path in fixed.values()]
    by = next((info.counts["by"] for info in infos if info and "by" in info.counts), by)  # as then
    held = {_media(cut) for path in fixed.values() for cut in read_cuts(path)}

    def everything() -> Iterator[Cut]:
        """The held-out media as they were, of others what there is now."""
        yield from chain.from_iterable(map(read_cuts, fixed.values()))
        yield from (cut for cut in read_cuts(manifest) if _media(cut) not in held)

    channels = {_media(cut): str(cut["custom"].get("channel") or "") for cut in everything()}
    alike = [(pair.first, pair.second) for pair in alike_media(everything(), max_containment)]
    free = apart_from(held, channels, by, alike)
    seconds = dict.fromkeys(SETS, 0.0)
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(ShardWriter(path_of(name))) for name in SETS}
        for name, path in fixed.items():
            for cut in read_cuts(path):
                writers[name].write(cut)
                seconds[name] += cut["duration"]
        for cut in read_cuts(manifest):
            if _media(cut) in free:
                writers["train"].write(cut)
                seconds["train"] += cut["duration"]
        if not seconds["train"]:
            raise SplitError("nothing is left to train on beside the fixed dev and test sets")
        for name, writer in writers.items():
            counts = {"hours": seconds[name] / 3600, "of": settings, "by": by}
            writer.close("split", fingerprint, "", counts)
    yield f"dev and test as they were, train {seconds['train'] / 60:.1f} min of {len(free)} media"


def _earlier(path_of: Callable[[str], Path], settings: str) -> dict[str, str]:
    """The set of every media item in an earlier split with the same settings."""
    before: dict[str, str] = {}
    for name in SETS:
        info = read_info(path_of(name))
        if info and info.counts.get("of") == settings:  # else the sets are wanted otherwise
            before |= {_media(cut): name for cut in read_cuts(path_of(name))}
    return before


def _is_machine(cut: Cut) -> bool:
    return bool(cut["custom"].get("caption_kind") == MACHINE)


def _media(cut: Cut) -> str:
    return str(cut["custom"]["media_id"])
