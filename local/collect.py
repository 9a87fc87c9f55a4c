"""Stage 1: what the sources offer, one cut a media item."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.collected import known_media, num_shards_of, write_media
from echoharvester.manifests.cuts import shard_of
from echoharvester.manifests.shards import Cut
from echoharvester.manifests.takedown import read_takedown
from echoharvester.sources import make_site, make_source

from common import UserError, manifests_dir, name_errors, stage_main, step_fingerprint

SAVE_SEC = 60.0  # between two savings of a listing under way


def main(cfg: DictConfig) -> None:
    folder = manifests_dir(cfg)
    found = num_shards_of(folder)
    if found not in (None, cfg.num_shards):
        raise UserError(
            f"num_shards={cfg.num_shards}, but {cfg.data_dir} was begun with {found}, which never "
            f"changes in a data folder: set num_shards={found}, or another data_dir"
        )
    settings: dict[str, Any] = OmegaConf.to_container(cfg.source, resolve=True)  # type: ignore[assignment]
    if settings["kind"] == "synthetic":
        settings = {"kind": "local", "paths": [str(Path(cfg.data_dir) / "library")]}
    elif settings["kind"] == "local" and not (settings["paths"] or settings["list"]):
        raise UserError("source.paths is empty: name files or folders, 'source.paths=[/media]'")
    elif settings["kind"] == "youtube" and not any(
        settings[key] for key in ("urls", "urls_file", "info_json")
    ):
        raise UserError("no address: 'source.urls=[\"https://www.youtube.com/@name\"]'")
    known = known_media(folder)
    cuts, written = [], time.monotonic()
    for cut in _offered(cfg, settings, known):
        cuts.append(cut)
        if time.monotonic() - written > SAVE_SEC:  # hours of questions must survive a kill
            ids = {cut["id"] for cut in cuts}
            _write(cfg, [*cuts, *(cut for cut in known.values() if cut["id"] not in ids)])
            written = time.monotonic()
    if not cuts:
        raise UserError(
            f"the sources hold no media; check source.paths and source.pattern (the {len(known)} "
            "media collected before are kept)"
        )
    counts = _write(cfg, cuts)
    name_errors(folder, "cuts_media")
    print(f"stage  1 collect: {counts.line()}")
    _check(counts, cfg.max_error_rate)


def _write(cfg: DictConfig, cuts: Sequence[Cut]) -> Counts:
    """The listing, without what has been taken down by now."""
    by_shard, taken_down = defaultdict(list), read_takedown(Path(cfg.data_dir))
    for cut in cuts:
        by_shard[shard_of(cut["id"], cfg.num_shards)].append(taken_down.applied(cut))
    fingerprint = step_fingerprint(cfg, "collect")
    return total(
        write_media(manifests_dir(cfg), k, cfg.num_shards, by_shard[k], fingerprint)
        for k in range(cfg.num_shards)
    )


def _offered(cfg: DictConfig, settings: dict[str, Any], known: dict[str, Cut]) -> Iterator[Cut]:
    site = make_site(cfg.network, Path(cfg.data_dir).resolve())
    try:
        yield from make_source(settings, site).media(known)
    except (ValueError, FileNotFoundError) as error:
        raise UserError(str(error)) from error


def _check(counts: Counts, max_error_rate: float) -> None:
    """Videos without captions are asked again, but how many there are is no fault of the run's."""
    faults = sum(n for kind, n in counts.errors.items() if kind != "NoCaptionsError")
    rate = faults / max(1, counts.items)
    if rate > max_error_rate:
        raise UserError(
            f"{rate:.1%} of the media are errors (max_error_rate {max_error_rate:.1%}); "
            "see cuts_media.*.errors.jsonl.gz. Mend them, or raise max_error_rate"
        )


if __name__ == "__main__":
    stage_main(main)
