"""Files that are named by an address on a hub, fetched once and checked."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError

# Korean checkpoints made with icefall, by short names.
KNOWN = {
    "ksponspeech-zipformer": "hf://johnBamma/icefall-asr-ksponspeech-zipformer-2024-06-24/exp/pretrained.pt",
}


def is_address(reference: str) -> bool:
    """Whether something has to be fetched; else it is a path."""
    return reference in KNOWN or reference.startswith("hf://")


def fetch(reference: str) -> Path:
    """A local path for a path, a name of `KNOWN`, `hf://OWNER/REPO/FILE[@SHA256]`, or, for a folder,
    `hf://OWNER/REPO`.

    A file without a checksum has to be the one of the hub's own (its LFS digest).

    Raises:
        UserError: if the address is malformed, or the file is not the one of the checksum.
        OSError: if it cannot be fetched.
    """
    reference = KNOWN.get(reference, reference)
    if not reference.startswith("hf://"):
        return Path(reference)
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:/([\w./-]+?)(?:@([0-9a-f]{64}))?)?", reference)
    if not match:
        raise UserError(
            f"{reference}: expected hf://OWNER/REPO, hf://OWNER/REPO/FILE or ...@SHA256"
        )
    repo, name, expected = match.groups()
    if name is None:
        return fetch_repository(repo)
    from huggingface_hub import hf_hub_download

    # It tries five times and tells of each; the error that comes in the end says it once.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        path = Path(hf_hub_download(repo, name))
    except ValueError as error:  # a name that no repository can have, or nothing of it is here
        raise UserError(f"{reference}: {error}") from error
    expected = expected or _digest_of_hub(path)
    found = file_sha256(path)
    if expected and found != expected:
        raise UserError(f"{path}: SHA-256 is {found}, not {expected}; delete it and fetch it again")
    return path


def file_sha256(path: Path) -> str:
    """The digest that `@SHA256` behind an address means, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_hub(path: Path) -> str | None:
    """What the hub says the SHA-256 of a large file is: its cache names the content by it."""
    name = path.resolve().name
    return name if re.fullmatch("[0-9a-f]{64}", name) else None


@contextmanager
def loading(model: str, what: str) -> Iterator[None]:
    """Says of a model that cannot be loaded which it is and what may be named in its place.

    Args:
        what: it should be: "a Whisper in CTranslate2's form".

    Raises:
        UserError: for whatever the library that loads it raises.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:  # every library has its own kinds
        raise UserError(
            f"{model}: cannot be loaded as {what} ({type(error).__name__}: {error}); name another file or "
            "folder, or a repository of the hub, and run stage 0 to fetch it"
        ) from error


def addresses_in(settings: Any) -> Iterator[str]:
    """All addresses of files in plain settings, however deep."""
    if isinstance(settings, dict):
        for value in settings.values():
            yield from addresses_in(value)
    elif isinstance(settings, str) and is_address(settings):
        yield settings


def fetch_repository(repo: str, revision: str | None = None) -> Path:
    """The folder of a model: itself, or what the hub has under that name.

    Raises:
        OSError: if it cannot be fetched.
    """
    if Path(repo).is_dir():
        return Path(repo)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, revision=revision))
    except ValueError as error:
        raise UserError(f"{repo}: no folder, and no repository of a hub ({error})") from error
