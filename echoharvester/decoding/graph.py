"""The decoding graph HLG: tokens of frames to the words of a language model, by kaldifst.

Mohri, Pereira and Riley 2002, for CTC as Miao et al. 2015: H takes repeats and blanks, L spells
words, G is the n-gram model.  sherpa-onnx takes the same file (`ctc_graph=HLG.fst`).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from echoharvester.decoding.lexicon import UNKNOWN, Lexicon, l_fst
from echoharvester.errors import UserError
from echoharvester.text.tokenizers import BLANK_ID

MAX_STATES = 20_000_000  # of the determinised graph: about 1 KiB each while it is made
# H has an arc for every pair of tokens.  Beyond this many tokens one that allows a token to follow
# itself without a blank stands in for it, and is linear in size.
MAX_EXACT_TOKENS = 2500
MAX_EXACT_WITH_UNKNOWN = 1000  # <UNK> is spelled by any token, so by every pair of them


class GraphError(UserError):
    """A graph that cannot be built; the message says what to change."""


def read_fst(path: Path) -> Any:
    """An FST file.

    Raises:
        FileNotFoundError, GraphError: naming the file.
    """
    import kaldifst

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such graph; run stage 10 with lm.hlg=true")
    fst = kaldifst.StdVectorFst.read(str(path))
    if fst is None or fst.num_states == 0:
        raise GraphError(f"{path}: no FST can be read from it; delete it and run stage 10 again")
    return fst


def write_fst(fst: Any, path: Path) -> None:
    """Writes an FST file, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if not fst.write(str(temporary)):
        raise GraphError(f"{path}: cannot be written; is the disk full?")
    os.replace(temporary, path)


def g_text(arpa: Path, words: Path, order: int) -> str:
    """G as OpenFst text, from an ARPA file; words that the table lacks are left out, and what the file
    gives `<unk>` is that of `<UNK>`."""
    import kaldilm

    with _quiet(), tempfile.NamedTemporaryFile("w", suffix=".arpa", encoding="utf-8") as renamed:
        with open(arpa, encoding="utf-8") as lines:
            renamed.writelines(
                line.replace("<unk>", UNKNOWN) if "<unk>" in line else line for line in lines
            )
        renamed.flush()
        text = kaldilm.arpa2fst(
            renamed.name,
            disambig_symbol="#0",
            read_symbol_table=str(words),
            max_order=order,
            max_arpa_warnings=0,
        )
    return str(text)


@contextmanager
def _quiet() -> Iterator[None]:
    """kaldilm tells its progress on the process' standard error; only a failure is worth hearing."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as heard:
        os.dup2(heard.fileno(), 2)
        try:
            yield
        except BaseException:
            heard.seek(0)
            os.write(kept, heard.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def compile_lg(lexicon: Lexicon, grammar: str, max_states: int = MAX_STATES) -> Any:
    """L composed with G, determinised and minimised; disambiguation symbols are still in it.

    Raises:
        GraphError: if it takes more than `max_states` states.
    """
    import kaldifst

    g = kaldifst.compile(grammar, acceptor=False)
    kaldifst.arcsort(g, sort_type="ilabel")
    l_graph = l_fst(lexicon)
    kaldifst.arcsort(l_graph, sort_type="olabel")
    lg = kaldifst.compose(l_graph, g)
    if lg.num_states == 0:
        raise GraphError("no word of the language model can be spelled in the model's tokens")
    try:
        kaldifst.determinize_star(lg, max_states=max_states)
    except RuntimeError as error:
        if "Determinization aborted" not in str(error):
            raise
        raise GraphError(
            f"determinising L composed with G needs more than lm.max_states={max_states} states: "
            "lower lm.order, set lm.unit=piece, or raise lm.max_states (about 1 KiB of memory each)"
        ) from error
    kaldifst.minimize_encoded(lg)
    return lg


def h_fst(num_tokens: int, num_disambiguation: int = 0, exact: bool = True) -> Any:
    """H: the tokens of frames to those of a spelling; labels are token ids + 1 on both sides.

    A token held over frames counts once; the same token twice needs a blank between them, unless
    `exact` is false: then it needs none, and H is linear in size.  The
    symbols behind the tokens, which only told words apart, cost no frame.
    """
    import kaldifst

    fst = kaldifst.StdVectorFst()
    fst.reserve_states(num_tokens)
    for _ in range(num_tokens):  # the state of a token is its id, that of the blank begins
        fst.set_final(fst.add_state(), 0.0)
    fst.start = BLANK_ID

    def arc(ilabel: int, olabel: int, to: int) -> Any:
        return kaldifst.StdArc(ilabel=ilabel, olabel=olabel, weight=0.0, nextstate=to)

    for state in range(num_tokens):
        for k in range(num_disambiguation):
            fst.add_arc(state, arc(0, num_tokens + 1 + k, state))
    tokens = [t for t in range(num_tokens) if t != BLANK_ID]
    fst.add_arc(BLANK_ID, arc(BLANK_ID + 1, 0, BLANK_ID))
    for token in tokens:
        fst.add_arc(BLANK_ID, arc(token + 1, token + 1, token))
        fst.add_arc(token, arc(token + 1, 0, token))
        fst.add_arc(token, arc(BLANK_ID + 1, 0, BLANK_ID))
        if not exact:
            fst.add_arc(token, arc(0, 0, BLANK_ID))
            continue
        for other in tokens:
            if other != token:
                fst.add_arc(token, arc(other + 1, other + 1, other))
    return fst


def compile_hlg(lexicon: Lexicon, grammar: str, max_states: int = MAX_STATES) -> Any:
    """The whole decoding graph.

    Raises:
        GraphError: if it grows too large.
    """
    import kaldifst

    lg = compile_lg(lexicon, grammar, max_states)
    kaldifst.arcsort(lg, sort_type="ilabel")
    most = MAX_EXACT_WITH_UNKNOWN if lexicon.unknown else MAX_EXACT_TOKENS
    h = h_fst(lexicon.num_tokens, lexicon.num_disambiguation, lexicon.num_tokens <= most)
    kaldifst.arcsort(h, sort_type="olabel")
    hlg = kaldifst.compose(h, lg)
    kaldifst.connect(hlg)
    kaldifst.arcsort(hlg, sort_type="ilabel")
    return hlg
