"""Lattices by k2, where it is installed, against trying everything and against kaldi-decoder."""

import pytest
import torch
from decoding_support import BestOverBackoffs, best_by_trying, emissions, write_lang

from echoharvester.decoding.base import Emissions
from echoharvester.decoding.hlg import HlgOptions, HlgSearch
from echoharvester.decoding.k2_graph import read_lexicon
from echoharvester.decoding.k2_lattice import K2Method
from echoharvester.decoding.methods import K2_METHODS, make_method
from echoharvester.decoding.ngram import NgramModel, estimate
from echoharvester.text.tokenizers import CharTokenizer

TEXTS = [
    ["가", "나"],
    ["가가", "나"],
    ["가나", "가"],
    ["나", "가나"],
    ["가", "가나"],
    ["가", "나", "가가"],
]
WORDS = ["가", "가가", "가나", "나"]
WIDE = {
    "search_beam": 1e4, "output_beam": 60.0, "min_active": 0, "max_active": 1_000_000,
    "graph_order": 2,
}  # fmt: skip


@pytest.fixture
def tokenizer():
    return CharTokenizer.train(["가나"])


@pytest.fixture
def lang(tmp_path, tokenizer):
    write_lang(tmp_path, tokenizer, WORDS, estimate(TEXTS, 3))
    return tmp_path


def batch(tokenizer, seeds, frames=(6, 5)):
    rows = [
        emissions(n, len(tokenizer.symbols), seed) for n, seed in zip(frames, seeds, strict=True)
    ]
    padded = torch.full((len(rows), max(frames), len(tokenizer.symbols)), -20.0)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = torch.from_numpy(values)
    ids = [str(seed) for seed in seeds]
    return rows, Emissions(padded, torch.tensor(frames), ["가 나"] * len(rows), ids)


def test_what_is_missing_says_what_to_install(lang, tokenizer):
    try:
        import k2  # noqa: F401
    except ImportError:
        with pytest.raises(
            ImportError, match=rf"k2.*{torch.__version__.split('+')[0]}.*decode=hlg"
        ):
            make_method("k2_1best", {"lm_scales": [1.0]}, tokenizer, lang)


def test_the_lexicon_reads_back(lang, tokenizer):
    assert read_lexicon(lang, tokenizer).spellings == {
        "가": [3],
        "가가": [3, 3],
        "가나": [3, 4],
        "나": [4],
    }
    with pytest.raises(ValueError, match="other tokens"):
        read_lexicon(lang, CharTokenizer.train(["다라"]))


class TestWithK2:
    @pytest.fixture(autouse=True)
    def _needs_k2(self):
        pytest.importorskip("k2", reason="k2 is not installed; see docs/decoding.md")

    @pytest.mark.parametrize("seed", range(6))
    def test_the_best_path_is_the_best_of_all(self, lang, tokenizer, seed):
        rows, emitted = batch(tokenizer, (seed, seed + 100))
        method = K2Method("k2_1best", {**WIDE, "lm_scales": [1.0]}, tokenizer, lang)
        bigram = BestOverBackoffs(_of_order(lang, 2))
        found = method.decode(emitted)["lm_scale-1"]
        spellings = read_lexicon(lang, tokenizer).spellings
        assert found == [" ".join(best_by_trying(row, spellings, bigram, 4)) for row in rows]

    @pytest.mark.parametrize("name", ["k2_nbest_rescoring", "k2_whole_lattice_rescoring"])
    @pytest.mark.parametrize("seed", range(4))
    def test_rescoring_finds_what_the_larger_model_prefers(self, lang, tokenizer, name, seed):
        rows, emitted = batch(tokenizer, (seed, seed + 100))
        options = {**WIDE, "lm_scales": [1.0]}
        if name == "k2_nbest_rescoring":
            options |= {"num_paths": 40000, "nbest_scale": 0.2}
        found = K2Method(name, options, tokenizer, lang).decode(emitted)["lm_scale-1"]
        spellings, model = read_lexicon(lang, tokenizer).spellings, _of_order(lang, 3)
        if name == "k2_whole_lattice_rescoring":  # by an FST; n-best lists are scored exactly
            model = BestOverBackoffs(model)
        assert found == [" ".join(best_by_trying(row, spellings, model, 4)) for row in rows]

    def test_the_oracle_is_at_least_as_near_as_the_best_path(self, lang, tokenizer):
        from echoharvester.text.scores import cer

        _, emitted = batch(tokenizer, (1, 2))
        options = {**WIDE, "lm_scales": [1.0]}
        best = K2Method("k2_1best", options, tokenizer, lang).decode(emitted)["lm_scale-1"]
        options |= {"num_paths": 500, "nbest_scale": 0.2}
        oracle = K2Method("k2_nbest_oracle", options, tokenizer, lang).decode(emitted)["lm_scale-1"]
        for near, text, reference in zip(oracle, best, emitted.texts, strict=True):
            assert cer(reference, near).errors <= cer(reference, text).errors

    def test_it_agrees_with_kaldi_decoder(self, lang, tokenizer):
        from echoharvester.decoding.graph import compile_hlg, g_text
        from echoharvester.decoding.lexicon import read_words

        rows, emitted = batch(tokenizer, (11, 12))
        lexicon = read_lexicon(lang, tokenizer)
        graph = compile_hlg(lexicon, g_text(lang / "G.arpa", lang / "words.txt", 2))
        search = HlgSearch(graph, read_words(lang / "words.txt"), HlgOptions(1e4, 10**6, 0.7))
        found = K2Method("k2_1best", {**WIDE, "lm_scales": [0.7]}, tokenizer, lang).decode(emitted)
        assert found["lm_scale-0.7"] == [" ".join(search.search(row)) for row in rows]

    @pytest.mark.parametrize("name", K2_METHODS)
    def test_every_method_gives_a_text_for_every_utterance_and_scale(self, lang, tokenizer, name):
        _, emitted = batch(tokenizer, (3, 4))
        options = {"lm_scales": [0.3, 1.0], "search_beam": 20.0, "output_beam": 8.0}
        found = make_method(name, options, tokenizer, lang).decode(emitted)
        assert set(found) == {"lm_scale-0.3", "lm_scale-1"}
        assert all(
            len(texts) == 2 and all(isinstance(t, str) for t in texts) for texts in found.values()
        )

    def test_files_for_icefall(self, lang, tokenizer):
        import k2

        from echoharvester.decoding.k2_graph import write_k2_lang

        for path in write_k2_lang(read_lexicon(lang, tokenizer), lang):
            fsa = k2.Fsa.from_dict(torch.load(path, weights_only=False))
            assert fsa.num_arcs > 4


def _of_order(lang, order):
    """The n-grams up to an order of the model in a lang folder, as G with `max_order` has them."""
    from echoharvester.decoding.ngram import Arpa, read_arpa

    return NgramModel(Arpa(read_arpa(lang / "G.arpa").entries[:order]))
