"""Stage 5, second step: utterances that lie in two media, a short pass over all shards."""

from __future__ import annotations

from collections.abc import Iterator

from omegaconf import DictConfig

from echoharvester.dataset.duplicates import DuplicateFinder
from echoharvester.dataset.filter import judge_media
from echoharvester.manifests.cuts import is_rejected
from echoharvester.manifests.runner import units
from echoharvester.manifests.shards import Cut, ShardWriter, read_all_cuts

from common import duplicates_path, filter_config, manifests_dir, stage_main
from singles import single_fingerprint


def main(cfg: DictConfig) -> None:
    made_from = single_fingerprint(cfg, "duplicates")
    finder = DuplicateFinder(cfg.duplicates.by, cfg.duplicates.min_containment)
    keepers: dict[str, list[tuple[str, str]]] = {}
    if cfg.duplicates.by:
        for media_id, cuts in _accepted(cfg):
            finder.add(media_id, cuts)
        keepers = finder.keepers()
        wanted = {keeper for pairs in keepers.values() for keeper, _ in pairs}
        for media_id, cuts in _accepted(cfg) if wanted else ():
            if media_id in wanted:
                finder.remember(media_id, cuts)
    path, count = duplicates_path(cfg), 0
    with ShardWriter(path) as writer:
        for media_id, cuts in _accepted(cfg) if keepers else ():
            for found in finder.duplicates_of(cuts, keepers.get(media_id, ())):
                writer.write(vars(found))
                count += 1
        writer.close("duplicates", made_from, "", {"media": len(keepers)})
    print(f"stage  5 duplicates: {count} utterances of {len(keepers)} media are in others, too")


def _accepted(cfg: DictConfig) -> Iterator[tuple[str, list[Cut]]]:
    """Media with what of them would be accepted, were it not for duplicates."""
    config = filter_config(cfg)
    for media_id, cuts in units(read_all_cuts(manifests_dir(cfg), "cuts_measured")):
        fine = {cut["id"] for cut in judge_media(cuts, config) if not is_rejected(cut)}
        kept = [cut for cut in cuts if cut["id"] in fine]  # judged ones have no fingerprint
        if kept:
            yield media_id, kept


if __name__ == "__main__":
    stage_main(main)
