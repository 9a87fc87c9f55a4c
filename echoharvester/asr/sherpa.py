"""Recognition by sherpa-onnx: Zipformer CTC or transducer files, on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.asr.base import in_batches
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import UserError
from echoharvester.models.hub import loading
from echoharvester.text.tokenizers import SPACE, SPECIAL, tokenizer_from_symbols

# Models without padding drop the sound of their last frames: silence behind it gives them back.
_TAIL = np.zeros(round(0.16 * SAMPLING_RATE), np.float32)


class SherpaRecogniser:
    """Batches utterances by length; one model, loaded once."""

    def __init__(
        self,
        model: Path,
        tokens: Path | None = None,
        decoder: Path | None = None,
        joiner: Path | None = None,
        num_threads: int = 1,
        batch_sec: float = 60.0,
    ) -> None:
        """
        Args:
            model: a CTC model; with `decoder` and `joiner` the encoder of a transducer.
            tokens: None: `tokens.txt` beside the model.

        Raises:
            FileNotFoundError: naming the file.
            UserError: for half a transducer.
            RuntimeError: if sherpa-onnx cannot use the model.
        """
        if (decoder is None) != (joiner is None):
            raise UserError("asr.decoder and asr.joiner: a transducer has both, a CTC model none")
        tokens = tokens or model.with_name("tokens.txt")
        for path in filter(None, (model, tokens, decoder, joiner)):
            # sherpa-onnx ends the whole process over a file that is not there.
            if not path.is_file() or path.stat().st_size == 0:
                raise FileNotFoundError(f"{path}: no such file, or empty; set asr, or run stage 0")
        self._recogniser = _make(model, tokens, decoder, joiner, num_threads)
        self._symbols = [
            line.rsplit(maxsplit=1)[0] if not line.startswith(" ") else " "
            for line in tokens.read_text(encoding="utf-8").splitlines()
        ]
        self.batch_sec = batch_sec

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        return in_batches(utterances, self.batch_sec, self._batch)

    def _batch(self, utterances: list[np.ndarray]) -> list[str]:
        streams = []
        for utterance in utterances:
            stream = self._recogniser.create_stream()
            stream.accept_waveform(SAMPLING_RATE, np.concatenate([utterance, _TAIL]))
            streams.append(stream)
        self._recogniser.decode_streams(streams)
        return [self._text(stream.result) for stream in streams]

    def _text(self, result: Any) -> str:
        """Our own tokens put together by their tokenizer (jamo to syllables); else as it comes."""
        if tuple(self._symbols[:3]) != SPECIAL:
            return str(result.text).strip()
        tokenizer = tokenizer_from_symbols(self._symbols)
        ids = {symbol: i for i, symbol in enumerate(self._symbols)}
        return tokenizer.decode(ids[token.replace(" ", SPACE)] for token in result.tokens)


def _make(
    model: Path, tokens: Path, decoder: Path | None, joiner: Path | None, num_threads: int
) -> Any:
    import sherpa_onnx

    if decoder is None:
        with loading(str(model), "a CTC model for sherpa-onnx"):
            return sherpa_onnx.OfflineRecognizer.from_zipformer_ctc(
                str(model), str(tokens), num_threads=num_threads
            )
    return sherpa_onnx.OfflineRecognizer.from_transducer(
        encoder=str(model),
        decoder=str(decoder),
        joiner=str(joiner),
        tokens=str(tokens),
        num_threads=num_threads,
    )
