"""Stage 6: every utterance heard by a recogniser; accepted, rejected, or sent to review."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.asr import chosen, make_recogniser
from echoharvester.asr.acceptance import read_acceptance
from echoharvester.asr.validate import Gate, validate_media
from echoharvester.audio.media import SoundAhead
from echoharvester.manifests.cuts import with_custom
from echoharvester.manifests.runner import run_shard
from echoharvester.manifests.shards import Cut

from common import Report, UserError, plain, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    limits = plain(cfg.validate)
    learned = limits.pop("acceptance")
    gate = Gate(**limits, acceptance=read_acceptance(Path(learned)) if learned else None)
    settings = [chosen(plain(cfg.asr)), chosen(plain(cfg.second_asr))]
    recognisers = [made for s in settings if (made := make_recogniser(s))]
    if not recognisers:
        raise UserError("asr=none: stage 6 needs a recogniser; second_asr may be none")
    used = " + ".join(s["kind"] for s in settings if s["kind"] != "none")
    load = SoundAhead()

    def process(cuts: list[Cut]) -> list[Cut]:
        done = validate_media(cuts, recognisers, gate, load)
        return [with_custom(c, recogniser=used) if "cer" in c["custom"] else c for c in done]

    run_shard(
        sharded_step(cfg, "validate"),
        cfg.shard,
        process,
        ahead=load.begin,
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
