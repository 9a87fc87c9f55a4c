"""Words and how each is spelled in a model's tokens: `words.txt`, `lexicon.txt`, and L as an FST.

Word ids and files are those of icefall's recipes: `<eps>` 0, `!SIL`, `<SPOKEN_NOISE>`, `<UNK>`,
the words, then `#0 <s> </s>`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.manifests.shards import write_atomic
from echoharvester.text.tokenizers import SPACE, SPECIAL, UNK_ID, BpeTokenizer, Tokenizer

UNKNOWN = "<UNK>"
FIRST_WORDS = ("<eps>", "!SIL", "<SPOKEN_NOISE>", "<UNK>")
LAST_WORDS = ("#0", "<s>", "</s>")
# What begins an eojeol, where the words of the lexicon are pieces of eojeol.
WORD_BEGIN = SPACE


@dataclass(frozen=True)
class Lexicon:
    """Spellings of words.

    Attributes:
        spellings: of each word, token ids.
        num_tokens: of the model; disambiguation symbols come behind.
        space: id of the token for a space between eojeol; None where the model has none, or
            where it is part of the spellings.
        unknown: whether `<UNK>` is spelled by any tokens, so that a word which is not here does not
            cost the sentence around it.
    """

    spellings: Mapping[str, Sequence[int]]
    num_tokens: int
    space: int | None = None
    unknown: bool = False

    @property
    def words(self) -> list[str]:
        """The word table; an index is a word's id."""
        return [*FIRST_WORDS, *self.spellings, *LAST_WORDS]

    @property
    def num_disambiguation(self) -> int:
        """How many symbols there are behind the tokens: those of words, and two around `<UNK>`."""
        return self.disambiguated()[1] + (2 if self.unknown else 0)

    @property
    def unknown_token_cost(self) -> float:
        """Nats of each token of `<UNK>`: any of them may come."""
        return math.log(self.num_tokens)

    def disambiguated(self) -> tuple[list[tuple[str, list[int]]], int]:
        """Words with spellings of which none begins another, and how many symbols that takes.

        As Kaldi does it: homophones, and spellings that are the beginning of others, end in #1,
        #2 ...; #0 is that of the language model's back-off.
        """
        beginnings = {tuple(s[:n]) for s in self.spellings.values() for n in range(1, len(s))}
        counts = Counter(map(tuple, self.spellings.values()))
        used: Counter[tuple[int, ...]] = Counter()
        result, largest = [], 0
        for word, spelling in self.spellings.items():
            key = tuple(spelling)
            if counts[key] == 1 and key not in beginnings:
                result.append((word, list(key)))
                continue
            used[key] += 1
            largest = max(largest, used[key])
            result.append((word, [*key, self.num_tokens + used[key]]))
        return result, largest + 1

    def write(self, folder: Path, symbols: Sequence[str]) -> None:
        """`words.txt`, `lexicon.txt`, `lexicon_disambig.txt`; `symbols`: the model's tokens."""
        disambiguated, _ = self.disambiguated()
        names = [*symbols, *(f"#{k}" for k in range(self.num_disambiguation))]
        plain = self.spellings.items()
        for name, entries in (("lexicon", plain), ("lexicon_disambig", disambiguated)):
            lines = (f"{word} {' '.join(names[i] for i in ids)}\n" for word, ids in entries)
            write_atomic(folder / f"{name}.txt", f"<UNK> {SPECIAL[UNK_ID]}\n" + "".join(lines))
        write_atomic(folder / "words.txt", "".join(f"{w} {i}\n" for i, w in enumerate(self.words)))


def make_lexicon(
    tokenizer: Tokenizer, words: Iterable[str], own_pieces: bool = False, unknown: bool = False
) -> tuple[Lexicon, list[str]]:
    """Spellings of words, or of pieces of words that begin with `WORD_BEGIN` where a word does.

    Args:
        own_pieces: the words are tokens of the tokenizer itself, each its own spelling.
        unknown: see `Lexicon`.

    Returns the lexicon, and the words that cannot be spelled in these tokens.
    """
    is_bpe = isinstance(tokenizer, BpeTokenizer)
    ids = {symbol: i for i, symbol in enumerate(tokenizer.symbols)}
    space = None if is_bpe else ids.get(SPACE)
    spellings: dict[str, list[int]] = {}
    unspelled = []
    for word in sorted(set(words)):
        bare = word.removeprefix(WORD_BEGIN)
        # A piece inside an eojeol has no mark of a beginning; the tokenizer would put one there.
        spelled = tokenizer.encode(bare) if bare else []
        if own_pieces:
            spelled = [ids[word]]
        if not spelled or UNK_ID in spelled or word in (*FIRST_WORDS, *LAST_WORDS):
            unspelled.append(word)
        else:
            spellings[word] = spelled
    return Lexicon(spellings, len(tokenizer.symbols), space, unknown), unspelled


def l_fst(lexicon: Lexicon, disambiguated: bool = True) -> Any:
    """L: tokens to words, one after the other; a StdVectorFst.

    Input labels are token ids + 1, as kaldi-decoder counts them (0 is epsilon); output labels word
    ids.  Behind a word a space may be spoken, or not.  With `disambiguated` it has the symbols that
    make L composed with G determinizable, and takes #0 anywhere.
    """
    import kaldifst

    ids = {word: i for i, word in enumerate(lexicon.words)}
    entries: Iterable[tuple[str, Sequence[int]]] = lexicon.spellings.items()
    if disambiguated:
        entries, _ = lexicon.disambiguated()
    fst = kaldifst.StdVectorFst()
    loop = fst.add_state()
    fst.start = loop
    fst.set_final(loop, 0.0)
    gap = None
    if lexicon.space is not None:
        gap = fst.add_state()
        fst.add_arc(gap, _arc(lexicon.space + 1, 0, loop))
    for word, spelling in entries:
        at, label = loop, ids[word]
        for token in spelling[:-1]:
            behind = fst.add_state()
            fst.add_arc(at, _arc(token + 1, label, behind))
            at, label = behind, 0
        fst.add_arc(at, _arc(spelling[-1] + 1, label, loop))
        if gap is not None:
            fst.add_arc(at, _arc(spelling[-1] + 1, label, gap))
    if disambiguated:
        fst.add_arc(loop, _arc(lexicon.num_tokens + 1, ids["#0"], loop))
    if disambiguated and lexicon.unknown:
        _add_unknown(fst, lexicon, loop, gap)
    return fst


def _add_unknown(fst: Any, lexicon: Lexicon, loop: int, gap: int | None) -> None:
    """`<UNK>` between two symbols of its own, which keep L composed with G determinizable."""
    last = lexicon.num_tokens + lexicon.num_disambiguation  # labels are ids + 1
    begin, inside = fst.add_state(), fst.add_state()
    fst.add_arc(loop, _arc(last - 1, FIRST_WORDS.index(UNKNOWN), begin))
    for token in unknown_tokens(lexicon):
        for state in (begin, inside):
            fst.add_arc(state, _arc(token + 1, 0, inside, lexicon.unknown_token_cost))
    fst.add_arc(inside, _arc(last, 0, loop))
    if gap is not None:
        fst.add_arc(inside, _arc(last, 0, gap))


def unknown_tokens(lexicon: Lexicon) -> Sequence[int]:
    """The tokens that a word may be spelled in."""
    return [i for i in range(len(SPECIAL), lexicon.num_tokens) if i != lexicon.space]


def _arc(ilabel: int, olabel: int, to: int, weight: float = 0.0) -> Any:
    import kaldifst

    return kaldifst.StdArc(ilabel=ilabel, olabel=olabel, weight=weight, nextstate=to)


def read_words(path: Path) -> list[str]:
    """The words of `words.txt`, by id."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.rpartition(" ")[0] for line in lines]
