#!/usr/bin/env python3
"""Compares this project's Zipformer2, ScaledAdam or Eden with reference numbers.

    scripts/check_parity.py tests/fixtures/zipformer2/zipformer2_tiny.json

The last line holds the largest differences as parts of what is allowed; the exit status is 1
when one is above 1.  tests/fixtures/zipformer2/README.md describes the files.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="reference numbers; a .npz may lie beside it")
    parser.add_argument("--num-threads", type=int, default=0, help="0: torch's own choice")
    arguments = parser.parse_args()
    import torch

    from echoharvester.training.parity import compare

    if arguments.num_threads:
        torch.set_num_threads(arguments.num_threads)
    try:
        reference = json.loads(arguments.file.read_text(encoding="utf-8"))
        differences = compare(reference, arguments.file.parent)
    except (OSError, ValueError, KeyError) as error:
        print(f"{arguments.file}: {error}")
        return 1
    too_large = [name for name, value in differences.items() if not value <= 1.0]
    listed = ", ".join(f"{name} {value:.2g}" for name, value in differences.items())
    verdict = f"too large: {', '.join(too_large)}" if too_large else "agrees"
    print(f"{arguments.file.name}: {verdict} (parts of what is allowed: {listed})")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
