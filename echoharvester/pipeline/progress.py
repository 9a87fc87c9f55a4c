"""What a worker and its driver tell each other: both ends of every message.

A worker writes JSON lines between whatever else it prints, each with the key `echo`; what it must
know beforehand comes in environment variables.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = "echo"
_START = f'{{"{_KEY}": '
BEGUN, DONE, FAILED, RETRIED, NEXT = "begun", "done", "failed", "retried", "next"
# Environment variables.
_CRASHED, _ISOLATED, _GOES_ON = "ECHO_CRASHED", "ECHO_ISOLATED", "ECHO_GOES_ON"


@dataclass(frozen=True)
class Message:
    """A line of a worker.

    Attributes:
        kind: begun (a media item), done (so many items), failed (and why), retried (a shard whose
            worker crashed, by the task of Slurm that runs it), next (its shard is done: which now?).
        values: what goes with it.
    """

    kind: str
    values: Mapping[str, Any]

    @classmethod
    def parse(cls, line: str) -> Message | None:
        """The message in a line; None where it is none.

        >>> Message.parse('{"echo": "done", "items": 3}')
        Message(kind='done', values={'items': 3})
        """
        if not line.startswith(_START):
            return None
        try:
            values = json.loads(line)
        except ValueError:
            return None
        return cls(str(values.pop(_KEY)), values)


def tell(kind: str, **values: Any) -> None:
    """Writes a message; it is on its way when this returns."""
    print(json.dumps({_KEY: kind, **values}, ensure_ascii=False), flush=True)


def tell_failure(error: BaseException, is_fault: bool) -> None:
    """Says why a worker gives up, and whether that is a fault of the program."""
    tell(FAILED, error=type(error).__name__, message=str(error), is_fault=is_fault)


def worker_environment(crashed: Sequence[str], isolated: bool) -> dict[str, str]:
    """What a worker has to know: see `ProgressReporter` and `next_shard`."""
    return {
        _CRASHED: " ".join(crashed),
        _ISOLATED: "1" if isolated else "",
        _GOES_ON: "" if isolated else "1",
    }


def next_shard() -> int | None:
    """Asks the driver which shard to go on with; None: the worker is to end.

    A process that goes on has its program and its models in memory already.
    """
    if not os.environ.get(_GOES_ON):
        return None
    print()  # what a library left unfinished on its line must not hide the question
    tell(NEXT)
    answer = sys.stdin.readline().strip()
    return int(answer) if answer else None


class ProgressReporter:
    """Tells the driver how far a shard is; see `manifests.runner.ProgressReporter`.

    Attributes:
        crashed: media items that workers have crashed on.
        isolated: whether nothing may be prefetched.
    """

    def __init__(self) -> None:
        self.crashed: Collection[str] = os.environ.get(_CRASHED, "").split()
        self.isolated = bool(os.environ.get(_ISOLATED))

    def begun(self, media_id: str) -> None:
        tell(BEGUN, media_id=media_id)

    def done(self, items: int) -> None:
        tell(DONE, items=items)
