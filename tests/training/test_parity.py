import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from echoharvester.training.parity import compare

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/fixtures/zipformer2"
NAMES = (
    "eden_values",
    "regularizers",
    "scaled_adam_trace",
    "zipformer2_tiny",
    "zipformer2_tiny_causal",
)


@pytest.mark.parametrize("name", NAMES)
def test_reference_numbers_are_met(name):
    reference = json.loads((FIXTURES / f"{name}.json").read_text())
    differences = compare(reference, FIXTURES)
    assert differences and max(differences.values()) <= 1.0, differences


def check(path):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/check_parity.py", path], capture_output=True, text=True
    )


def test_the_script_says_so_and_fails_on_a_difference(tmp_path):
    agreed = check(FIXTURES / "eden_values.json")
    assert agreed.returncode == 0 and "agrees" in agreed.stdout.splitlines()[-1]
    wrong = json.loads((FIXTURES / "eden_values.json").read_text())
    wrong["values"][3][2] *= 1.001
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    found = check(tmp_path / "wrong.json")
    assert found.returncode == 1 and "too large: lr" in found.stdout.splitlines()[-1]
    (tmp_path / "other.json").write_text('{"kind": "lstm"}')
    assert check(tmp_path / "other.json").returncode == 1
    assert check(tmp_path / "none.json").returncode == 1


def test_wrong_outputs_gradients_and_keys_are_found(tmp_path):
    name = "zipformer2_tiny"
    reference = json.loads((FIXTURES / f"{name}.json").read_text())
    arrays = dict(np.load(FIXTURES / f"{name}.npz"))
    arrays["log_probs"][5, 7] += 2e-4
    np.savez(tmp_path / f"{name}.npz", **arrays)
    reference["grad_norm_sum"]["encoder.encoders.3.encoder.layers.0.feed_forward2.in_proj.weight"][0] *= 1.004  # fmt: skip
    differences = compare(reference, tmp_path)
    assert differences["log_probs"] > 1.0 and differences["gradient_norm"] > 1.0
    assert differences["encoder_out"] <= 1.0
    reference["keys"]["encoder.norm.weight"] = [5]
    shutil.copy(FIXTURES / f"{name}.npz", tmp_path)
    with pytest.raises(ValueError, match=r"1 keys differ.*encoder.norm.weight"):
        compare(reference, tmp_path)


def test_a_scalar_is_kept_within_its_bounds_after_the_step_and_momentum_goes_on():
    import torch
    from torch import nn

    from echoharvester.training.optim import ScaledAdam

    scalar, other = nn.Parameter(torch.tensor(9.99)), nn.Parameter(torch.ones(3, 2))
    optimizer = ScaledAdam([scalar, other], lr=1.0, scalar_lr_scale=1.0, clipping_scale=2.0)
    for _ in range(5):
        scalar.grad, other.grad = torch.tensor(-1.0), torch.ones(3, 2)
        optimizer.step()
        assert scalar.item() <= 10.0
    before = other.detach().clone()
    scalar.grad, other.grad = torch.tensor(-1.0), None  # it has no part in this step's loss
    optimizer.step()
    assert not torch.equal(other, before)
    again = ScaledAdam([scalar, other], lr=1.0, clipping_scale=2.0)
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["clipping"]["step"] == 6
