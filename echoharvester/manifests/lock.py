"""One run at a time on a folder.

A small file says who works there.  Locks of file systems hang or lie on network disks, so it is
told from the file alone whether its owner lives: on the same machine by its process, elsewhere
by the file's age, which the owner renews.  It decides who may write, never what is written.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from echoharvester.errors import UserError

NAME = ".run.lock"
RENEW_SEC = 20.0
STALE_SEC = 180.0  # an owner elsewhere that has not renewed it for so long is gone


class LockedError(UserError):
    """Another run is at work; the message says which and what to do."""


@contextmanager
def locked(folder: Path, what: str) -> Iterator[Path]:
    """Holds a folder while the block runs; gives the path of the lock.

    Args:
        what: is being done, for whoever finds it locked.

    Raises:
        LockedError: if another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    mine: dict[str, object] = {"host": socket.gethostname(), "pid": os.getpid(), "what": what}
    _take(path, mine)
    done = threading.Event()
    threading.Thread(target=_renew, args=(path, done), daemon=True).start()
    try:
        yield path
    finally:
        done.set()
        if _is(_read(path), mine):
            path.unlink(missing_ok=True)


def _take(path: Path, mine: dict[str, object]) -> None:
    # A link to a file that is whole: nobody ever finds a lock that does not say whose it is.
    whole = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        whole.write_text(json.dumps(mine), encoding="utf-8")
        while True:
            try:
                os.link(whole, path)
                return
            except FileExistsError:
                holder = _read(path)
            if _is(holder, mine):
                os.replace(whole, path)
                return
            if holder is not None and _lives(path, holder):
                raise LockedError(_words(path, holder))
            if holder is not None:
                _remove_dead(path, holder)
    finally:
        whole.unlink(missing_ok=True)


def _remove_dead(path: Path, holder: str) -> None:
    """Takes away the lock that was found dead, and no other: somebody may have replaced it."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.gone")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return
    try:
        if _read(aside) != holder:
            os.link(aside, path)
    except FileExistsError:
        pass  # a third one was faster; it decides
    finally:
        aside.unlink(missing_ok=True)


def _is(holder: str | None, mine: dict[str, object]) -> bool:
    """Whether a lock is that of the same process."""
    owner = _owner(holder or "")
    return all(owner.get(key) == mine[key] for key in ("host", "pid"))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


def _owner(holder: str) -> dict[str, object]:
    try:
        found = json.loads(holder)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _lives(path: Path, holder: str) -> bool:
    owner = _owner(holder)
    if owner.get("host") == socket.gethostname() and isinstance(owner.get("pid"), int):
        try:
            os.kill(int(str(owner["pid"])), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # somebody else's process
        return True
    return _age_sec(path) < STALE_SEC


def _age_sec(path: Path) -> float:
    """By the clock of the disk, which may not be ours."""
    probe = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _renew(path: Path, done: threading.Event) -> None:
    while not done.wait(RENEW_SEC):
        with suppress(OSError):  # network disks have bad moments
            os.utime(path)


def _words(path: Path, holder: str) -> str:
    owner = _owner(holder)
    since = time.strftime("%H:%M", time.localtime(path.stat().st_mtime)) if path.exists() else "?"
    return (
        f"another run is at work here ({owner.get('what', 'unknown')}, process {owner.get('pid', '?')} on "
        f"{owner.get('host', '?')}, last seen {since}); wait for it or end it. If it is gone for "
        f"certain, delete {path}"
    )
