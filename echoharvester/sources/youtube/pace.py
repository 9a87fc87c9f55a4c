"""Politeness towards a site, shared by all processes that work on one data folder."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from echoharvester.errors import UserError

_LONGEST_PAUSE_SEC = 86400.0


class SiteClosedError(UserError):
    """The site has asked to slow down; nothing is requested until later."""


@dataclass(frozen=True)
class Pace:
    """A least time between requests, and a circuit breaker, in a small file with a lock.

    The file only delays; it decides nothing about the data and may be deleted at any time.

    Attributes:
        path: of the file.
        interval_sec: between two requests, of whichever process.
        pause_sec: how long the breaker stays open.
    """

    path: Path
    interval_sec: float = 1.0
    pause_sec: float = 900.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def wait(self) -> None:
        """Returns when the next request may be made.

        Raises:
            SiteClosedError: while the breaker is open.
        """
        with self._locked() as state:
            now = self.clock()
            left = state.get("closed_until", now) - now
            if 0 < left <= _LONGEST_PAUSE_SEC:  # more: the clock was set back
                raise SiteClosedError(
                    f"the site asked to slow down; run again in {left / 60:.0f} minutes, what is "
                    "done is kept"
                )
            begin = min(max(now, state.get("next_at", 0.0)), now + self.interval_sec * 60)
            state["next_at"] = begin + self.interval_sec
        self.sleep(max(0.0, begin - now))

    def close(self, seconds: float | None = None) -> None:
        """Opens the breaker: no process requests anything for `pause_sec`, or longer where asked."""
        with self._locked() as state:
            pause = min(max(seconds or 0.0, self.pause_sec), _LONGEST_PAUSE_SEC)
            state["closed_until"] = self.clock() + pause

    def _locked(self) -> _State:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return _State(self.path)


class _State:
    """The numbers in the file, locked from entry to exit."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (closed on exit)

    def __enter__(self) -> dict[str, float]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.seek(0)
        try:
            state = json.load(self._file)
            self._values = {str(k): float(v) for k, v in state.items()}
        except (ValueError, AttributeError, TypeError):  # new, or damaged
            self._values = {}
        return self._values

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._file.seek(0)
            self._file.truncate()
            json.dump(self._values, self._file)
        self._file.close()
