import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from slurm_lab import needs_slurm, running_slurm

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("ddp_worker.py")


def train(folder, processes, accumulate, optimizer):
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes]
    command += [WORKER, folder, accumulate, optimizer]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(c) for c in command], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return torch.load(folder / "last.pt", weights_only=True)


@pytest.mark.parametrize(
    "optimizer", ["adamw", pytest.param("scaled_adam", marks=pytest.mark.slow)]
)
def test_two_processes_do_what_one_does_on_the_same_batches(tmp_path, optimizer):
    """Five batches an epoch, so that the last step has one for the first process only."""
    together = train(tmp_path / "two", 2, 1, optimizer)
    alone = train(tmp_path / "one", 1, 2, optimizer)
    assert together["progress"]["step"] == alone["progress"]["step"] == 6
    for a, b in zip(together["progress"]["history"], alone["progress"]["history"], strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-5)
        assert a["dev_loss"] == pytest.approx(b["dev_loss"], rel=1e-4)
        assert a["dev_cer"] == b["dev_cer"]
    for name, tensor in alone["model"].items():
        torch.testing.assert_close(together["model"][name], tensor, atol=2e-5, rtol=1e-3)


class TestUnderSlurm:
    pytestmark = needs_slurm

    def test_srun_starts_processes_that_do_what_one_does(self, tmp_path):
        alone = train(tmp_path / "one", 1, 2, "adamw")
        with running_slurm(tmp_path / "slurm") as environment:
            environment |= {
                "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": "29511",
            }  # fmt: skip
            command = ["srun", "--ntasks", "2", "--nodes", "2", sys.executable, WORKER]
            done = subprocess.run(
                [*map(str, command), str(tmp_path / "two"), "1", "adamw"], env=environment,
                capture_output=True, text=True, timeout=300,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        together = torch.load(tmp_path / "two" / "last.pt", weights_only=True)
        assert together["progress"]["step"] == alone["progress"]["step"] == 6
        for name, tensor in alone["model"].items():
            torch.testing.assert_close(together["model"][name], tensor, atol=2e-5, rtol=1e-3)
