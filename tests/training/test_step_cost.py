"""Steps that are measured, presets, and what a training will take."""

import importlib
import os
import subprocess
import sys

import pytest
import torch
from tests_support import ROOT

from echoharvester.training.step_cost import Steps


def test_steps_see_the_same_batch_and_take_steps():
    seen = []
    weight = torch.nn.Parameter(torch.ones(80))
    optimizer = torch.optim.SGD([weight], lr=1e-3)

    def loss_of(features, lens, targets):
        seen.append((features.clone(), lens.tolist(), targets))
        return (features * weight).sum(), int(lens.sum())

    steps = Steps([2.0, 1.6], num_tokens=50, count=3)
    cost = steps.cost(steps.stepper(loss_of, optimizer))
    assert len(seen) == 5 and all(torch.equal(one[0], seen[0][0]) for one in seen)
    assert seen[0][0].shape == (2, 200, 80) and seen[0][1] == [200, 160]
    assert [len(row) for row in seen[0][2]] == [16, 13]
    assert all(3 <= token < 50 for row in seen[0][2] for token in row)
    assert not torch.equal(weight, torch.ones(80)) and weight.grad is None
    assert cost.seconds > 0 and cost.frames == 360 and cost.peak_mb > 10
    other = steps.stepper(loss_of, optimizer)
    other()
    assert torch.equal(seen[-1][0], seen[0][0])  # for whatever else is measured, too


@pytest.fixture(scope="module")
def plan():
    sys.path.insert(0, str(ROOT / "scripts"))
    return importlib.import_module("plan_training")


def test_a_whole_batch_lies_on_the_line_through_smaller_ones(plan):
    assert plan.on_line([(20, 1.0), (60, 2.0)], 200) == 5.5
    assert plan.on_line([(20, 900.0), (20, 950.0), (60, 1200.0), (60, 1300.0)], 60) == 1300.0
    assert plan.on_line([(200, 3.0)], 200) == 3.0
    assert plan.on_line([(20, 5.0), (60, 4.0)], 99) == 5.0  # noise: it never falls
    said = [plan.spoken_time(s) for s in (45, 600, 5400, 3 * 86400 + 7200)]
    assert said == ["45 s", "10 min", "1.5 h", "3 d 2 h"]


def planned(*arguments):
    command = [sys.executable, str(ROOT / "scripts/plan_training.py"), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_it_says_what_a_training_will_take(tmp_path):
    settings = (
        "--steps", "1", f"data_dir={tmp_path}", "model=zipformer_ctc_tiny", "train.batch_sec=8",
        "train.max_sec=4", "train.max_epochs=3", "train.speed_factors=[0.5,1.0]", "train.device=cpu",
        "train.num_threads=1", "train.cr_ctc=true",
    )  # fmt: skip
    done = planned("--hours", "0.1", "--processes", "2", *settings)
    assert done.returncode == 0, done.stderr
    model, step, epoch, whole, disk = done.stdout.splitlines()
    assert model.startswith("zipformer_ctc_tiny, ") and "500 tokens, fp32" in model
    assert step.startswith("a step of 8 s in each process: ") and "GiB" in step
    # 360 s, and at half the speed 720 s, in steps of 16 s
    assert "0.1 h at 2 speeds in 2 processes: 68 steps" in epoch and "3 epochs: 204 steps" in whole
    assert disk.startswith("checkpoints: ")
    assert not list(tmp_path.iterdir())
    missing = planned(*settings)
    assert missing.returncode == 1 and "say --hours, or run stage 10" in missing.stderr


@pytest.mark.parametrize(
    ("hours", "model"),
    [(10, "zipformer_ctc_small"), (100, "zipformer_ctc_small"), (1000, "zipformer_ctc_medium")],
)
def test_presets_bring_a_model_that_the_command_line_may_change(
    monkeypatch, tmp_path, hours, model
):
    from config import composed

    monkeypatch.setenv("ECHO_RECIPE_DIR", str(ROOT / "egs/korean_yt"))
    chosen = [f"train=hours_{hours}", f"data_dir={tmp_path}", "train.precision=fp32"]
    cfg = composed(chosen)
    assert cfg.model.name == model and cfg.train.max_epochs >= 30
    # What it hears in all: enough for the schedules inside the model to end well before.
    heard = 3600 * hours * 3 * cfg.train.max_epochs
    assert heard / cfg.train.batch_count_sec >= 2 * 20_000
    assert composed([*chosen, "model=conformer_ctc"]).model.name == "conformer_ctc"


def test_a_fault_in_a_file_of_settings_is_said_once(monkeypatch, tmp_path):
    from echoharvester.errors import UserError

    from config import composed

    (tmp_path / "conf" / "train").mkdir(parents=True)
    recipe = (ROOT / "egs/korean_yt/conf/recipe.yaml").read_text()
    (tmp_path / "conf" / "recipe.yaml").write_text(recipe)
    wrong = "defaults:\n  - default\n  - override /model: zipformer_ctc\n"
    (tmp_path / "conf" / "train" / "mine.yaml").write_text(wrong)
    monkeypatch.setenv("ECHO_RECIPE_DIR", str(tmp_path))
    with pytest.raises(UserError, match="model@train.model"):
        composed(["train=mine", f"data_dir={tmp_path}/data"])
