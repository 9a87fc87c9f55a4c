"""Graphs by kaldifst, searched by kaldi-decoder, against what can be known without them."""

import itertools

import numpy as np
import pytest
from decoding_support import BestOverBackoffs, best_by_trying, build_graph, emissions, uninformative

from echoharvester.decoding.graph import (
    GraphError,
    compile_hlg,
    g_text,
    h_fst,
    read_fst,
    write_fst,
)
from echoharvester.decoding.hlg import HlgOptions, HlgSearch
from echoharvester.decoding.lexicon import make_lexicon, read_words
from echoharvester.decoding.ngram import NgramModel, estimate
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.tokenizers import CharTokenizer, JamoTokenizer, read_tokens, write_tokens

WIDE = HlgOptions(beam=1e4, max_active=10**6, lm_scale=1.0)


@pytest.mark.parametrize("seed", range(10))
def test_with_an_uninformative_g_it_is_greedy_restricted_to_the_lexicon(tmp_path, seed):
    """Each token a word: the best path is the greedy one, but for what a word costs."""
    tokenizer = CharTokenizer.train(["가나다라"])
    words = list("가나다라")
    graph, _ = build_graph(tmp_path, tokenizer, words, uninformative(words))
    options = HlgOptions(beam=1e4, max_active=10**6, lm_scale=1e-6)  # what words cost vanishes
    log_probs = emissions(12, len(tokenizer.symbols), seed)
    expected = tokenizer.decode(greedy_ids(log_probs.argmax(axis=1)))
    assert (
        "".join(HlgSearch(graph, read_words(tmp_path / "words.txt"), options).search(log_probs))
        == expected
    )


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_the_best_words_are_found_among_all(tmp_path, seed, unknown):
    """Spellings that begin others, homophones of a beginning, doubled tokens; a bigram model.  Known
    words spell all there is, so `<UNK>` changes nothing."""
    tokenizer = CharTokenizer.train(["가나"])
    words = ["가", "가가", "가나", "나"]
    texts = [["가", "나"], ["가가", "나"], ["가나", "가"], ["나", "가나"], ["가", "가나"]]
    arpa = estimate(texts, 2)
    graph, lexicon = build_graph(tmp_path, tokenizer, words, arpa, unknown)
    log_probs = emissions(6, len(tokenizer.symbols), seed)
    search = HlgSearch(graph, read_words(tmp_path / "words.txt"), WIDE)
    model = BestOverBackoffs(NgramModel(arpa))
    expected = best_by_trying(log_probs, lexicon.spellings, model, 4)
    assert tuple(search.search(log_probs)) == expected


def test_spaces_between_words_may_be_said_or_not(tmp_path):
    tokenizer = JamoTokenizer.train(["오늘 비가"], keep_space=True)
    words = ["오늘", "비가", "온다"]
    graph, _ = build_graph(tmp_path, tokenizer, words, uninformative(words))
    search = HlgSearch(graph, read_words(tmp_path / "words.txt"), HlgOptions())
    for text in ("오늘 비가 온다", "오늘비가온다", "오늘비가 온다"):
        ids = [i for token in tokenizer.encode(text) for i in (token, 0)]
        log_probs = np.full((len(ids), len(tokenizer.symbols)), -12.0, np.float32)
        log_probs[np.arange(len(ids)), ids] = -0.01
        assert search.search(log_probs) == words


def test_h_takes_repeats_and_blanks_exactly():
    """Of all paths of four frames over blank and two tokens each has one output: the collapsed."""
    import kaldifst

    h = h_fst(3)
    kaldifst.arcsort(h, sort_type="ilabel")
    for path in itertools.product(range(3), repeat=4):
        line = kaldifst.make_linear_acceptor([token + 1 for token in path])
        kaldifst.arcsort(line, sort_type="olabel")
        out = kaldifst.shortest_path(kaldifst.compose(line, h))
        _, _, labels, _ = kaldifst.get_linear_symbol_sequence(out)
        assert labels == [t + 1 for t, _ in itertools.groupby(path) if t], path


def test_a_determinisation_that_grows_too_large_says_what_to_lower(tmp_path):
    tokenizer = CharTokenizer.train(["가나다라"])
    words = ["".join(w) for n in (1, 2, 3) for w in itertools.product("가나다", repeat=n)]
    lexicon, _ = make_lexicon(tokenizer, words)
    lexicon.write(tmp_path, tokenizer.symbols)
    uninformative(words).write(tmp_path / "G.arpa")
    grammar = g_text(tmp_path / "G.arpa", tmp_path / "words.txt", 1)
    with pytest.raises(GraphError, match=r"lm\.max_states=5.*lower lm\.order"):
        compile_hlg(lexicon, grammar, max_states=5)


def test_words_that_cannot_be_spelled_are_told(tmp_path):
    tokenizer = CharTokenizer.train(["가나"])
    lexicon, unspelled = make_lexicon(tokenizer, ["가", "abc", "</s>"])
    assert list(lexicon.spellings) == ["가"] and unspelled == ["</s>", "abc"]


def test_files_of_the_lang_folder(tmp_path):
    tokenizer = CharTokenizer.train(["가나"])
    write_tokens(tokenizer.symbols, tmp_path / "tokens.txt")
    lexicon, _ = make_lexicon(tokenizer, ["가", "가나", "나"])
    lexicon.write(tmp_path, tokenizer.symbols)
    assert read_words(tmp_path / "words.txt") == [
        "<eps>",
        "!SIL",
        "<SPOKEN_NOISE>",
        "<UNK>",
        "가",
        "가나",
        "나",
        "#0",
        "<s>",
        "</s>",
    ]
    assert (tmp_path / "lexicon.txt").read_text(
        encoding="utf-8"
    ) == "<UNK> <unk>\n가 가\n가나 가 나\n나 나\n"
    assert "가 가 #1\n" in (tmp_path / "lexicon_disambig.txt").read_text(encoding="utf-8")
    assert read_tokens(tmp_path / "tokens.txt") == list(tokenizer.symbols)


def test_graphs_are_written_and_read(tmp_path):
    write_fst(h_fst(3), tmp_path / "H.fst")
    assert read_fst(tmp_path / "H.fst").num_states == 3
    with pytest.raises(FileNotFoundError, match="run stage 10"):
        read_fst(tmp_path / "none.fst")


def test_nothing_to_hear_is_no_word(tmp_path):
    tokenizer = CharTokenizer.train(["가"])
    graph, _ = build_graph(tmp_path, tokenizer, ["가"], uninformative(["가"]))
    search = HlgSearch(graph, read_words(tmp_path / "words.txt"), HlgOptions())
    assert search.search(np.zeros((0, 4), np.float32)) == []
    with pytest.raises(ValueError, match="lm_scale"):
        HlgSearch(graph, [], HlgOptions(lm_scale=0))


@pytest.mark.parametrize("make", [JamoTokenizer.train, CharTokenizer.train])
@pytest.mark.parametrize("unit", ["eojeol", "piece"])
@pytest.mark.parametrize("unknown", [0, 1, 3])
def test_an_unknown_word_does_not_cost_those_around_it(tmp_path, make, unit, unknown):
    """The vocabulary of the graph is that of two sentences; the model hears other words, too."""
    from echoharvester.decoding.hlg import as_text
    from echoharvester.decoding.lang import LangConfig, prepare_lang

    training = ["빨간 냄비가 기자를 하네요", "조용한 개미가 밤을 찾아요"]
    words = "빨간 냄비가 기자를 하네요".split()
    words[unknown] = "쀍뚫이"
    tokenizer = make([*training, " ".join(words)])
    prepare_lang(tokenizer, tmp_path, training, [], LangConfig(unit=unit))
    names = read_words(tmp_path / "words.txt")
    ids = [i for token in tokenizer.encode(" ".join(words)) for i in (token, 0)]
    log_probs = np.full((len(ids), len(tokenizer.symbols)), -12.0, np.float32)
    log_probs[np.arange(len(ids)), ids] = -0.01
    for scale in (0.3, 1.0):
        search = HlgSearch(read_fst(tmp_path / "HLG.fst"), names, HlgOptions(lm_scale=scale))
        known = [word for word in words if word != "쀍뚫이"]
        assert (
            as_text(search.search(log_probs), unit == "piece" or "▁" in names[4]).split() == known
        )


def test_known_words_are_not_taken_for_unknown_ones(tmp_path):
    from echoharvester.decoding.hlg import as_text
    from echoharvester.decoding.lang import LangConfig, prepare_lang

    training = ["빨간 냄비가 기자를 하네요", "조용한 개미가 밤을 찾아요"]
    tokenizer = JamoTokenizer.train(training)
    prepare_lang(tokenizer, tmp_path, training, [], LangConfig(unit="eojeol"))
    names = read_words(tmp_path / "words.txt")
    wrong = tokenizer.encode("조용한 개미가 밤을 차자요")  # a letter amiss
    log_probs = np.full((2 * len(wrong), len(tokenizer.symbols)), -7.0, np.float32)
    log_probs[np.arange(2 * len(wrong)), [i for t in wrong for i in (t, 0)]] = -0.01
    search = HlgSearch(read_fst(tmp_path / "HLG.fst"), names, HlgOptions())
    assert as_text(search.search(log_probs), False) == "조용한 개미가 밤을 찾아요"
