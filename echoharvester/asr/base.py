"""What a recogniser is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Recogniser(Protocol):
    """Turns utterances into text."""

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        """16 kHz utterances, each (num_samples,), to what was heard; "" for nothing heard.

        A fault is an exception, never an empty text.
        """
        ...
