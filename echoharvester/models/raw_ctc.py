"""CTC models of other makers that hear samples: Omnilingual ASR, and those of transformers.

Their vocabularies are mapped onto the ids that this project shares with icefall: the blank is
column 0, `<sos/eos>` and `<unk>` are columns that never win.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import UserError
from echoharvester.models.emissions import NEVER, AcousticModel
from echoharvester.models.extras import require
from echoharvester.models.hub import loading
from echoharvester.text.hangul import conjoining, from_jamo, is_syllable, to_jamo, to_letters
from echoharvester.text.tokenizers import BLANK_ID, SOS_EOS_ID, SPACE, SPECIAL, UNK_ID, WILDCARD_ID

OMNILINGUAL = "omnilingual-asr"  # metadata model_type of sherpa-onnx's export
MAX_SEC = 38.0  # that it hears at once: 40, and the silence behind
FRAME_SEC = 0.02  # of the convolutions of wav2vec 2.0, whose first frame sees 25 ms
FIRST_FRAME_SEC = 0.0125


class ForeignTokenizer:
    """A vocabulary of characters, syllables or Hangul letters as another maker has ordered it.

    Attributes:
        symbols: `SPECIAL`, then all others in their order; "" for what is no text.
        columns: of the model's output, for each of `symbols` behind `SPECIAL`.
        blank: column of CTC's blank.
    """

    def __init__(self, vocabulary: Sequence[str], blank: int, space: int | None) -> None:
        """
        Args:
            vocabulary: symbol of each column; "" or in angle or square brackets: no text.
        """
        self.blank = blank
        self.columns = np.array([i for i in range(len(vocabulary)) if i != blank], int)
        texts = [_text(symbol) for symbol in vocabulary]
        if space is not None:
            texts[space] = SPACE
        self.symbols = (*SPECIAL, *(texts[i] for i in self.columns))
        self._ids = {s: i for i, s in enumerate(self.symbols) if s and i > UNK_ID}

    def mapped(self, log_probs: np.ndarray) -> np.ndarray:
        """The model's log-probabilities (T, V) in the order of `symbols`."""
        never = np.full((len(log_probs), 1), NEVER, np.float32)
        blank = log_probs[:, self.blank : self.blank + 1]
        return np.concatenate([blank, never, never, log_probs[:, self.columns]], axis=1)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; a syllable that cannot be spelt is `WILDCARD_ID`, anything else `<unk>`."""
        ids: list[int] = []
        for char in unicodedata.normalize("NFC", " ".join(text.split())):
            ids += self._of_char(SPACE if char == " " else char)
        return ids

    def _of_char(self, char: str) -> list[int]:
        for form in (char, char.lower(), char.upper()):
            if form in self._ids:
                return [self._ids[form]]
        if char == SPACE:
            return []
        if is_syllable(char):
            for units in (to_jamo(char), to_jamo(char, silent_onset=False), to_letters(char)):
                if all(unit in self._ids for unit in units):
                    return [self._ids[unit] for unit in units]
            return [WILDCARD_ID]
        return [UNK_ID]

    def decode(self, ids: Iterable[int]) -> str:
        symbols = [self.symbols[i] for i in ids if i not in (BLANK_ID, SOS_EOS_ID, UNK_ID)]
        text = from_jamo("".join(conjoining(symbols)))
        return " ".join(text.replace(SPACE, " ").split())


def _text(symbol: str) -> str:
    special = symbol[:1] + symbol[-1:] in ("<>", "[]") and len(symbol) > 2
    return "" if special else symbol


class OmnilingualModel(AcousticModel):
    """sherpa-onnx's export of Meta's Omnilingual ASR.

    Source:
        arXiv:2511.09690; input `x` (N, num_samples) of mean 0 and variance 1, output `logits` (N, T, V).
    """

    frame_sec, first_frame_sec = FRAME_SEC, FIRST_FRAME_SEC

    def __init__(self, session: Any, tokenizer: ForeignTokenizer, name: str) -> None:
        self.session, self.tokenizer, self.name = session, tokenizer, name
        self._names = session.get_inputs()[0].name, session.get_outputs()[0].name
        self._foreign = tokenizer

    def hear(self, sounds: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self._of_one(np.asarray(sound, np.float32)) for sound in sounds]

    def _of_one(self, sound: np.ndarray) -> np.ndarray:
        """One by one: padding would change what normalised sound is."""
        limit = round(MAX_SEC * SAMPLING_RATE)
        if len(sound) > limit:
            return self.log_probs(sound)
        standard = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-5)
        (logits,) = self.session.run([self._names[1]], {self._names[0]: standard[None]})
        return self._foreign.mapped(_log_softmax(np.asarray(logits[0], np.float32)))


class TransformersModel(AcousticModel):
    """A CTC model of transformers: Wav2Vec2, HuBERT, Wav2Vec2-BERT and their like."""

    frame_sec, first_frame_sec = FRAME_SEC, FIRST_FRAME_SEC

    def __init__(self, model: Any, extractor: Any, tokenizer: ForeignTokenizer, name: str) -> None:
        self.model, self.extractor, self.tokenizer, self.name = model, extractor, tokenizer, name
        self._foreign = tokenizer

    def hear(self, sounds: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self._of_one(np.asarray(sound, np.float32)) for sound in sounds]

    def _of_one(self, sound: np.ndarray) -> np.ndarray:
        """One by one: models with a group norm take no mask, and padding changes what they say."""
        import torch

        if len(sound) > round(MAX_SEC * SAMPLING_RATE):
            return self.log_probs(sound)
        inputs = self.extractor(sound, sampling_rate=SAMPLING_RATE, return_tensors="pt")
        with torch.inference_mode():
            logits = self.model(**inputs.to(self.model.device)).logits[0]
            log_probs = logits.float().log_softmax(-1).cpu().numpy()
        return self._foreign.mapped(log_probs)


def omnilingual_model(session: Any, tokens: Path, name: str) -> OmnilingualModel:
    """
    Args:
        session: of ONNX Runtime.
        tokens: a "symbol id" pair a line; a line with an id alone is the space.

    Raises:
        FileNotFoundError: if there are no tokens.
        UserError: if they are none.
    """
    vocabulary: dict[int, str] = {}
    for line in tokens.read_text(encoding="utf-8").splitlines():
        symbol, _, number = line.rpartition(" ")
        if not number.isdecimal():
            raise UserError(f"{tokens}: {line[:40]!r} is no symbol and its number")
        vocabulary[int(number)] = symbol.strip()
    if not vocabulary or sorted(vocabulary) != list(range(len(vocabulary))):
        raise UserError(f"{tokens}: its numbers are not 0, 1, 2 ...")
    symbols = [vocabulary[i] for i in range(len(vocabulary))]
    space = next((i for i, s in enumerate(symbols) if i and s in ("", SPACE, "|")), None)
    width = session.get_outputs()[0].shape[-1]
    if isinstance(width, int) and width != len(symbols):
        raise UserError(f"{tokens}: {len(symbols)} symbols, but the model has {width}")
    return OmnilingualModel(session, ForeignTokenizer(symbols, 0, space), name)


def transformers_model(folder: Path, num_threads: int = 1) -> TransformersModel:
    """A folder of `config.json`, weights, `vocab.json` and `preprocessor_config.json`.

    Raises:
        MissingExtraError: saying what to install.
        UserError: if the folder holds no such model.
    """
    transformers = require("transformers", "transformers")
    import torch

    torch.set_num_threads(num_threads)
    with loading(str(folder), "a CTC model of transformers"):
        model = transformers.AutoModelForCTC.from_pretrained(str(folder), local_files_only=True)
        extractor = transformers.AutoFeatureExtractor.from_pretrained(
            str(folder), local_files_only=True
        )
        ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        if not all(isinstance(i, int) for i in ids.values()):
            raise UserError("its vocabulary is one of several languages; choose a model of Korean")
        added = folder / "added_tokens.json"
        if added.is_file():
            ids |= json.loads(added.read_text(encoding="utf-8"))
    stride = getattr(model.config, "inputs_to_logits_ratio", 320)
    if stride != round(FRAME_SEC * SAMPLING_RATE):
        raise UserError(f"{folder}: a frame of {stride} samples; only 320 are known")
    vocabulary = [""] * model.config.vocab_size
    for symbol, i in ids.items():
        if 0 <= i < len(vocabulary):
            vocabulary[i] = symbol
    if model.config.pad_token_id is None:
        raise UserError(f"{folder}: its config.json names no pad_token_id, which is CTC's blank")
    blank = int(model.config.pad_token_id)
    space = ids.get(_word_delimiter(folder))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = ForeignTokenizer(vocabulary, blank, space)
    return TransformersModel(model.eval().to(device), extractor, tokenizer, str(folder))


def _word_delimiter(folder: Path) -> str:
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return str(settings.get("word_delimiter_token") or "|")


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
