"""Graphs for k2: L, G and HLG from the files of a lang folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from echoharvester.decoding.graph import g_text
from echoharvester.decoding.lexicon import UNKNOWN, Lexicon, unknown_tokens
from echoharvester.errors import MissingExtraError, UserError
from echoharvester.text.tokenizers import SPACE, BpeTokenizer, Tokenizer, read_tokens

if TYPE_CHECKING:
    import k2

HOW_TO_INSTALL = (
    "k2 is not installed. Its wheels follow torch: of the list that k2's documentation names, take "
    "the one for the torch that is here ({torch}) and your device, such as "
    "k2-1.24.4.dev*+cpu.torch{torch}-cp*-linux_x86_64.whl, and install it into .venv with pip; "
    "decode=hlg needs none of it (docs/decoding.md)"
)


def import_k2() -> Any:
    """k2.

    Raises:
        MissingExtraError: saying which wheel to install.
    """
    try:
        import k2
    except ImportError as error:
        raise MissingExtraError(
            HOW_TO_INSTALL.format(torch=torch.__version__.split("+")[0])
        ) from error
    return k2


def read_lexicon(lang: Path, tokenizer: Tokenizer) -> Lexicon:
    """The lexicon that stage 10 wrote, for the tokens of a model.

    Raises:
        UserError: if the model has other tokens.
    """
    if read_tokens(lang / "tokens.txt") != list(tokenizer.symbols):
        raise UserError(
            f"{lang}/tokens.txt: other tokens than the model's; run stage 10 with the tokenizer "
            "that the model was trained with"
        )
    ids = {symbol: i for i, symbol in enumerate(tokenizer.symbols)}
    spellings = {}
    for line in (lang / "lexicon.txt").read_text(encoding="utf-8").splitlines()[1:]:
        word, *symbols = line.split(" ")
        spellings[word] = [ids[symbol] for symbol in symbols]
    space = None if isinstance(tokenizer, BpeTokenizer) else ids.get(SPACE)
    return Lexicon(spellings, len(tokenizer.symbols), space, unknown=True)


def l_text(lexicon: Lexicon, disambiguated: bool = True) -> str:
    """L as OpenFst text with k2's labels: token ids, 0 for epsilon (no word is spelled in blanks)."""
    ids = {word: i for i, word in enumerate(lexicon.words)}
    entries: Iterable[tuple[str, Sequence[int]]] = lexicon.spellings.items()
    if disambiguated:
        entries, _ = lexicon.disambiguated()
    loop, gap, free = 0, 1, 2
    lines = []
    if disambiguated:
        lines.append(f"{loop} {loop} {lexicon.num_tokens} {ids['#0']} 0.0")
    if disambiguated and lexicon.unknown:
        last = lexicon.num_tokens + lexicon.num_disambiguation - 1
        begin, inside, free = free, free + 1, free + 2
        lines.append(f"{loop} {begin} {last - 1} {ids[UNKNOWN]} 0.0")
        for token in unknown_tokens(lexicon):
            cost = lexicon.unknown_token_cost
            lines += [f"{state} {inside} {token} 0 {cost}" for state in (begin, inside)]
        lines.append(f"{inside} {loop} {last} 0 0.0")
        if lexicon.space is not None:
            lines.append(f"{inside} {gap} {last} 0 0.0")
    for word, spelling in entries:
        at, label = loop, ids[word]
        for token in spelling[:-1]:
            lines.append(f"{at} {free} {token} {label} 0.0")
            at, label, free = free, 0, free + 1
        lines.append(f"{at} {loop} {spelling[-1]} {label} 0.0")
        if lexicon.space is not None:
            lines.append(f"{at} {gap} {spelling[-1]} {label} 0.0")
    if lexicon.space is not None:
        lines.append(f"{gap} {loop} {lexicon.space} 0 0.0")
    return "\n".join([*lines, f"{loop} 0.0"]) + "\n"


def write_k2_lang(lexicon: Lexicon, folder: Path) -> list[Path]:
    """`L.pt`, `Linv.pt` and `L_disambig.pt`, as icefall's recipes read them; nothing without k2."""
    try:
        import k2
    except ImportError:
        return []
    plain = k2.arc_sort(k2.Fsa.from_openfst(l_text(lexicon, disambiguated=False), acceptor=False))
    disambiguated = k2.arc_sort(k2.Fsa.from_openfst(l_text(lexicon), acceptor=False))
    graphs = {"L": plain, "Linv": k2.arc_sort(k2.invert(plain)), "L_disambig": disambiguated}
    for name, graph in graphs.items():
        torch.save(graph.as_dict(), folder / f"{name}.pt")
    return [folder / f"{name}.pt" for name in graphs]


def compile_k2_hlg(lexicon: Lexicon, lang: Path, order: int) -> k2.Fsa:
    """HLG with `lm_scores`, the n-grams' share of `scores`."""
    import k2

    grammar = g_text(lang / "G.arpa", lang / "words.txt", order)
    l_graph = k2.arc_sort(k2.Fsa.from_openfst(l_text(lexicon), acceptor=False))
    g_graph = k2.arc_sort(k2.Fsa.from_openfst(grammar, acceptor=False))
    lg = k2.connect(k2.compose(l_graph, g_graph))
    lg = k2.connect(k2.determinize(lg))
    first_word = lexicon.words.index("#0")
    lg.labels[lg.labels >= lexicon.num_tokens] = 0
    _forget_properties(lg)
    if isinstance(lg.aux_labels, k2.RaggedTensor):
        lg.aux_labels.values[lg.aux_labels.values >= first_word] = 0
    else:
        lg.aux_labels[lg.aux_labels >= first_word] = 0
    lg = k2.connect(k2.remove_epsilon(lg))
    if isinstance(lg.aux_labels, k2.RaggedTensor):
        lg.aux_labels = lg.aux_labels.remove_values_eq(0)
    lg = k2.arc_sort(lg)
    topology = k2.ctc_topo(lexicon.num_tokens - 1, modified=False)
    hlg = k2.arc_sort(k2.connect(k2.compose(topology, lg)))
    hlg.lm_scores = hlg.scores.clone()  # those of H and L are 0
    return hlg


def _forget_properties(fsa: k2.Fsa) -> None:
    """k2 remembers what it knew of an FSA before its labels were changed in place."""
    fsa.__dict__["_properties"] = None


def g_acceptor(grammar: str, words: Sequence[str]) -> k2.Fsa:
    """G as an FsaVec of one acceptor with epsilon loops, to compose lattices with."""
    import k2

    g_graph = k2.Fsa.from_openfst(grammar, acceptor=False)
    del g_graph.aux_labels
    g_graph.labels[g_graph.labels >= words.index("#0")] = 0
    _forget_properties(g_graph)
    g_graph = k2.arc_sort(k2.Fsa.from_fsas([g_graph]))
    g_graph = k2.arc_sort(k2.add_epsilon_self_loops(g_graph))
    g_graph.lm_scores = g_graph.scores.clone()
    return g_graph
