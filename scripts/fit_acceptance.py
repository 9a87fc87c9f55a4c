#!/usr/bin/env python
"""Learns which labels are right; stage 6 then decides by that.

From captions corrupted on purpose, without a person (a curve of evidence, docs/validation.md):

    python scripts/fit_acceptance.py egs/korean_yt/data --corrupt --output curve.json \\
        align=whisper align.repo=large-v3
    ./run.sh --recipe korean_yt --stage 6 align=whisper align.repo=large-v3 validate.evidence=curve.json

From reviewed TSVs, once their decisions are merged (stage 8):

    python scripts/fit_acceptance.py egs/korean_yt/data --precision 0.99 --output acceptance.json
    ./run.sh --recipe korean_yt --stage 6 validate.acceptance=acceptance.json

Prints the label error to expect of what will be accepted.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local")]

from echoharvester.asr.corruption import SMALL_KINDS  # noqa: E402
from echoharvester.asr.evidence import Figures  # noqa: E402
from echoharvester.asr.evidence_fit import (  # noqa: E402
    RIGHT,
    AskedRecogniser,
    Example,
    asked_of,
    examples_of_media,
    fit_curve,
    hearing,
    media_to_fit,
)
from echoharvester.asr.label_classifier import FEATURES, fit_acceptance  # noqa: E402
from echoharvester.errors import UserError  # noqa: E402
from echoharvester.manifests.shards import Cut, read_all_cuts, write_atomic  # noqa: E402
from echoharvester.models.device import by_hardware  # noqa: E402
from echoharvester.review.learn import decided_labels  # noqa: E402

from config import composed, plain  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument(
        "overrides", nargs="*", help="align=... or asr=... of the model that is asked"
    )
    parser.add_argument(
        "--corrupt", action="store_true", help="learn from captions corrupted on purpose"
    )
    parser.add_argument(
        "--precision", type=float, help="wanted share of right labels (0.99; --corrupt: 0.994)"
    )
    parser.add_argument("--passes", type=int, default=4, help="corruptions of every fourth caption")
    parser.add_argument(
        "--examples",
        type=Path,
        metavar="FILE",
        help="figures of all texts: read where it exists, else written",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_intermixed_args()
    if options.precision is not None and not 0.5 <= options.precision < 1:
        parser.error("--precision is a share from 0.5 to below 1")
    try:
        return _from_corrupted(options) if options.corrupt else _from_reviews(options)
    except (UserError, ValueError) as error:
        print(f"fit_acceptance: {error}", file=sys.stderr)
        return 1


def _from_reviews(options: argparse.Namespace) -> int:
    folder = options.data_dir / "manifests"
    parts = [read_all_cuts(folder, n) for n in ("cuts_validated", "cuts_reviewed", "review_rows")]
    model = fit_acceptance(decided_labels(*parts), options.precision or 0.99)
    output = options.output or Path("acceptance.json")
    model.write(output)
    print(
        f"{output}: from {model.decided} decisions; of what it accepts an estimated "
        f"{model.label_error:.2%} ({model.low:.2%} to {model.high:.2%}) is wrong, and of the right "
        f"labels it accepts {model.accepted_share:.1%}\n\nwhat counts, in standard deviations:"
    )
    for weight, name in sorted(zip(model.weights, FEATURES, strict=True), key=lambda w: -abs(w[0])):
        print(f"  {name:15s} {weight:+.2f}")
    return 0


def _from_corrupted(options: argparse.Namespace) -> int:
    cfg = composed([*options.overrides, f"data_dir={options.data_dir}"])
    align, asr = by_hardware(plain(cfg.align)), by_hardware(plain(cfg.asr))
    aligner = hearing(align, asr)
    settings = asr if isinstance(aligner, AskedRecogniser) else align
    media = _told(media_to_fit(options.data_dir / "manifests", math.inf, options.seed))
    found = _kept_examples(options.examples) or list(
        examples_of_media(media, aligner, options.passes, options.seed)
    )
    if options.examples:
        lines = (json.dumps(asdict(example)) for example in found)
        write_atomic(options.examples, "".join(f"{line}\n" for line in lines))
    model = f"{settings['kind']} {settings.get('repo') or settings.get('model')}"
    named = f"{model}: {sum(e.kind == RIGHT for e in found)} texts and {sum(e.kind != RIGHT for e in found)} corrupted ones"  # fmt: skip
    fitted = fit_curve(found, options.precision or 0.994, named)
    output = options.output or Path("curve.json")
    replace(fitted.curve, asked=asked_of(aligner)).write(output)
    print(
        f"{output}: of what it accepts an estimated {1 - fitted.precision:.2%} is wrong where one label "
        "in ten is\n\n| texts | number | accepted |\n|---|---|---|"
    )
    for kind in sorted(fitted.accepted, key=lambda k: (k != RIGHT, k in SMALL_KINDS, k)):
        print(f"| {kind} | {fitted.counts[kind]} | {fitted.accepted[kind]:.1%} |")
    return 0


def _kept_examples(path: Path | None) -> list[Example]:
    if not path or not path.is_file():
        return []
    kept = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Example(k["kind"], k["group"], Figures(**k["figures"])) for k in kept]


def _told(media: Iterable[list[Cut]]) -> Iterator[list[Cut]]:
    for cuts in media:
        yield cuts
        media_id = cuts[0]["custom"]["media_id"]
        print(f"{media_id}: {len(cuts)} utterances", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
