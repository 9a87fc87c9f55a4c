#!/usr/bin/env python
"""Kept segments judged against the truth of the synthetic library, by kind of caption fault.

python scripts/bench_truth.py [DATA_DIR]        (default egs/mini_ko/data)
"""

from __future__ import annotations

import argparse
from pathlib import Path

from echoharvester.manifests.shards import read_all_cuts, read_cuts
from echoharvester.report.truth import judge, table
from echoharvester.review.merge import exportable

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", nargs="?", type=Path, default=ROOT / "egs/mini_ko/data")
    data_dir = parser.parse_args().data_dir
    kept = filter(exportable, read_all_cuts(data_dir / "manifests", "cuts_reviewed"))
    print(table(judge(kept, read_cuts(data_dir / "truth" / "cuts_truth.0.jsonl.gz"))))


if __name__ == "__main__":
    main()
