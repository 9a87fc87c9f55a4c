"""Text to token ids and back: characters, jamo, or sentencepiece pieces.

All share the first three ids with icefall's recipes: `<blk>` 0 (CTC blank),
`<sos/eos>` 1, `<unk>` 2.  `tokens.txt` holds one "symbol id" pair a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from echoharvester.errors import UserError
from echoharvester.text.hangul import CODAS, ONSETS, SILENT_ONSET, VOWELS, from_jamo, to_jamo

SPECIAL = ("<blk>", "<sos/eos>", "<unk>")
BLANK_ID, SOS_EOS_ID, UNK_ID = range(3)
WILDCARD_ID = -1  # of a syllable that another maker's vocabulary lacks: any sound may be it
SPACE = "▁"


class Tokenizer(Protocol):
    """What training, alignment and decoding need of a tokenizer."""

    @property
    def symbols(self) -> Sequence[str]: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Iterable[int]) -> str: ...


class CharTokenizer:
    """One token a character, by code point; spaces are a token (`▁`) or left out."""

    def __init__(self, symbols: Sequence[str]) -> None:
        if tuple(symbols[:3]) != SPECIAL:
            raise UserError(f"a token table begins with {SPECIAL}, not {tuple(symbols[:3])}")
        self.symbols = tuple(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols)}

    @classmethod
    def train(cls, texts: Iterable[str], keep_space: bool = False) -> CharTokenizer:
        """Collects the characters of `texts` (NFC), in order of code point.

        >>> CharTokenizer.train(["나 가"]).symbols
        ('<blk>', '<sos/eos>', '<unk>', '가', '나')
        """
        chars = {c for text in texts for c in unicodedata.normalize("NFC", text)}
        chars = {c for c in chars if not c.isspace()} | ({SPACE} if keep_space else set())
        return cls((*SPECIAL, *sorted(chars)))

    def pieces(self, text: str) -> list[str]:
        text = " ".join(unicodedata.normalize("NFC", text).split())
        return list(text.replace(" ", SPACE if SPACE in self._ids else ""))

    def encode(self, text: str) -> list[int]:
        """Ids of `text`; what the table lacks is `<unk>`, never dropped."""
        return [self._ids.get(piece, UNK_ID) for piece in self.pieces(text)]

    def decode(self, ids: Iterable[int]) -> str:
        symbols = (self.symbols[i] for i in ids if i not in (BLANK_ID, SOS_EOS_ID))
        return self.join(symbols).replace(SPACE, " ").strip()

    def join(self, symbols: Iterable[str]) -> str:
        return "".join(symbols)


class JamoTokenizer(CharTokenizer):
    """One token a jamo, without the silent onset: 67 units spell all 11,172 syllables."""

    @classmethod
    def train(cls, texts: Iterable[str] = (), keep_space: bool = False) -> JamoTokenizer:
        """The table is fixed for Hangul; `texts` add their other characters.

        >>> tokenizer = JamoTokenizer.train()
        >>> len(tokenizer.symbols), tokenizer.decode(tokenizer.encode("안녕"))
        (69, '안녕')
        """
        units = {*ONSETS, *VOWELS, *CODAS[1:]} - {SILENT_ONSET}
        others = {c for t in texts for c in unicodedata.normalize("NFC", t) if not c.isspace()}
        units |= {c for c in to_jamo("".join(sorted(others))) if c != SILENT_ONSET}
        return cls((*SPECIAL, *sorted(units | ({SPACE} if keep_space else set()))))

    def pieces(self, text: str) -> list[str]:
        return list(to_jamo("".join(super().pieces(text)), silent_onset=False))

    def join(self, symbols: Iterable[str]) -> str:
        return from_jamo("".join(symbols))


class BpeTokenizer:
    """Sentencepiece unigram or BPE pieces, trained on the training text only."""

    def __init__(self, model_proto: bytes) -> None:
        import sentencepiece

        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model_proto)
        self.model_proto = model_proto
        self.symbols = tuple(
            self._processor.id_to_piece(i) for i in range(self._processor.get_piece_size())
        )

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int = 500) -> BpeTokenizer:
        """BPE pieces of `texts`; fewer than `vocab_size` where the text has no more.

        Raises:
            UserError: if `vocab_size` is too small for the characters of the text.
        """
        import io

        import sentencepiece

        model, lines = io.BytesIO(), list(texts)
        needed = len({*"".join(lines)}) + len(SPECIAL)
        if vocab_size < needed:
            raise UserError(
                f"vocab_size {vocab_size}: the text has {needed - len(SPECIAL)} different "
                f"characters, each a piece; set tokenizer.vocab_size to {2 * needed} or so"
            )
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            user_defined_symbols=[],
            unk_id=UNK_ID,
            bos_id=SOS_EOS_ID,
            eos_id=-1,
            pad_id=BLANK_ID,
            pad_piece=SPECIAL[0],
            bos_piece=SPECIAL[1],
            unk_piece=SPECIAL[2],
            minloglevel=2,
        )
        return cls(model.getvalue())

    def encode(self, text: str) -> list[int]:
        return self._processor.encode(unicodedata.normalize("NFC", text))

    def decode(self, ids: Iterable[int]) -> str:
        kept = [int(i) for i in ids if i not in (BLANK_ID, SOS_EOS_ID)]
        return self._processor.decode(kept).strip()


def tokenizer_from_symbols(symbols: Sequence[str]) -> CharTokenizer:
    """A char or jamo tokenizer, told apart by whether the table holds conjoining jamo."""
    is_jamo = any(symbol in VOWELS for symbol in symbols)
    return JamoTokenizer(symbols) if is_jamo else CharTokenizer(symbols)


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a lang folder, or of one with an exported model: `tokens.txt`, `bpe.model`.

    Raises:
        UserError: naming the file, if it cannot be read.
    """
    symbols = read_tokens(folder / "tokens.txt")
    model = folder / "bpe.model"
    return BpeTokenizer(model.read_bytes()) if model.is_file() else tokenizer_from_symbols(symbols)


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes `tokens.txt`, and `bpe.model` where there is one."""
    write_tokens(tokenizer.symbols, folder / "tokens.txt")
    if isinstance(tokenizer, BpeTokenizer):
        (folder / "bpe.model").write_bytes(tokenizer.model_proto)


def write_tokens(symbols: Sequence[str], path: Path) -> None:
    """Writes `tokens.txt`: one "symbol id" pair a line."""
    path.write_text("".join(f"{s} {i}\n" for i, s in enumerate(symbols)), encoding="utf-8")


def read_tokens(path: Path) -> list[str]:
    """Reads `tokens.txt`.

    Raises:
        UserError: naming file and line, when ids are not 0, 1, 2 ... in order.
    """
    symbols = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        symbol, _, index = line.rpartition(" ")
        if not symbol or index != str(number):
            raise UserError(
                f"{path}:{number + 1}: expected 'symbol {number}', found {line!r}; "
                "write the table again with stage 10"
            )
        symbols.append(symbol)
    return symbols


def train_tokenizer(
    texts: Iterable[str], kind: str, keep_space: bool = False, vocab_size: int = 500
) -> Tokenizer:
    """A tokenizer of a kind (char, jamo, bpe), made from a training text.

    Raises:
        UserError: for a kind that does not exist, or too few pieces for the text.
    """
    if kind == "bpe":
        return BpeTokenizer.train(texts, vocab_size)
    kinds = {"char": CharTokenizer, "jamo": JamoTokenizer}
    if kind not in kinds:
        raise UserError(f"tokenizer.kind is char, jamo or bpe, not {kind!r}")
    return kinds[kind].train(texts, keep_space)
