"""Agreement of models, optimiser and schedule with reference numbers measured elsewhere.

Each comparison returns differences as parts of what is allowed: 1 and below agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.training.parity.optim import compare_eden, compare_scaled_adam
from echoharvester.training.parity.regularizers import compare_regularizers
from echoharvester.training.parity.zipformer import compare_zipformer

Compare = Callable[[Mapping[str, Any], Path], dict[str, float]]

COMPARISONS: dict[str, Compare] = {
    "zipformer2": compare_zipformer,
    "scaled_adam": compare_scaled_adam,
    "eden": compare_eden,
    "regularizers": compare_regularizers,
}


def compare(reference: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """Differences from one reference file, by what is compared.

    Raises:
        UserError: if the file is of no known kind, or what it describes cannot be built.
    """
    kind = reference.get("kind")
    if kind not in COMPARISONS:
        raise UserError(f"kind is one of {sorted(COMPARISONS)}, not {kind!r}")
    return COMPARISONS[kind](reference, folder)
