#!/usr/bin/env python
"""Publishes an exported data set on a hub, where its licences allow it; without --push it only says what it would do.

    python scripts/publish_dataset.py egs/korean_yt/data NAME/REPOSITORY
    python scripts/publish_dataset.py egs/korean_yt/data NAME/REPOSITORY --leave-out --push

The hub is the one of HF_ENDPOINT, with the token of HF_TOKEN.  Needs pip install '.[publish]'.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from echoharvester.dataset.publish import (  # noqa: E402
    HUB,
    Publication,
    check_splits,
    look_over,
    push,
    write_hub_folder,
)
from echoharvester.errors import UserError  # noqa: E402
from echoharvester.manifests.accounting import counted  # noqa: E402
from echoharvester.manifests.shards import read_cuts  # noqa: E402

SPLITS = ("train", "dev", "test")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("repository", help="NAME/REPOSITORY")
    parser.add_argument("--push", action="store_true", help="upload it")
    parser.add_argument("--public", action="store_true", help="a new repository is for everybody")
    parser.add_argument(
        "--leave-out", action="store_true", help="publish what may be, without the rest"
    )
    parser.add_argument(
        "--allow", action="append", default=[], metavar="LICENCE", help="as the source states it"
    )
    parser.add_argument("--contact", default="", help="whom to write to, for the card")
    parser.add_argument("--out", type=Path, help="write the folder there (DATA_DIR/hub)")
    options = parser.parse_args()
    try:
        return _publish(options)
    except UserError as error:
        print(f"publish_dataset: {error}", file=sys.stderr)
        return 1


def _publish(options: argparse.Namespace) -> int:
    folder, card_path = options.data_dir, options.data_dir / "data_card.json"
    paths = {name: folder / "manifests" / f"cuts_{name}.jsonl.gz" for name in SPLITS}
    splits = {name: partial(read_cuts, path) for name, path in paths.items() if path.exists()}
    manifest = folder / "manifest.jsonl.gz"
    if not splits or not card_path.exists() or not manifest.exists():
        raise UserError(f"{folder} holds no data set with splits; run stages 9 and 10")
    check_splits(splits, read_cuts(manifest))
    plan = look_over(splits, options.allow)
    print(_described(plan, options.repository))
    if plan.refusal() and not options.leave_out:
        raise UserError(plan.refusal())
    if not options.push and not options.out:
        print("nothing was written or sent: --out FOLDER writes it, --push uploads it")
        return 0
    card = json.loads(card_path.read_text(encoding="utf-8"))
    target = options.out or folder / HUB
    files = write_hub_folder(
        splits, target, card, plan, options.allow, options.repository, options.contact
    )
    print(f"{counted(len(files), 'file')} in {target}")
    if options.push:
        print(f"published: {push(target, options.repository, not options.public)}")
    return 0


def _described(plan: Publication, repository: str) -> str:
    lines = [f"{repository}:"]
    for name, count in plan.utterances.items():
        lines.append(f"  {name}: {counted(count, 'utterance')}, {plan.seconds[name] / 3600:.2f} h")
    for licence, count in plan.licences.most_common():
        lines.append(f"  licence {licence}: {counted(count, 'utterance')}")
    if plan.forbidden:
        lines.append(f"  left out for their licence: {len(plan.forbidden)} media")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
