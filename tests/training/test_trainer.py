import dataclasses

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
from echoharvester.text.tokenizers import JamoTokenizer
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


def trainer(folder, config=CONFIG):
    torch.manual_seed(1)
    tokenizer = JamoTokenizer.train()
    model = build_model(MODEL, len(tokenizer.symbols))
    return Trainer(model, tokenizer, config, folder, {"model_config": MODEL})


class StopsAfter(SyntheticData):
    """Data that asks its trainer to stop, as a signal would."""

    def __init__(self, trainer, count):
        super().__init__(data().config, seed=3)
        self.trainer, self.count = trainer, count

    def batches(self, epoch, start=0, stride=1):
        for batch in super().batches(epoch, start, stride):
            self.count -= 1
            if self.count == 0:
                self.trainer._request_stop(15, None)
            yield batch


@pytest.mark.parametrize("stop_after", [2, 6])
def test_stopped_and_resumed_is_the_same_to_the_bit(tmp_path, stop_after):
    undisturbed = trainer(tmp_path / "a")
    undisturbed.fit(data(), data(1))
    stopped = trainer(tmp_path / "b")
    with pytest.raises(Stopped, match=f"step {stop_after}"):
        stopped.fit(StopsAfter(stopped, stop_after), data(1))
    resumed = trainer(tmp_path / "b")
    resumed.fit(data(), data(1))
    assert resumed.progress.step == undisturbed.progress.step == 8
    for ours, theirs in zip(resumed.progress.history, undisturbed.progress.history, strict=True):
        assert {k: v for k, v in ours.items() if k != "dev_sec"} == {
            k: v for k, v in theirs.items() if k != "dev_sec"
        }
    for name, tensor in undisturbed.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name


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
