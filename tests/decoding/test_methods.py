"""Methods by name, the lang folder, selection of weights, files, comparison."""

import numpy as np
import pytest
import torch
from decoding_support import emissions

from echoharvester.decoding.base import Emissions, decode_set
from echoharvester.decoding.compare import compare, read_recogs
from echoharvester.decoding.lang import LangConfig, prepare_lang
from echoharvester.decoding.methods import hot_words, make_method
from echoharvester.decoding.results import Result, summary_table, write_recogs, write_summaries
from echoharvester.decoding.select import load_selected
from echoharvester.models.checkpoint import CheckpointError, save_checkpoint
from echoharvester.models.ctc import build_model
from echoharvester.text.tokenizers import BpeTokenizer, CharTokenizer, JamoTokenizer
from echoharvester.training.batch import collate

TEXTS = ["오늘 비가 온다", "오늘 눈이 온다", "내일 비가 온다", "내일은 눈이 온다"] * 3
MODEL = {
    "encoder": "conformer", "d_model": 16, "num_layers": 1, "num_heads": 2, "feedforward_dim": 32,
    "kernel_size": 7, "subsampling_channels": 4,
}  # fmt: skip
BEAM = {
    "beam": 8, "tokens": 10, "threshold": 9.0, "skip_blank": 1.0, "lm_scales": [0.0], "length_bonus": 0.0,
    "hot_words": [], "hot_word_boost": 1.0,
}  # fmt: skip


def spelled(tokenizer, text, confidence=0.9):
    """Emissions that say a text, nearly."""
    ids = [x for i in tokenizer.encode(text) for x in (i, 0)]
    size = len(tokenizer.symbols)
    probs = np.full((len(ids), size), (1 - confidence) / (size - 1), np.float32)
    probs[np.arange(len(ids)), ids] = confidence
    return torch.from_numpy(np.log(probs))


def of_one(log_probs, text=""):
    return Emissions(log_probs[None], torch.tensor([len(log_probs)]), [text], ["u"])


@pytest.mark.parametrize("unit", ["eojeol", "piece"])
@pytest.mark.parametrize("kind", ["char", "jamo", "jamo with spaces", "bpe"])
def test_every_tokenizer_and_unit_decodes_what_it_says(tmp_path, kind, unit):
    tokenizer = {
        "char": lambda: CharTokenizer.train(TEXTS),
        "jamo": lambda: JamoTokenizer.train(TEXTS),
        "jamo with spaces": lambda: JamoTokenizer.train(TEXTS, keep_space=True),
        "bpe": lambda: BpeTokenizer.train(TEXTS, 40),
    }[kind]()
    config = LangConfig(unit, num_pieces=40, order=2, token_order=3)
    lang = prepare_lang(tokenizer, tmp_path, TEXTS, ["모레 비가 온다"], config)
    assert all(path.stat().st_size for path in lang.files)
    method = make_method(
        "hlg",
        {"lm_scales": [0.3], "beam": 30.0, "max_active": 5000, "blank_penalty": 0.0},
        tokenizer,
        tmp_path,
    )
    said = (
        "모레 비가 온다"
        if kind != "bpe" and set("모레") <= set("".join(tokenizer.symbols))
        else "내일은 눈이 온다"
    )
    found = method.decode(of_one(spelled(tokenizer, said)))
    assert found["lm_scale-0.3"] == [said]


def test_a_token_language_model_and_hot_words_by_name(tmp_path):
    tokenizer = JamoTokenizer.train(TEXTS, keep_space=True)
    prepare_lang(tokenizer, tmp_path, TEXTS, [], LangConfig(order=2, token_order=4, hlg=False))
    assert not (tmp_path / "HLG.fst").exists()
    log_probs = spelled(tokenizer, "오늘 비가 온다")
    for scales, settings in (([0.0], [""]), ([0.2, 0.4], ["lm_scale-0.2", "lm_scale-0.4"])):
        method = make_method("ctc_prefix_beam", {**BEAM, "lm_scales": scales}, tokenizer, tmp_path)
        assert list(method.settings) == settings
        assert all(t == ["오늘 비가 온다"] for t in method.decode(of_one(log_probs)).values())
    with pytest.raises(FileNotFoundError, match="run stage 10"):
        make_method("hlg", {"lm_scales": [1.0]}, tokenizer, tmp_path)
    with pytest.raises(ValueError, match="decode.method"):
        make_method("magic", {}, tokenizer, tmp_path)


def test_hot_words_from_a_file(tmp_path):
    tokenizer = CharTokenizer.train(["서울역"])
    (tmp_path / "hot.txt").write_text("서울\t2.5\n\n울역\n", encoding="utf-8")
    words = hot_words(str(tmp_path / "hot.txt"), 1.0, tokenizer)
    assert words.step(0, tokenizer.encode("서")[0])[0] == 2.5
    with pytest.raises(ValueError, match="'부산'"):
        hot_words(["부산"], 1.0, tokenizer)
    with pytest.raises(ValueError, match="is a number"):
        hot_words(["서울\tviel"], 1.0, tokenizer)


def test_what_the_graph_cannot_say_is_written_as_heard(tmp_path):
    tokenizer = CharTokenizer.train(["가나다"])
    prepare_lang(tokenizer, tmp_path, ["가 나", "나 가"], [], LangConfig(order=2, token_order=0))
    method = make_method(
        "hlg",
        {"lm_scales": [0.5], "beam": 1.0, "max_active": 10, "blank_penalty": 0.0},
        tokenizer,
        tmp_path,
    )
    row = emissions(5, len(tokenizer.symbols), 0)
    assert isinstance(method.decode(of_one(torch.from_numpy(row)))["lm_scale-0.5"][0], str)


def test_a_set_is_decoded_with_ids_and_times():
    tokenizer = CharTokenizer.train(["가나다"])
    torch.manual_seed(0)
    model = build_model(MODEL, len(tokenizer.symbols))
    batches = [collate([torch.randn(60, 80), torch.randn(90, 80)], ["가", "나"], ["a", "b"])]
    (decoded,) = decode_set(model, batches, make_method("ctc_greedy", {}, tokenizer, None)).values()
    assert [r.id for r in decoded.results] == ["a", "b"] and decoded.audio_sec == pytest.approx(1.5)
    assert 0 < decoded.real_time_factor < 10


@pytest.fixture
def run_folder(tmp_path):
    """Three epochs whose running means are those of weights 1, 2 and 3, ten steps each."""
    tokenizer = CharTokenizer.train(["가"])
    model = build_model(MODEL, len(tokenizer.symbols))
    for epoch in (1, 2, 3):
        state = {
            k: torch.full_like(v, epoch) if v.is_floating_point() else v
            for k, v in model.state_dict().items()
        }
        mean = sum(range(1, epoch + 1)) / epoch
        average = {k: torch.full_like(v, mean, dtype=torch.float64) for k, v in state.items()}
        content = {
            "model": state,
            "model_avg": average,
            "progress": {"step": 10 * epoch},
            "model_config": MODEL,
            "tokens": list(tokenizer.symbols),
        }
        save_checkpoint(content, tmp_path / f"epoch-{epoch}.pt")
    save_checkpoint({**content, "model_avg": None}, tmp_path / "best.pt")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "avg", "value", "label"),
    [
        ("best", 1, 3, "best"),
        ("2", 1, 2, "epoch-2"),
        ("3", 2, 2.5, "epoch-3-avg-2"),
        ("3", 3, 2, "epoch-3-avg-3"),
    ],
)
def test_selection_of_weights(run_folder, name, avg, value, label):
    model, _, found = load_selected(run_folder, name, avg)
    assert found == label
    assert model.ctc_output[1].bias[0].item() == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "avg", "message"),
    [("best", 2, "decode.avg"), ("9", 1, "no such checkpoint"), ("3", 5, "only 3 epochs")],
)
def test_weights_that_are_not_there_are_named(run_folder, name, avg, message):
    with pytest.raises(CheckpointError, match=message):
        load_selected(run_folder, name, avg)


FIRST = [Result(f"u{i}", "가나다라마바사", "가나다라마바" + "사아자"[i % 3]) for i in range(40)]
SECOND = [
    Result(r.id, r.reference, r.reference if i % 2 else r.hypothesis) for i, r in enumerate(FIRST)
]


def test_two_results_are_compared(tmp_path):
    for name, results in (("a", FIRST), ("b", SECOND)):
        write_recogs(results, tmp_path / f"recogs-{name}.txt")
    found = compare(tmp_path / "recogs-a.txt", tmp_path / "recogs-b.txt")
    assert found.first.errors == 26 and found.second.errors == 13
    assert found.p_second_better > 0.99 and len(found.changed) == 13
    assert found.changed[0].first_errors == 1 and found.changed[0].second_errors == 0
    same = compare(tmp_path / "recogs-a.txt", tmp_path / "recogs-a.txt")
    assert not same.changed and same.p_second_better == 0


def test_results_that_cannot_be_compared_are_named(tmp_path):
    write_recogs(FIRST, tmp_path / "a.txt")
    write_recogs(FIRST[:5], tmp_path / "b.txt")
    write_recogs([Result(r.id, "다른 글", r.hypothesis) for r in FIRST], tmp_path / "c.txt")
    (tmp_path / "d.txt").write_text("u:\tref=__import__('os')\n", encoding="utf-8")
    for name, message in (
        ("b", "not the same utterances"),
        ("c", "other references"),
        ("d", "d.txt:1"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(tmp_path / "a.txt", tmp_path / f"{name}.txt")
    assert read_recogs(tmp_path / "a.txt")["u0"][0] == list("가나다라마바사")


def test_every_setting_has_its_line_the_best_first(tmp_path):
    rows = {"scale-1": summary_table(FIRST), "scale-2": summary_table(SECOND)}
    cer_file, _ = write_summaries(tmp_path, "test", "best", rows)
    lines = cer_file.read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["settings", "scale-2", "scale-1"]
    assert lines[1].split("\t")[1] == f"{100 * 13 / 280:.2f}"
