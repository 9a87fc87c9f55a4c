"""Errors that people can mend, apart from faults of the program.

Whoever runs a stage shows a `UserError`, or an error of files and networks (`OSError`), as it is:
one line that names the item and the remedy.  Any other exception is a fault of the program and is
shown as such, with the log to report it with.
"""

from __future__ import annotations


class UserError(ValueError):
    """Something that the user can mend; the message names the item and the remedy."""


class MissingExtraError(UserError, ImportError):
    """A package that an optional part needs is not installed; the message says how to install it."""


class OutOfMemoryError(UserError, MemoryError):
    """Memory does not suffice; the message says for what."""


class DivergedError(UserError, FloatingPointError):
    """A model gives numbers that are not finite, or its training does."""
