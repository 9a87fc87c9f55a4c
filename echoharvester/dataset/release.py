"""A data set as it leaves the recipe: Shar, manifest, statistics, card, checksums, other forms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.dataset.card import Statistics, card_markdown
from echoharvester.dataset.folders import CHECKSUMS, checksums
from echoharvester.dataset.formats import check_formats, write_formats
from echoharvester.dataset.parallel import usable_cores
from echoharvester.dataset.shar import write_shar
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut, ShardWriter, write_atomic
from echoharvester.progress import bar

STATISTICS, CARD, CARD_TEXT = "stats.json", "data_card.json", "data_card.md"
BESIDE_SHAR = (STATISTICS, CARD, CARD_TEXT, CHECKSUMS)


@dataclass(frozen=True)
class ReleaseConfig:
    """How a data set is written.

    Attributes:
        cuts_per_shard, audio_format: of the Shar.
        extra_formats: other forms beside it, see `formats.FORMATS`.
        num_workers: processes that write; 0: as many as there are cores.
    """

    cuts_per_shard: int = 1000
    audio_format: str = "flac"
    extra_formats: Sequence[str] = ()
    num_workers: int = 0


def write_release(
    cuts: Callable[[Counter[str]], Iterator[Cut]],
    data_dir: Path,
    manifest_path: Path,
    made_from: str,
    card_of: Callable[[Mapping[str, Any], str], dict[str, Any]],
    config: ReleaseConfig,
) -> Iterator[str]:
    """Writes a data set; gives lines for people.  The manifest comes last: without it there is none.

    Args:
        cuts: begins a pass over all that belongs in it, and counts what was left out.
        made_from: fingerprint of everything that it depends on.
        card_of: the card of statistics and the identity of the content.

    Raises:
        UserError: for a form that does not exist, or sound that cannot be read.
    """
    check_formats(config.extra_formats)
    stats, left_out = Statistics(), Counter[str]()
    workers, shar = config.num_workers or usable_cores(), data_dir / "shar"
    manifest_path.unlink(missing_ok=True)  # until all is whole again, there is no data set
    with ShardWriter(manifest_path) as manifest:

        def noted() -> Iterator[Cut]:
            for cut in bar(cuts(left_out), desc="9 export", unit="cut"):
                manifest.write(cut)
                stats.add(cut)
                yield cut

        files = write_shar(noted(), shar, config.cuts_per_shard, config.audio_format, workers)
        values = stats.to_dict() | {"left_out_of_joined": dict(left_out)}
        card = card_of(values, manifest.identity)
        write_atomic(data_dir / STATISTICS, _json(values))
        write_atomic(data_dir / CARD, _json(card))
        write_atomic(data_dir / CARD_TEXT, card_markdown(card))
        beside = [data_dir / name for name in BESIDE_SHAR if name != CHECKSUMS]
        sums = checksums([*sorted(shar.iterdir()), *beside], data_dir, workers)
        write_atomic(data_dir / CHECKSUMS, sums)
        write_formats(lambda: cuts(Counter()), data_dir, config.extra_formats)
        counts = {
            "hours": values["hours"],
            "shar": fingerprint(files.sizes),
            "also": list(config.extra_formats),
        }
        manifest.close("export", made_from, "", counts)
    yield f"{values['cuts']} cuts, {values['hours']:.2f} h in {shar}"
    for reason, count in left_out.items():
        yield f"{count} cuts of merged folders left out: {reason}"


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"
