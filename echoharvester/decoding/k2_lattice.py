"""Lattices by k2: their best path, paths drawn from them, and rescoring with a larger model.

k2 makes the graph and the lattices; what is done with single paths is plain Python, and n-grams
of whole sentences are scored by `ngram.NgramModel`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rapidfuzz.distance import Levenshtein

from echoharvester.decoding.base import Emissions, scale_setting
from echoharvester.decoding.graph import g_text
from echoharvester.decoding.hlg import as_text
from echoharvester.decoding.k2_graph import (
    compile_k2_hlg,
    g_acceptor,
    import_k2,
    read_lexicon,
)
from echoharvester.decoding.lexicon import FIRST_WORDS, WORD_BEGIN, read_words
from echoharvester.decoding.ngram import NgramModel, read_arpa
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    import k2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LatticeOptions:
    """Of the search (see `k2.intersect_dense_pruned`), and of drawing paths.

    Attributes:
        search_beam, output_beam: nats below the best path: while searching, and in the lattice.
        min_active, max_active: states in a frame.
        graph_order: of the n-grams in HLG.
        num_paths: drawn from each lattice.
        nbest_scale: of scores while drawing; smaller gives more different paths.
    """

    search_beam: float = 20.0
    output_beam: float = 8.0
    min_active: int = 30
    max_active: int = 10000
    graph_order: int = 2
    num_paths: int = 100
    nbest_scale: float = 0.5


@dataclass(frozen=True)
class LatticePath:
    """A path of a lattice: its words, its acoustic score and that of the n-grams in HLG."""

    words: tuple[int, ...]
    acoustic: float
    lm: float


class K2Method:
    """One of the methods whose names begin with `k2_`."""

    def __init__(
        self, name: str, options: Mapping[str, Any], tokenizer: Tokenizer, lang: Path
    ) -> None:
        """
        Raises:
            ImportError: saying which wheel to install.
            FileNotFoundError: naming what stage 10 has not made.
        """
        import_k2()
        values = dict(options)
        self.scales = [float(scale) for scale in values.pop("lm_scales")]
        self.name, self.options, self.tokenizer = name, LatticeOptions(**values), tokenizer
        for needed in ("words.txt", "lexicon.txt", "G.arpa"):
            if not (lang / needed).is_file():
                raise FileNotFoundError(f"{lang / needed}: no such file; run stage 10")
        self.lang, self.words = lang, read_words(lang / "words.txt")
        self.pieces = any(word.startswith(WORD_BEGIN) for word in self.words)
        self.graph = compile_k2_hlg(read_lexicon(lang, tokenizer), lang, self.options.graph_order)

    @property
    def settings(self) -> Sequence[str]:
        return [scale_setting(scale) for scale in self.scales]

    def decode(self, emissions: Emissions) -> dict[str, list[str]]:
        order = torch.argsort(emissions.lens, descending=True)  # k2 wants the longest first
        lattice = get_lattice(
            self.graph, emissions.log_probs[order], emissions.lens[order], self.options
        )
        references = [emissions.texts[i] for i in order.tolist()]
        found: dict[str, list[str]] = {}
        by_scale = self._words(lattice, references)
        for setting, of_scale in zip(self.settings, by_scale, strict=True):
            texts = [""] * len(of_scale)
            for place, words in zip(order.tolist(), of_scale, strict=True):
                texts[place] = self._text(words, emissions, place)
            found[setting] = texts
        return found

    def _text(self, words: Sequence[int] | None, emissions: Emissions, place: int) -> str:
        known = [self.words[i] for i in words or () if i >= len(FIRST_WORDS)]
        if not known:  # no path through the graph, or of no word in it: what was heard, word or not
            row = emissions.log_probs[place, : int(emissions.lens[place])]
            return self.tokenizer.decode(greedy_ids(row.argmax(dim=-1).numpy()))
        return as_text(known, self.pieces)

    def _words(
        self, lattice: k2.Fsa, references: Sequence[str]
    ) -> list[list[Sequence[int] | None]]:
        """For every scale, the word ids of every utterance; None where its lattice is empty."""
        if self.name == "k2_1best":
            return [best_words(lattice, scale) for scale in self.scales]
        if self.name == "k2_whole_lattice_rescoring":
            return rescore_whole(lattice, self._grammar, self.scales)
        drawn = draw_paths(lattice, self.options.num_paths, self.options.nbest_scale)
        if self.name == "k2_nbest_oracle":
            oracle = [
                self._nearest(paths, text) for paths, text in zip(drawn, references, strict=True)
            ]
            return [oracle for _ in self.scales]
        if self.name == "k2_nbest_rescoring":
            drawn = [[self._rescored(path) for path in paths] for paths in drawn]
        return [[_best(paths, scale) for paths in drawn] for scale in self.scales]

    @cached_property
    def _model(self) -> NgramModel:
        return NgramModel(read_arpa(self.lang / "G.arpa"))

    @cached_property
    def _grammar(self) -> k2.Fsa:
        model_order = read_arpa(self.lang / "G.arpa").order
        return g_acceptor(
            g_text(self.lang / "G.arpa", self.lang / "words.txt", model_order), self.words
        )

    def _rescored(self, path: LatticePath) -> LatticePath:
        names = [self.words[i] for i in path.words]
        return LatticePath(path.words, path.acoustic, self._model.sentence(names))

    def _nearest(self, paths: Sequence[LatticePath], reference: str) -> Sequence[int] | None:
        if not paths:
            return None
        wanted = normalize_for_scoring(reference)

        def distance(path: LatticePath) -> tuple[int, float]:
            text = as_text([self.words[i] for i in path.words], self.pieces)
            return Levenshtein.distance(wanted, normalize_for_scoring(text)), -path.acoustic

        return min(paths, key=distance).words


def _best(paths: Sequence[LatticePath], scale: float) -> Sequence[int] | None:
    if not paths:
        return None
    return max(paths, key=lambda path: path.acoustic + scale * path.lm).words


def get_lattice(
    graph: k2.Fsa, log_probs: torch.Tensor, lens: torch.Tensor, options: LatticeOptions
) -> k2.Fsa:
    """(N, T, V), the longest first, to an FsaVec of lattices."""
    import k2

    count = log_probs.size(0)
    segments = torch.stack(
        [torch.arange(count), torch.zeros(count, dtype=torch.int64), lens.to(torch.int64)], dim=1
    ).to(torch.int32)
    return k2.intersect_dense_pruned(
        graph,
        k2.DenseFsaVec(log_probs.contiguous(), segments),
        search_beam=options.search_beam,
        output_beam=options.output_beam,
        min_active_states=options.min_active,
        max_active_states=options.max_active,
    )


def best_words(lattice: k2.Fsa, scale: float) -> list[Sequence[int] | None]:
    """Word ids of the best path of every lattice, its language model weighed by `scale`."""
    import k2

    saved = lattice.scores.clone()
    lattice.scores = saved - lattice.lm_scores + scale * lattice.lm_scores
    best = k2.shortest_path(lattice, use_double_scores=True)
    lattice.scores = saved
    return [_words_of(best[i]) for i in range(lattice.shape[0])]


def _words_of(path: k2.Fsa) -> list[int] | None:
    """Word ids of a linear FSA, whose arcs lie in order; None of an empty one."""
    if path.num_arcs == 0:
        return None
    labels = path.aux_labels.tolist()  # numbers, or a list of them for every arc
    nested = (x if isinstance(x, list) else [x] for x in labels)
    return [word for words in nested for word in words if word > 0]


def draw_paths(lattice: k2.Fsa, num_paths: int, nbest_scale: float) -> list[list[LatticePath]]:
    """Different word sequences of every lattice, each by the best of the paths drawn of it.

    The best path is always among them.
    """
    import k2

    saved = lattice.scores.clone()
    lattice.scores = saved * nbest_scale
    drawn = k2.random_paths(lattice, use_double_scores=True, num_paths=num_paths).tolist()
    lattice.scores = saved
    acoustic = (lattice.scores - lattice.lm_scores).double().tolist()
    lm = lattice.lm_scores.double().tolist()
    labels = lattice.aux_labels.tolist()
    result: list[list[LatticePath]] = []
    best = k2.shortest_path(lattice, use_double_scores=True)
    for i, paths in enumerate(drawn):
        found: dict[tuple[int, ...], LatticePath] = {}
        for arcs in paths:
            words = tuple(
                word
                for arc in arcs
                for word in (labels[arc] if isinstance(labels[arc], list) else [labels[arc]])
                if word > 0
            )
            path = LatticePath(words, sum(acoustic[a] for a in arcs), sum(lm[a] for a in arcs))
            _keep_better(found, path)
        one = best[i]
        if (words_of_best := _words_of(one)) is not None:
            lm_of_best = float(one.lm_scores.double().sum())
            total = float(one.scores.double().sum())
            _keep_better(found, LatticePath(tuple(words_of_best), total - lm_of_best, lm_of_best))
        result.append(list(found.values()))
    return result


def _keep_better(found: dict[tuple[int, ...], LatticePath], path: LatticePath) -> None:
    other = found.get(path.words)
    if other is None or path.acoustic + path.lm > other.acoustic + other.lm:
        found[path.words] = path


def rescore_whole(
    lattice: k2.Fsa, grammar: k2.Fsa, scales: Sequence[float]
) -> list[list[Sequence[int] | None]]:
    """Word ids of every utterance, for every scale, with `grammar` in place of the lattice's model.

    Where the composition is too large for memory, or nothing is left, the lattice's own best path
    stands; that is logged.
    """
    import k2

    count = lattice.shape[0]
    own = [best_words(lattice, scale) for scale in scales]
    # The lattice's own model goes before words become labels; the lattice is of no use after that.
    lattice.scores = lattice.scores - lattice.lm_scores
    del lattice.lm_scores
    inverted = k2.invert(lattice)  # words as labels
    try:
        rescored = k2.intersect_device(
            grammar,
            inverted,
            torch.zeros(count, dtype=torch.int32),
            sorted_match_a=True,
        )
        rescored = k2.top_sort(k2.connect(rescored))
    except RuntimeError as error:
        logger.warning("lattices too large to rescore, taken as they are: %s", error)
        return own
    acoustic = rescored.scores - rescored.lm_scores
    result = []
    for scale, fallback in zip(scales, own, strict=True):
        rescored.scores = acoustic + scale * rescored.lm_scores
        best = k2.shortest_path(rescored, use_double_scores=True)
        found: list[Sequence[int] | None] = []
        for i in range(count):
            path = best[i]
            if path.num_arcs == 0:
                logger.warning("utterance %d of the batch: nothing left after rescoring", i)
                found.append(fallback[i])
            else:
                found.append([word for word in path.labels.tolist() if word > 0])
        result.append(found)
    return result
