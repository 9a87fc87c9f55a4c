"""Work on many items in several processes, in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(work: Callable[[T], R], items: Iterable[T], num_workers: int) -> Iterator[R]:
    """Results in the order of `items`, of which no more than two per worker wait in memory.

    (`lhotse.parallel.parallel_map` reads its items in a thread, and takes an error there for their
    end.)

    Args:
        num_workers: processes; 1: this one alone.
    """
    if num_workers <= 1:
        yield from map(work, items)
        return
    running: deque[Future[R]] = deque()
    with ProcessPoolExecutor(num_workers, initializer=_end_with, initargs=(os.getpid(),)) as pool:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > 2 * num_workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def usable_cores() -> int:
    """How many cores this process may use: those of its Slurm job, not of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with(parent: int) -> None:
    """Ends this process when its parent was killed, before another run writes to the same place."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the parent, too
    threading.Thread(target=watch, daemon=True).start()
