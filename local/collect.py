"""Stage 1: what the sources offer, one cut a media item."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.errors import UserError
from echoharvester.manifests.collected import Listing, check_num_shards, known_media, nothing_usable
from echoharvester.pipeline.failures import name_errors
from echoharvester.pipeline.recipe import Recipe
from echoharvester.sources import make_site, make_source
from echoharvester.sources.folders import write_left_out
from echoharvester.sources.remarks import remarks

from config import plain, stage_main
from parts import unlike_models

UNCONFIRMED = (
    "source.uncaptioned=transcribe: no model unlike asr listens, so what it writes will be rejected as "
    "unconfirmed where no automatic captions of a site say the same; set second_asr, align or witness to another one"
)


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths = recipe.paths
    check_num_shards(paths.manifests, cfg.num_shards)
    settings = plain(cfg.source)
    if settings["kind"] == "synthetic":
        uncaptioned = settings["uncaptioned"]
        settings = {"kind": "local", "paths": [str(paths.library)], "uncaptioned": uncaptioned}
    known = known_media(paths.manifests)
    site = make_site(plain(cfg.network), paths.data_dir.resolve())
    fingerprint = recipe.stage_fingerprint("collect")
    listing = Listing(paths.data_dir, paths.manifests, cfg.num_shards, fingerprint, known)
    source = make_source(settings, site)
    for cut in source.media(known):
        listing.add(cut)
    if left_out := write_left_out(source.left_out, paths.left_out):
        print(f"stage  1 collect: {left_out}")
    for line in remarks(listing.cuts):
        print(f"stage  1 collect: {line}")
    if recipe.has("transcribe") and not unlike_models(cfg):
        print(f"stage  1 collect: {UNCONFIRMED}")
    counts = listing.finish()
    name_errors(paths.manifests, "cuts_media")
    print(f"stage  1 collect: {counts.line('media')}")
    if counts.items and not counts.accepted:
        raise UserError(nothing_usable(counts))
    # Videos without captions are asked again, but how many there are is no fault of the run's.
    faults = sum(n for kind, n in counts.errors.items() if kind != "NoCaptionsError")
    rate = faults / max(1, counts.items)
    if rate > cfg.max_error_rate:
        raise UserError(
            f"{rate:.1%} of the media are errors (max_error_rate {cfg.max_error_rate:.1%}); "
            "see cuts_media.*.errors.jsonl.gz. Mend them, or raise max_error_rate"
        )


if __name__ == "__main__":
    stage_main(main)
