"""What went wrong, for people: the items that are errors, and the shards that failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TextIO

from echoharvester.manifests.shards import read_cuts
from echoharvester.pipeline.processes import since
from echoharvester.pipeline.progress import BEGUN, FAILED, Message

MAX_NAMED = 10  # errors that are printed; all are in the manifests
LOG_TAIL_LINES = 6


def name_errors(folder: Path, target: str, file: TextIO | None = None) -> None:
    """Prints what went wrong with which items, the first few of them."""
    out = file or sys.stderr
    paths = sorted(folder.glob(f"{target}.[0-9]*.errors.jsonl.gz"))
    failed = (cut["custom"]["error"]["message"] for path in paths for cut in read_cuts(path))
    for message in islice(failed, MAX_NAMED):
        print(f"  {message}", file=out)
    if more := sum(1 for _ in failed):
        print(f"  ... and {more} more in {folder}/{target}.*.errors.jsonl.gz", file=out)


def failures(name: str, logs: Mapping[int, tuple[Path, int]]) -> Iterator[str]:
    """Why shards failed: what their workers said, once for all that said the same, else the end of
    their logs.

    Args:
        logs: of each shard the log, and its size before the shard was run.
    """
    said: dict[str, list[int]] = {}
    for shard, (log, start) in logs.items():
        lines = since(log, start)
        messages = [message for line in lines if (message := Message.parse(line))]
        words = [line for line in lines if not Message.parse(line)]
        told = [m.values for m in messages if m.kind == FAILED]
        if told and not told[-1]["is_fault"]:
            said.setdefault(told[-1]["message"], []).append(shard)
            continue
        begun = [m.values["media_id"] for m in messages if m.kind == BEGUN]
        if begun:
            words.append(f"(the last media item it began: {begun[-1]})")
        tail = words[-LOG_TAIL_LINES:] or ["(nothing: it did not even start, or was cancelled)"]
        why = ""
        if told:
            why = f"unexpected {told[-1]['error']}: {told[-1]['message']}, a fault of the program; "
        yield "\n  ".join([f"{name}: shard {shard} failed; {why}the end of {log}:", *tail])
    for text, shards in said.items():
        which = "shard" if len(shards) == 1 else "shards"
        yield f"{name}: {which} {', '.join(map(str, shards))}: {text}"
