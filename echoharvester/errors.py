"""Errors that people can mend, apart from faults of the program.

Whoever runs a stage shows a `UserError`, or an error of files and networks (`OSError`), as it is:
one line that names the item and the remedy.  Any other exception is a fault of the program and is
shown as such, with the log to report it with.
"""

from __future__ import annotations

import errno
from pathlib import Path


class UserError(ValueError):
    """Something that the user can mend; the message names the item and the remedy."""


class MissingExtraError(UserError, ImportError):
    """A package that an optional part needs is not installed; the message says how to install it."""


class OutOfMemoryError(UserError, MemoryError):
    """Memory does not suffice; the message says for what."""


class DiskFullError(UserError, OSError):
    """A disk has no room left: no fault of the item that was being written."""


class DivergedError(UserError, FloatingPointError):
    """A model gives numbers that are not finite, or its training does."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or what caused it, says that there is no room left."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def disk_full(folder: Path) -> DiskFullError:
    """The error of a folder on a disk without room."""
    return DiskFullError(
        f"{folder}: No space left on device; free some, or set another data_dir, and run the same "
        "command: what is done stays"
    )
