"""Whisper in CTranslate2's form: what it hears in a window of sound, and how probable a given text is
there.

`force` is teacher forcing: every token's probability given the sound and the tokens before it, and
its time by the cross-attention of the alignment heads (Radford et al. 2022, arXiv:2212.04356;
`Whisper.align` of CTranslate2).  The encoder is run once for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import UserError
from echoharvester.models.device import device_of
from echoharvester.models.extras import require
from echoharvester.models.hub import loading

WINDOW_SEC = 30.0  # what Whisper was trained to hear at once
# Less is heard as well, as long as stillness follows, and costs a CPU far less: an encoder of 30 s takes
# more than twice as long as one of 20 s.
SHORT_WINDOW_SEC, STILLNESS_SEC = 20.0, 1.5
MIN_WINDOW_SEC = 10.0
FRAME_SEC = 0.02  # of its encoder's output
FEATURES_PER_FRAME = 2
BATCH_WINDOWS = 8  # searched together: a decoder's step reads all its weights, however many texts
MAX_TOKENS = 220  # of a window; beyond half of 448 it has begun to repeat itself
MAX_REPEATED_SHARE = 0.5  # of the tokens of a text in which one run of three comes again


@dataclass(frozen=True)
class ForcedWord:
    """A word of a given text in a window.

    Attributes:
        start_sec, end_sec: in the window; a pause in front of a word is part of it.
        log_probs: natural logarithms of the probabilities of its tokens.
    """

    text: str
    start_sec: float
    end_sec: float
    log_probs: tuple[float, ...]


@dataclass(frozen=True)
class Encoded:
    """The encoder's output for one window (num_frames_of_a_window, dim) in half precision, and how many
    frames of it are sound."""

    output: np.ndarray
    num_frames: int


class Whisper:
    """One multilingual model, loaded once."""

    def __init__(
        self,
        repo: str,
        device: str = "auto",
        compute_type: str = "auto",
        num_threads: int = 1,
        window_sec: float | None = None,
    ) -> None:
        """
        Args:
            repo: a size (large-v3), a folder, or the name of a repository on the hub.
            window_sec: what the encoder hears at once, at most 30; None: 30 on a GPU, 20 on a CPU.
            compute_type: of CTranslate2: int8, float32, float16 ...; auto: int8 on a CPU, float16 on a
                GPU.

        Raises:
            MissingExtraError: saying what to install.
            UserError: if it cannot be loaded, does not know Korean, or for another window.
        """
        self.name = f"{repo} {compute_type}"
        if window_sec is not None and not MIN_WINDOW_SEC <= window_sec <= WINDOW_SEC:
            raise UserError(f"window_sec={window_sec:g}: from {MIN_WINDOW_SEC:g} to {WINDOW_SEC:g}")
        package = require("faster_whisper", "whisper")
        from faster_whisper.tokenizer import Tokenizer

        place = device_of(device).partition(":")[0]
        self.window_sec = window_sec or (SHORT_WINDOW_SEC if place == "cpu" else WINDOW_SEC)
        precision = (
            ("int8" if place == "cpu" else "float16") if compute_type == "auto" else compute_type
        )
        with loading(repo, "a Whisper in CTranslate2's form"):
            self.model = package.WhisperModel(
                repo, device=place, compute_type=precision, cpu_threads=num_threads
            )
        if self.model.hf_tokenizer.token_to_id("<|ko|>") is None:
            raise UserError(f"{repo}: a Whisper of English only; choose a multilingual one")
        self._tokenizer = Tokenizer(self.model.hf_tokenizer, True, task="transcribe", language="ko")

    @property
    def max_sec(self) -> float:
        """Sound that fits into a window."""
        return self.window_sec - (0.5 if self.window_sec == WINDOW_SEC else STILLNESS_SEC)

    def encode(self, samples: np.ndarray) -> Encoded:
        """16 kHz samples (num_samples,) of at most `max_sec`."""
        from faster_whisper.transcribe import get_ctranslate2_storage

        features = self.model.feature_extractor(samples)
        num_features = round(self.window_sec / FRAME_SEC) * FEATURES_PER_FRAME
        frames = max(1, min(len(samples) * 100 // SAMPLING_RATE, num_features))
        padded = np.zeros((features.shape[0], num_features), np.float32)
        padded[:, : min(features.shape[1], num_features)] = features[:, :num_features]
        output = self.model.model.encode(get_ctranslate2_storage(padded[None]), to_cpu=True)
        return Encoded(np.asarray(output)[0].astype(np.float16), frames)

    def transcribe(self, encoded: Sequence[Encoded]) -> list[list[str]]:
        """The words that greedy search hears in each window; none where it repeats itself."""
        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        heard: list[list[str]] = []
        for first in range(0, len(encoded), BATCH_WINDOWS):
            batch = encoded[first : first + BATCH_WINDOWS]
            results = self.model.model.generate(
                _together(batch), [prompt] * len(batch), beam_size=1,
                max_length=MAX_TOKENS + len(prompt),
            )  # fmt: skip
            for result in results:
                ids = [i for i in result.sequences_ids[0] if i < self._tokenizer.eot]
                heard.append([] if _repeats(ids) else str(self._tokenizer.decode(ids)).split())
        return heard

    def force(self, encoded: Encoded, words: Sequence[str]) -> list[ForcedWord]:
        """Times and probabilities of the words of a text, in order; shorter where it is too long."""
        tokens: list[int] = []
        bounds = [0]
        for word in words:
            ids = self._tokenizer.encode(f" {word}")
            if len(tokens) + len(ids) > 2 * MAX_TOKENS:
                break
            tokens += ids
            bounds.append(len(tokens))
        if not tokens:
            return []
        (found,) = self.model.model.align(
            _together([encoded]), self._tokenizer.sot_sequence, [tokens], [encoded.num_frames],
            median_filter_width=7,
        )  # fmt: skip
        path = np.array(found.alignments, int).reshape(-1, 2)
        # The first frame of every token, and of what comes behind the last.
        begins = np.searchsorted(path[:, 0], np.arange(len(tokens) + 1))
        begins = np.minimum(begins, len(path) - 1)
        times = path[begins, 1] * FRAME_SEC
        times[-1] = max(times[-1], path[-1, 1] * FRAME_SEC)
        log_probs = np.log(np.maximum(found.text_token_probs, 1e-10))
        return [
            ForcedWord(word, float(times[a]), float(times[b]), tuple(map(float, log_probs[a:b])))
            for word, a, b in zip(words, bounds, bounds[1:], strict=False)
        ]


def _together(encoded: Sequence[Encoded]) -> Any:
    """What CTranslate2 takes as a batch."""
    from faster_whisper.transcribe import get_ctranslate2_storage

    return get_ctranslate2_storage(np.stack([e.output for e in encoded]).astype(np.float32))


def _repeats(ids: Sequence[int]) -> bool:
    """Whether a text goes round in circles, as it does over music and silence.

    >>> _repeats([1, 2, 3] * 8), _repeats(list(range(24)))
    (True, False)
    """
    runs = [tuple(ids[i : i + 3]) for i in range(len(ids) - 2)]
    return len(runs) > 12 and 1 - len(set(runs)) / len(runs) > MAX_REPEATED_SHARE
