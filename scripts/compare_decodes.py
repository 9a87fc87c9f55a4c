#!/usr/bin/env python
"""Two folders of decoding results (stage 12), or two recogs files, compared.

    python scripts/compare_decodes.py exp/MODEL/ctc_greedy exp/MODEL/hlg
    python scripts/compare_decodes.py A/recogs-test-best.txt B/recogs-test-best.txt --most 20

Of folders, the settings that stage 12 chose (on the first set) are compared, else those with the
fewest errors on each set.  Prints, for every set,
both error rates with their intervals, how sure it is that the second is better, and the utterances
that changed most.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from echoharvester.decoding.compare import Comparison, compare, read_recogs
from echoharvester.text.scores import count_errors, total


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--most", type=int, default=5, help="changed utterances that are shown")
    options = parser.parse_args()
    try:
        pairs = _pairs(options.first, options.second)
        for name, first, second in pairs:
            print(f"{name}: {first.name} against {second.name}")
            _show(compare(first, second), options.most)
    except (ValueError, OSError) as error:
        print(f"compare_decodes: {error}", file=sys.stderr)
        return 1
    return 0


def _pairs(first: Path, second: Path) -> list[tuple[str, Path, Path]]:
    if first.is_file() and second.is_file():
        return [("recogs", first, second)]
    one, two = _best(first), _best(second)
    shared = sorted(one.keys() & two.keys())
    if not shared:
        raise ValueError(f"{first} and {second} have no set in common (recogs-SET-*.txt)")
    return [(name, one[name], two[name]) for name in shared]


_NAME = re.compile(r"recogs-(?P<set>.+?)-(?P<setting>(best|last|averaged|epoch-\d+).*)")


def _best(folder: Path) -> dict[str, Path]:
    """A recogs file of every set: of the setting that was chosen, else with the fewest errors."""
    chosen: dict[str, str | None] = {}
    for record in folder.glob("decode*.json"):
        sets = json.loads(record.read_text(encoding="utf-8"))["sets"]
        chosen |= {name: of_set.get("setting") for name, of_set in sets.items()}
    found: dict[str, tuple[float, Path]] = {}
    for path in sorted(folder.glob("recogs-*.txt")):
        match = _NAME.fullmatch(path.stem)
        name = match["set"] if match else path.stem.partition("-")[2]
        if match and chosen.get(name) not in (None, match["setting"]):
            continue
        rate = total(count_errors(*pair) for pair in read_recogs(path).values()).rate
        if name not in found or rate < found[name][0]:
            found[name] = rate, path
    return {name: path for name, (_, path) in found.items()}


def _show(found: Comparison, most: int) -> None:
    for which, counts, interval in (
        ("first ", found.first, found.first_ci95),
        ("second", found.second, found.second_ci95),
    ):
        print(
            f"  {which} {100 * counts.rate:.2f} % [ {counts.errors} / {counts.reference_length} ] "
            f"95 % CI {100 * interval[0]:.2f} to {100 * interval[1]:.2f}"
        )
    print(f"  the second is better in {found.p_second_better:.1%} of the bootstrap samples")
    for changed in found.changed[:most]:
        print(
            f"  {changed.id}: {changed.first_errors} -> {changed.second_errors} errors\n"
            f"    ref {changed.reference}\n    1st {changed.first}\n    2nd {changed.second}"
        )
    if len(found.changed) > most:
        print(f"  ... and {len(found.changed) - most} more changed")


if __name__ == "__main__":
    sys.exit(main())
