"""Work on many items in several processes, in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from echoharvester.errors import OutOfMemoryError

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(work: Callable[[T], R], items: Iterable[T], num_workers: int) -> Iterator[R]:
    """Results in the order of `items`, of which no more than two per worker wait in memory.

    (`lhotse.parallel.parallel_map` reads its items in a thread, and takes an error there for their
    end.)

    Args:
        num_workers: processes; 1: this one alone.

    Raises:
        MemoryError: when a process was killed.
    """
    if num_workers <= 1:
        yield from map(work, items)
        return
    running: deque[Future[R]] = deque()
    with ProcessPoolExecutor(num_workers, initializer=_start_worker) as pool:
        try:
            for item in items:
                running.append(pool.submit(work, item))
                if len(running) > 2 * num_workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BrokenProcessPool as error:
            raise OutOfMemoryError(
                f"one of {num_workers} processes was killed, most likely for want of memory; give more, "
                "or let fewer run (num_workers)"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def usable_cores() -> int:
    """How many cores this process may use: those of its Slurm job, where it is in one."""
    share = os.environ.get("SLURM_CPUS_PER_TASK", "")
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, int(share) if share.isdigit() else allowed or 1)


def _start_worker() -> None:
    """The terminal's signal is for the parent; when that is killed, this process ends before
    another run writes to the same place."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
