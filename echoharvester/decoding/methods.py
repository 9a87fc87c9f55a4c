"""Methods with a language model on a CPU, and which method a name means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from echoharvester.decoding.base import Emissions, Greedy, Method, scale_setting
from echoharvester.decoding.hlg import HlgOptions, HlgSearch, as_text
from echoharvester.decoding.hotwords import HotWords
from echoharvester.decoding.lexicon import WORD_BEGIN, read_words
from echoharvester.decoding.ngram import NgramModel, read_arpa
from echoharvester.decoding.prefix_beam import PrefixBeam, PrefixBeamSearch
from echoharvester.errors import UserError
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.tokenizers import UNK_ID, Tokenizer

K2_METHODS = (
    "k2_1best",
    "k2_nbest",
    "k2_nbest_rescoring",
    "k2_whole_lattice_rescoring",
    "k2_nbest_oracle",
)
METHODS = ("ctc_greedy", "ctc_prefix_beam", "hlg", *K2_METHODS)
TOKEN_LM, GRAPH = "tokens.arpa", "HLG.fst"  # in the lang folder


def make_method(name: str, options: Mapping[str, Any], tokenizer: Tokenizer, lang: Path) -> Method:
    """The method of a name, with its options and the files of a lang folder.

    Raises:
        UserError: for a name that does not exist.
        FileNotFoundError: naming the file of the lang folder that is missing.
        ImportError: saying what to install.
    """
    if name == "ctc_greedy":
        return Greedy(tokenizer)
    if name == "ctc_prefix_beam":
        return PrefixBeamMethod(options, tokenizer, lang)
    if name == "hlg":
        return HlgMethod(options, tokenizer, lang)
    if name in K2_METHODS:
        from echoharvester.decoding.k2_lattice import K2Method

        return K2Method(name, options, tokenizer, lang)
    raise UserError(f"decode.method is one of {', '.join(METHODS)}, not {name!r}")


class PrefixBeamMethod:
    """Prefix beam search, with every scale of the language model."""

    def __init__(self, options: Mapping[str, Any], tokenizer: Tokenizer, lang: Path) -> None:
        values = dict(options)
        scales, words = values.pop("lm_scales"), values.pop("hot_words")
        boost = values.pop("hot_word_boost")
        base = PrefixBeam(**values)
        model = NgramModel(read_arpa(_needed(lang / TOKEN_LM))) if any(scales) else None
        hot = hot_words(words, boost, tokenizer) if words else None
        self.tokenizer = tokenizer
        self._searches = {
            scale_setting(scale) if any(scales) else "": PrefixBeamSearch(
                replace(base, lm_scale=scale), tokenizer.symbols, model, hot
            )
            for scale in scales or [0.0]
        }

    @property
    def settings(self) -> Sequence[str]:
        return list(self._searches)

    def decode(self, emissions: Emissions) -> dict[str, list[str]]:
        rows = [row.numpy() for row in emissions.rows()]
        return {
            setting: [self.tokenizer.decode(search.search(row)[0].ids) for row in rows]
            for setting, search in self._searches.items()
        }


def hot_words(words: Sequence[str] | str, boost: float, tokenizer: Tokenizer) -> HotWords:
    """Hot words from a list, or a file with one a line; "word<TAB>2.5" has a boost of its own.

    Raises:
        UserError: naming a word that cannot be written in the model's tokens.
    """
    lines = (
        Path(words).read_text(encoding="utf-8").splitlines() if isinstance(words, str) else words
    )
    phrases = []
    for line in filter(str.strip, lines):
        word, _, own = line.partition("\t")
        ids = tokenizer.encode(word.strip())
        if not ids or UNK_ID in ids:
            raise UserError(f"hot word {word!r}: cannot be written in the tokens of the model")
        try:
            phrases.append((ids, float(own) if own else boost))
        except ValueError as error:
            raise UserError(f"hot word {word!r}: its boost is a number, not {own!r}") from error
    return HotWords(phrases)


class HlgMethod:
    """The best path through HLG, with every scale of the language model."""

    def __init__(self, options: Mapping[str, Any], tokenizer: Tokenizer, lang: Path) -> None:
        from echoharvester.decoding.graph import read_fst

        values = dict(options)
        scales = values.pop("lm_scales")
        graph, words = read_fst(_needed(lang / GRAPH)), read_words(_needed(lang / "words.txt"))
        self.tokenizer = tokenizer
        self.pieces = any(word.startswith(WORD_BEGIN) for word in words)
        self._searches = {
            scale_setting(scale): HlgSearch(graph, words, HlgOptions(lm_scale=scale, **values))
            for scale in scales
        }

    @property
    def settings(self) -> Sequence[str]:
        return list(self._searches)

    def decode(self, emissions: Emissions) -> dict[str, list[str]]:
        return {
            s: [self._text(search, row) for row in emissions.rows()]
            for s, search in self._searches.items()
        }

    def _text(self, search: HlgSearch, row: Any) -> str:
        words = search.search(row.numpy())
        if not words:  # no path through the graph, or of no word in it: what was heard, word or not
            return self.tokenizer.decode(greedy_ids(row.argmax(dim=-1).numpy()))
        return as_text(words, self.pieces)


def _needed(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; run stage 10, with lm.hlg=true for graphs")
    return path
