"""The lang folder: tokens, lexicon, language models and the decoding graph of a training text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from echoharvester.decoding.graph import MAX_STATES, compile_hlg, g_text, write_fst
from echoharvester.decoding.lexicon import WORD_BEGIN, make_lexicon
from echoharvester.decoding.ngram import estimate_to
from echoharvester.errors import UserError
from echoharvester.manifests.shards import write_atomic
from echoharvester.text.tokenizers import BpeTokenizer, Tokenizer, write_tokenizer

UNITS = ("eojeol", "piece")


@dataclass(frozen=True)
class LangConfig:
    """What the language model counts.

    Attributes:
        unit: eojeol: only words that were seen can be recognised; piece: parts of words (BPE of
            the text), from which any word can be put together.
        num_pieces: how many parts there are, at most; of a BPE tokenizer its own are taken.
        order, token_order: n of the n-grams of units, and of those of model tokens that
            ctc_prefix_beam uses; 0: none.
        hlg: whether the graph is built.
        max_states: of it; about 1 KiB each while it is made.
        lmplz: KenLM's program; None: the one on the PATH, else the built-in estimator.
    """

    unit: str = "piece"
    num_pieces: int = 5000
    order: int = 3
    token_order: int = 6
    hlg: bool = True
    max_states: int = MAX_STATES
    lmplz: str | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise UserError(f"lm.unit is {' or '.join(UNITS)}, not {self.unit!r}")
        for name in ("order", "token_order"):
            if getattr(self, name) < 0:
                raise UserError(f"lm.{name} is at least 0, not {getattr(self, name)}")


@dataclass(frozen=True)
class Lang:
    """What was made: files, and what to say of it."""

    files: list[Path]
    summary: str


def prepare_lang(
    tokenizer: Tokenizer,
    folder: Path,
    training: Sequence[str],
    more: Iterable[str],
    config: LangConfig,
) -> Lang:
    """Writes the lang folder.

    Args:
        training: texts of the training set, in spoken form.
        more: texts for the language models alone.

    Raises:
        GraphError: if the graph grows too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = [*training, *more]
    write_atomic(folder / "transcript_words.txt", "".join(f"{line}\n" for line in training))
    write_tokenizer(tokenizer, folder)
    own = tokenizer if isinstance(tokenizer, BpeTokenizer) and config.unit == "piece" else None
    sentences = _units(texts, config, own)
    words = {word for sentence in sentences for word in sentence}
    lexicon, unspelled = make_lexicon(tokenizer, words, own is not None, unknown=True)
    lexicon.write(folder, tokenizer.symbols)
    files = [folder / n for n in ("tokens.txt", "words.txt", "lexicon.txt", "lexicon_disambig.txt")]
    if isinstance(tokenizer, BpeTokenizer):
        files.append(folder / "bpe.model")
    from echoharvester.decoding.k2_graph import write_k2_lang  # torch takes a second to load

    files += write_k2_lang(lexicon, folder)
    said = [f"{len(tokenizer.symbols)} tokens", f"{len(lexicon.spellings)} {config.unit} words"]
    if unspelled:
        said.append(
            f"{len(unspelled)} that these tokens cannot spell left out ({', '.join(unspelled[:5])} ...)"
        )
    if config.token_order:
        symbols = tokenizer.symbols
        by_token = ([symbols[i] for i in tokenizer.encode(text)] for text in texts)
        files.append(_arpa(folder / "tokens.arpa", by_token, config.token_order, config))
    if config.order:
        files.append(_arpa(folder / "G.arpa", sentences, config.order, config))
        grammar = g_text(files[-1], folder / "words.txt", config.order)
        write_atomic(folder / "G.fst.txt", grammar)
        files.append(folder / "G.fst.txt")
        if config.hlg:
            graph = compile_hlg(lexicon, grammar, config.max_states)
            write_fst(graph, folder / "HLG.fst")
            files.append(folder / "HLG.fst")
            said.append(f"HLG of {graph.num_states} states")
    else:
        (folder / "HLG.fst").unlink(missing_ok=True)
    return Lang(files, ", ".join(said))


def _units(
    texts: Sequence[str], config: LangConfig, own: BpeTokenizer | None = None
) -> list[list[str]]:
    """Each text in the units of the language model; `own`: a tokenizer whose pieces they are."""
    if config.unit == "eojeol":
        return [text.split() for text in texts]
    if own:
        return [[own.symbols[i] for i in own.encode(text)] for text in texts]
    needed = len({*"".join(texts)}) + 10  # each character is a piece, too
    model = BpeTokenizer.train(texts, max(config.num_pieces, needed))
    symbols = model.symbols
    sentences = [[symbols[i] for i in model.encode(text)] for text in texts]
    # A mark of a beginning alone spells nothing: it goes to the piece behind it.
    return [_with_marks(sentence) for sentence in sentences]


def _with_marks(pieces: Sequence[str]) -> list[str]:
    """
    >>> _with_marks(["▁", "오", "늘", "▁은"])
    ['▁오', '늘', '▁은']
    """
    joined: list[str] = []
    mark = ""
    for piece in pieces:
        if piece == WORD_BEGIN:
            mark = WORD_BEGIN
            continue
        joined.append(mark + piece)
        mark = ""
    return joined


def _arpa(path: Path, sentences: Iterable[Sequence[str]], order: int, config: LangConfig) -> Path:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as text:
        text.writelines(" ".join(sentence) + "\n" for sentence in sentences)
        text.flush()
        estimate_to(path, Path(text.name), order, config.lmplz)
    return path
