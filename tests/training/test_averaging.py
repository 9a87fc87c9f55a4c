import pytest
import torch
from torch import nn

from echoharvester.training.averaging import RunningAverage, mean_between


def test_means_over_any_stretch_follow_from_running_means():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    average, snapshots, weights = RunningAverage(model, 2), {0: {}}, []
    for step in range(1, 13):
        with torch.no_grad():
            model.weight.copy_(torch.randn(2, 3))
        average.update(model, step)
        if step % 2 == 0:
            weights.append(model.weight.detach().clone())
        snapshots[step] = {k: v.clone() for k, v in average.weights.items()}
    assert average.weights["weight"].dtype == torch.float64
    torch.testing.assert_close(snapshots[12]["weight"].float(), torch.stack(weights).mean(0))
    found = mean_between(snapshots[6], 6, snapshots[12], 12)
    torch.testing.assert_close(found["weight"], torch.stack(weights[3:]).mean(0))
    with pytest.raises(ValueError, match="no steps"):
        mean_between(snapshots[6], 6, snapshots[6], 6)
