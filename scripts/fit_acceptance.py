#!/usr/bin/env python
"""Learns from reviewed TSVs which labels are right; stage 6 then decides by that.

    python scripts/fit_acceptance.py egs/korean_yt/data --precision 0.99 --output acceptance.json
    ./run.sh --recipe korean_yt --stage 6 validate.acceptance=acceptance.json

Needs the decisions merged (stage 8).  Prints the label error to expect of what will be accepted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from echoharvester.asr.label_classifier import FEATURES, fit_acceptance
from echoharvester.manifests.shards import read_all_cuts
from echoharvester.review.learn import decided_labels


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument(
        "--precision", type=float, default=0.99, help="wanted share of right labels"
    )
    parser.add_argument("--output", type=Path, default=Path("acceptance.json"))
    options = parser.parse_args()
    if not 0.5 <= options.precision < 1:
        parser.error("--precision is a share from 0.5 to below 1")
    folder = options.data_dir / "manifests"
    parts = [read_all_cuts(folder, n) for n in ("cuts_validated", "cuts_reviewed", "review_rows")]
    try:
        model = fit_acceptance(decided_labels(*parts), options.precision)
    except ValueError as error:
        print(f"fit_acceptance: {error}", file=sys.stderr)
        return 1
    model.write(options.output)
    print(
        f"{options.output}: from {model.decided} decisions; of what it accepts an estimated "
        f"{model.label_error:.2%} ({model.low:.2%} to {model.high:.2%}) is wrong, and of the right "
        f"labels it accepts {model.accepted_share:.1%}\n\nwhat counts, in standard deviations:"
    )
    for weight, name in sorted(zip(model.weights, FEATURES, strict=True), key=lambda w: -abs(w[0])):
        print(f"  {name:15s} {weight:+.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
