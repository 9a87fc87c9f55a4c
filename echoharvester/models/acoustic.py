"""A trained CTC model as a function from sound to log-probabilities, from `.pt` or `.onnx`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from echoharvester.audio.fbank import FRAME_SHIFT_SEC, NUM_BINS, SAMPLING_RATE, fbank
from echoharvester.errors import DivergedError
from echoharvester.models.hub import loading
from echoharvester.text.tokenizers import Tokenizer, read_tokenizer

# features (N, T, 80), lens (N,) -> log-probabilities (N, T', V), lens (N,)
Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class AcousticModel:
    """Log-probabilities of recordings of any length.

    Attributes:
        frame_sec: time between output frames.
        first_frame_sec: time of the middle of output frame 0.
    """

    def __init__(
        self,
        forward: Forward,
        tokenizer: Tokenizer,
        subsampling_factor: int,
        first_frame: float,
        name: str,
    ) -> None:
        self.forward, self.tokenizer, self.name = forward, tokenizer, name
        self.frame_sec = subsampling_factor * FRAME_SHIFT_SEC
        self.first_frame_sec = (first_frame + 0.5) * FRAME_SHIFT_SEC  # frame k is k to k + 1

    @property
    def samples_per_frame(self) -> int:
        return round(self.frame_sec * SAMPLING_RATE)

    def log_probs(
        self,
        samples: np.ndarray,
        chunk_sec: float = 20.0,
        context_sec: float = 2.0,
        batch_size: int = 4,
    ) -> np.ndarray:
        """(num_samples,) at 16 kHz to (T', V), T' = num_samples / samples_per_frame, rounded up.

        Long sound is cut into chunks that see `context_sec` on both sides; their edges are
        dropped, so that where chunks meet does not show.
        """
        step = self.samples_per_frame
        total = -(-len(samples) // step)
        chunk, context = round(chunk_sec / self.frame_sec), round(context_sec / self.frame_sec)
        # Unpadded convolutions eat the last frames: silence behind the sound gives them back.
        padded = np.pad(samples, (0, (total + 4) * step - len(samples)))
        starts = list(range(0, total, chunk))
        rows: list[np.ndarray] = []
        for i in range(0, len(starts), batch_size):
            spans = [
                (max(0, s - context), min(total, s + chunk + context))
                for s in starts[i : i + batch_size]
            ]
            features = [fbank(padded[a * step : (b + 4) * step]).numpy() for a, b in spans]
            outputs = self._batch(features)
            for start, (first, _), output in zip(
                starts[i : i + batch_size], spans, outputs, strict=True
            ):
                stop = min(total, start + chunk)
                rows.append(output[start - first : stop - first])
        return (
            np.concatenate(rows) if rows else np.zeros((0, len(self.tokenizer.symbols)), np.float32)
        )

    def batch_log_probs(self, utterances: list[np.ndarray]) -> list[np.ndarray]:
        """Log-probabilities of short utterances in one batch, each (T', V)."""
        step = self.samples_per_frame
        return self._batch([fbank(np.pad(u, (0, 4 * step))).numpy() for u in utterances])

    def _batch(self, features: list[np.ndarray]) -> list[np.ndarray]:
        lens = np.array([len(f) for f in features], np.int64)
        batch = np.full((len(features), int(lens.max()), NUM_BINS), -23.0259, np.float32)
        for row, utterance in zip(batch, features, strict=True):
            row[: len(utterance)] = utterance
        log_probs, out_lens = self.forward(batch, lens)
        if not np.isfinite(log_probs).all():
            raise DivergedError(f"{self.name}: gives values that are not finite")
        return [row[:length] for row, length in zip(log_probs, out_lens, strict=True)]


@lru_cache(maxsize=2)
def load_acoustic_model(path: Path, num_threads: int = 1) -> AcousticModel:
    """A checkpoint of stage 11 (`.pt`) or an exported model (`.onnx`, `tokens.txt` beside it).

    Raises:
        FileNotFoundError: if the model or its tokens are missing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model; set the path, or run stage 0 to fetch it")
    return (_from_onnx if path.suffix == ".onnx" else _from_checkpoint)(path, num_threads)


def _from_onnx(path: Path, num_threads: int) -> AcousticModel:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    with loading(str(path), "an ONNX model"):
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    metadata = session.get_modelmeta().custom_metadata_map
    tokenizer = read_tokenizer(path.parent)

    def forward(features: np.ndarray, lens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_probs, out_lens = session.run(None, {"x": features, "x_lens": lens})
        return log_probs, out_lens

    factor = int(metadata.get("subsampling_factor", 4))
    first_frame = float(metadata.get("first_frame", 3.0))
    return AcousticModel(forward, tokenizer, factor, first_frame, str(path))


def _from_checkpoint(path: Path, num_threads: int) -> AcousticModel:
    import torch

    from echoharvester.models.checkpoint import load_model

    torch.set_num_threads(num_threads)
    model, tokenizer = load_model(path)

    @torch.inference_mode()
    def forward(features: np.ndarray, lens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_probs, out_lens = model(torch.from_numpy(features), torch.from_numpy(lens))
        return log_probs.numpy(), out_lens.numpy()

    encoder = model.encoder
    return AcousticModel(
        forward, tokenizer, encoder.subsampling_factor, encoder.first_frame, str(path)
    )
