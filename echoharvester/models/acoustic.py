"""A trained CTC model as a function from sound to log-probabilities: ours, or another maker's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from echoharvester.audio.fbank import FRAME_SHIFT_SEC, NUM_BINS, fbank
from echoharvester.errors import UserError
from echoharvester.models.emissions import AcousticModel
from echoharvester.models.hub import loading
from echoharvester.text.tokenizers import Tokenizer, read_tokenizer

# features (N, T, 80), lens (N,) -> log-probabilities (N, T', V), lens (N,)
Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class FbankModel(AcousticModel):
    """One of our models: it hears 80 Mel filters."""

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

    def hear(self, sounds: Sequence[np.ndarray]) -> list[np.ndarray]:
        features = [fbank(sound).numpy() for sound in sounds]
        lens = np.array([len(f) for f in features], np.int64)
        batch = np.full((len(features), int(lens.max()), NUM_BINS), -23.0259, np.float32)
        for row, utterance in zip(batch, features, strict=True):
            row[: len(utterance)] = utterance
        log_probs, out_lens = self.forward(batch, lens)
        return [row[:length] for row, length in zip(log_probs, out_lens, strict=True)]


@lru_cache(maxsize=2)
def load_acoustic_model(
    path: Path, num_threads: int = 1, tokens: Path | None = None
) -> AcousticModel:
    """A CTC model: a checkpoint of stage 11 (`.pt`), an ONNX file (ours, or an Omnilingual model of
    sherpa-onnx), or a folder of a CTC model of transformers.

    Args:
        tokens: of an ONNX file; None: `tokens.txt` beside it.

    Raises:
        FileNotFoundError: if the model or its tokens are missing.
        UserError: if it is no such model.
    """
    path = Path(path)
    if path.is_dir():
        from echoharvester.models.raw_ctc import transformers_model

        return transformers_model(path, num_threads)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model; set the path, or run stage 0 to fetch it")
    if path.suffix == ".onnx":
        return _from_onnx(path, num_threads, tokens or path.with_name("tokens.txt"))
    return _from_checkpoint(path, num_threads)


def load_fbank_model(path: Path) -> FbankModel:
    """One of our models, see `load_acoustic_model`.

    Raises:
        UserError: if it is another maker's.
    """
    model = load_acoustic_model(path)
    if not isinstance(model, FbankModel):
        raise UserError(f"{path}: no model of this project")
    return model


def _from_onnx(path: Path, num_threads: int, tokens: Path) -> AcousticModel:
    import onnxruntime

    from echoharvester.models.raw_ctc import OMNILINGUAL, omnilingual_model

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    with loading(str(path), "an ONNX model"):
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    metadata = session.get_modelmeta().custom_metadata_map
    if metadata.get("model_type") == OMNILINGUAL:
        return omnilingual_model(session, tokens, str(path))
    names = [i.name for i in session.get_inputs()]
    if names != ["x", "x_lens"]:
        raise UserError(
            f"{path}: its inputs are {', '.join(names)}; known are our exports (x, x_lens) and "
            f"Omnilingual models of sherpa-onnx (metadata model_type={OMNILINGUAL})"
        )
    tokenizer = read_tokenizer(tokens.parent)

    def forward(features: np.ndarray, lens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_probs, out_lens = session.run(None, {"x": features, "x_lens": lens})
        return log_probs, out_lens

    factor = int(metadata.get("subsampling_factor", 4))
    first_frame = float(metadata.get("first_frame", 3.0))
    return FbankModel(forward, tokenizer, factor, first_frame, str(path))


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
    return FbankModel(
        forward, tokenizer, encoder.subsampling_factor, encoder.first_frame, str(path)
    )
