"""Files that are named by an address on a hub, fetched once and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
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
    """A local path for a path, a name of `KNOWN`, or `hf://OWNER/REPO/FILE[@SHA256]`.

    Raises:
        UserError: if the address is malformed, or the file is not the one of the checksum.
    """
    reference = KNOWN.get(reference, reference)
    if not reference.startswith("hf://"):
        return Path(reference)
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)/([\w./-]+?)(?:@([0-9a-f]{64}))?", reference)
    if not match:
        raise UserError(f"{reference}: expected hf://OWNER/REPO/FILE or ...@SHA256")
    repo, name, expected = match.groups()
    from huggingface_hub import hf_hub_download

    path = Path(hf_hub_download(repo, name))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is None:
        print(f"{reference}: SHA-256 {found}; write @{found} behind the address to pin it")
    elif found != expected:
        raise UserError(f"{path}: SHA-256 is {found}, not {expected}; delete it and fetch it again")
    return path


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

    return Path(snapshot_download(repo, revision=revision))
