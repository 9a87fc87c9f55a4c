"""Files that are named by an address on a hub, fetched once and checked."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

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
        ImportError: if huggingface_hub is needed and missing.
        ValueError: if the address is malformed, or the file is not the one of the checksum.
    """
    reference = KNOWN.get(reference, reference)
    if not reference.startswith("hf://"):
        return Path(reference)
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)/([\w./-]+?)(?:@([0-9a-f]{64}))?", reference)
    if not match:
        raise ValueError(f"{reference}: expected hf://OWNER/REPO/FILE or ...@SHA256")
    repo, name, expected = match.groups()
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise ImportError(f"{reference} needs huggingface_hub: pip install -e .[hub]") from error
    path = Path(hf_hub_download(repo, name))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is None:
        print(f"{reference}: SHA-256 {found}; write @{found} behind the address to pin it")
    elif found != expected:
        raise ValueError(
            f"{path}: SHA-256 is {found}, not {expected}; delete it and fetch it again"
        )
    return path
