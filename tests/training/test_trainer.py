import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from echoharvester.models.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_matching,
    load_model,
    save_checkpoint,
)
from echoharvester.models.ctc import build_model
from echoharvester.text.tokenizers import BpeTokenizer, JamoTokenizer
from echoharvester.training.config import TrainConfig
from echoharvester.training.rates import learning_rate
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData
from echoharvester.training.trainer import Stopped, Trainer

MODEL = {
    "encoder": "conformer", "d_model": 32, "num_layers": 1, "num_heads": 4, "feedforward_dim": 64,
    "kernel_size": 7, "subsampling_channels": 8, "dropout": 0.1,
}  # fmt: skip
CONFIG = TrainConfig(
    max_epochs=2, optimizer="adamw", lr=1e-3, schedule="cosine", warmup_steps=2, save_every_steps=1
)


def data(batches=4):
    config = SyntheticConfig(batch_sec=8.0, batches_per_epoch=batches, num_workers=0, max_sec=6.0)
    return SyntheticData(config, seed=3)


ZIPFORMER = {
    "encoder": "zipformer", "downsampling_factor": [1, 2], "encoder_dim": [16, 24],
    "encoder_unmasked_dim": [16, 16], "num_encoder_layers": [1, 1], "num_heads": [2, 2],
    "feedforward_dim": [32, 32], "cnn_module_kernel": [7, 7], "query_head_dim": 8,
    "value_head_dim": 4, "frontend_channels": 8,
}  # fmt: skip
SCALED = TrainConfig(
    max_epochs=2, lr=0.02, warmup_steps=2, save_every_steps=1, average_period=1, time_warp=5
)


def trainer(folder, config=CONFIG, model_config=MODEL):
    torch.manual_seed(1)
    tokenizer = JamoTokenizer.train()
    model = build_model(model_config, len(tokenizer.symbols))
    return Trainer(model, tokenizer, config, folder, {"model_config": model_config})


class StopsAfter(SyntheticData):
    """Data that asks its trainer to stop, as a signal would."""

    def __init__(self, trainer, count):
        super().__init__(data().config, seed=3)
        self.trainer, self.count = trainer, count

    def batches(self, epoch, start=0, stride=1):
        for batch in super().batches(epoch, start, stride):
            self.count -= 1
            if self.count == 0:
                self.trainer.request_stop(15, None)
            yield batch


@pytest.mark.parametrize(
    ("config", "model", "stop_after"),
    [
        (CONFIG, MODEL, 2),
        (CONFIG, MODEL, 6),
        (SCALED, ZIPFORMER, 3),
        (dataclasses.replace(SCALED, cr_ctc=True, precision="bf16"), ZIPFORMER, 5),
    ],
)
def test_stopped_and_resumed_is_the_same_to_the_bit(tmp_path, config, model, stop_after):
    undisturbed = trainer(tmp_path / "a", config, model)
    undisturbed.fit(data(), data(1))
    stopped = trainer(tmp_path / "b", config, model)
    with pytest.raises(Stopped, match=f"step {stop_after}"):
        stopped.fit(StopsAfter(stopped, stop_after), data(1))
    resumed = trainer(tmp_path / "b", config, model)
    resumed.fit(data(), data(1))
    assert resumed.progress.step == undisturbed.progress.step == 8
    for ours, theirs in zip(resumed.progress.history, undisturbed.progress.history, strict=True):
        assert {k: v for k, v in ours.items() if k != "dev_sec"} == {
            k: v for k, v in theirs.items() if k != "dev_sec"
        }
    for name, tensor in undisturbed.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name
        assert torch.equal(undisturbed.average.weights[name], resumed.average.weights[name]), name


def test_killed_without_warning_and_resumed_is_the_same_to_the_bit(tmp_path):
    """A process of its own is killed once a checkpoint inside an epoch is there."""
    undisturbed = trainer(tmp_path / "a", SCALED, ZIPFORMER)
    undisturbed.fit(data(), data(1))
    code = (
        "import os, sys, signal, torch; torch.set_num_threads(1)\n"  # as here: sums depend on it
        "sys.path.insert(0, sys.argv[1]); import test_trainer as t\n"
        "from pathlib import Path\n"
        "one = t.trainer(Path(sys.argv[2]), t.SCALED, t.ZIPFORMER)\n"
        "data = t.StopsAfter(one, 4)\n"
        "one.request_stop = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "one.fit(data, t.data(1))\n"
    )
    tests = str(Path(__file__).parent)
    killed = subprocess.run([sys.executable, "-c", code, tests, str(tmp_path / "b")])
    assert killed.returncode == -signal.SIGKILL
    resumed = trainer(tmp_path / "b", SCALED, ZIPFORMER)
    resumed._resume()
    assert resumed.progress.step == 3
    resumed.fit(data(), data(1))
    for name, tensor in undisturbed.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name


def test_accumulated_batches_make_one_step(tmp_path):
    one = trainer(tmp_path, dataclasses.replace(SCALED, accumulate=3, max_epochs=1), ZIPFORMER)
    assert one.fit(data(4), data(1)).step == 2  # three batches, and the one that is left


def test_checkpoints_are_kept_as_asked_and_the_average_is_judged(tmp_path):
    config = dataclasses.replace(SCALED, max_epochs=4, keep_checkpoints=3)
    one = trainer(tmp_path, config, ZIPFORMER)
    progress = one.fit(data(2), data(1))
    assert sorted(p.name for p in tmp_path.glob("*.pt")) == [
        "averaged.pt", "best.pt", "epoch-2.pt", "epoch-3.pt", "epoch-4.pt", "last.pt",
        "step-6.pt", "step-7.pt", "step-8.pt",
    ]  # fmt: skip
    best = load_checkpoint(tmp_path / "best.pt")
    lowest = min(row["dev_cer"] for row in progress.history)
    assert progress.best_cer <= lowest
    assert ("averaged" in best) == (progress.best_cer < lowest)
    averaged = load_checkpoint(tmp_path / "averaged.pt")
    assert averaged["averaged"]["to_epoch"] == 4
    assert load_checkpoint(tmp_path / "epoch-2.pt")["progress"]["epoch"] == 2


def test_another_run_in_the_same_folder_is_set_aside(tmp_path):
    """Else its later epochs would stand for the new run's, and push those out."""
    for fingerprint, epochs in (("first", 3), ("second", 2)):
        config = dataclasses.replace(SCALED, max_epochs=epochs, keep_checkpoints=2)
        one = trainer(tmp_path, config, ZIPFORMER)
        one.fingerprint = one.description["fingerprint"] = fingerprint
        one.fit(data(1), data(1))
    assert sorted(p.name for p in tmp_path.glob("epoch-*.pt")) == ["epoch-1.pt", "epoch-2.pt"]
    assert sorted(p.name for p in tmp_path.glob("before/epoch-*.pt")) == [
        "epoch-2.pt",
        "epoch-3.pt",
    ]
    assert load_checkpoint(tmp_path / "averaged.pt")["fingerprint"] == "second"


def test_memory_that_runs_out_says_what_to_lower(tmp_path):
    one = trainer(tmp_path, SCALED, ZIPFORMER)

    def full(_features, _lens):
        raise torch.OutOfMemoryError("CUDA out of memory")

    one.compute = full
    with pytest.raises(MemoryError, match=r"utterances of up to .*lower train.batch_sec"):
        one.fit(data(1), data(1))


def test_training_ends_early_where_asked(tmp_path):
    config = dataclasses.replace(SCALED, lr=0.0, max_epochs=9, early_stop_epochs=2)
    assert trainer(tmp_path, config, ZIPFORMER).fit(data(1), data(1)).epoch == 3


def test_a_frozen_encoder_does_not_change(tmp_path):
    config = dataclasses.replace(SCALED, freeze_encoder_epochs=1, max_epochs=1)
    one = trainer(tmp_path, config, ZIPFORMER)
    before = {k: v.clone() for k, v in one.model.state_dict().items()}
    one.fit(data(2), data(1))
    changed = {k for k, v in one.model.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"ctc_output.1.weight", "ctc_output.1.bias"}


def test_a_bpe_model_travels_in_the_checkpoint(tmp_path):
    texts = ["안녕하세요 여러분", "오늘은 날씨가 좋네요", "안녕히 가세요 여러분"] * 4
    tokenizer = BpeTokenizer.train(texts, 40)
    config = dataclasses.replace(SCALED, max_epochs=1)
    model = build_model(ZIPFORMER, len(tokenizer.symbols))
    Trainer(model, tokenizer, config, tmp_path, {"model_config": ZIPFORMER}).fit(data(1), data(1))
    _, loaded = load_model(tmp_path / "last.pt")
    assert loaded.encode(texts[0]) == tokenizer.encode(texts[0])
    assert loaded.decode(loaded.encode(texts[0])) == texts[0]


def test_settings_that_cannot_be_are_named_together():
    with pytest.raises(ValueError, match=r"optimizer is one of.*accumulate is at least 1.*fp16"):
        TrainConfig(optimizer="sgd", accumulate=0, precision="fp16")


def test_a_checkpoint_holds_all_that_decoding_needs(tmp_path):
    one = trainer(tmp_path, dataclasses.replace(CONFIG, max_epochs=1))
    one.fit(data(2), data(1))
    model, tokenizer = load_model(tmp_path / "best.pt")
    assert tokenizer.symbols == one.tokenizer.symbols
    features = torch.randn(1, 100, 80)
    expected = one.model.eval()(features, torch.tensor([100]))[0]
    assert torch.equal(model(features, torch.tensor([100]))[0], expected)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("ran",)

    torch.save({"model": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="could run code"):
        load_checkpoint(tmp_path / "evil.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(CheckpointError, match="junk.pt"):
        load_checkpoint(tmp_path / "junk.pt")


def test_a_checkpoint_that_is_being_written_does_not_replace_the_old_one(tmp_path):
    path = tmp_path / "last.pt"
    save_checkpoint({"model": {}, "n": 1}, path)
    with pytest.raises(AttributeError):
        save_checkpoint({"model": lambda: None}, path)
    assert load_checkpoint(path)["n"] == 1


def test_fine_tuning_keeps_the_rows_of_shared_tokens():
    old, new = JamoTokenizer.train(), JamoTokenizer.train(keep_space=True)
    source = build_model(MODEL, len(old.symbols))
    target = build_model(MODEL, len(new.symbols))
    left = load_matching(target, source.state_dict(), old.symbols, new.symbols)
    assert left == ["token ▁"]
    a, b = old.symbols.index("ᄀ"), new.symbols.index("ᄀ")
    assert torch.equal(source.ctc_output[1].weight[a], target.ctc_output[1].weight[b])


def test_a_loss_that_is_no_number_names_the_batch(tmp_path):
    one = trainer(tmp_path)
    with torch.no_grad():
        one.model.ctc_output[1].bias.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"bad-batch.pt"):
        one.fit(data(), data(1))


def test_schedules():
    noam = TrainConfig(lr=2.5, schedule="noam")
    noam = dataclasses.replace(noam, warmup_steps=100)
    rates = [learning_rate(noam, s - 1, 0, 1000, 256) for s in (1, 50, 100, 400)]
    assert rates[0] < rates[1] < rates[2] and rates[3] == pytest.approx(rates[2] / 2)
    config = dataclasses.replace(CONFIG, warmup_steps=10, max_epochs=1)
    cosine = [learning_rate(config, s - 1, 0, 100, 256) for s in (5, 10, 55, 100)]
    assert cosine == pytest.approx([5e-4, 1e-3, 5e-4, 0.0], abs=1e-9)


def test_batches_depend_on_seed_and_place_alone():
    first = [b.features for b in data(6).batches(1)]
    again = [b.features for b in data(6).batches(1, start=5)]
    assert len(first) == 6 and len(again) == 1 and torch.equal(first[5], again[0])
    assert first[0].shape != next(iter(data(6).batches(2))).features.shape
