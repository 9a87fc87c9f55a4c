"""Trains a little model; run by torchrun or alone.  Arguments: folder, accumulate, precision."""

import sys
from pathlib import Path

import torch

from echoharvester.models.ctc import build_model
from echoharvester.text.tokenizers import JamoTokenizer
from echoharvester.training.config import TrainConfig
from echoharvester.training.distributed import join_distributed, leave_distributed
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData
from echoharvester.training.trainer import Trainer

MODEL = {
    "encoder": "conformer", "d_model": 32, "num_layers": 1, "num_heads": 4, "feedforward_dim": 64,
    "kernel_size": 7, "subsampling_channels": 8, "dropout": 0.0,
}  # fmt: skip


def main() -> None:
    folder, accumulate, optimizer = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    context = join_distributed("cpu")
    torch.manual_seed(1 + context.rank)  # the first process's weights are taken by all
    tokens = JamoTokenizer.train()
    model = build_model(MODEL, len(tokens.symbols))
    config = TrainConfig(
        max_epochs=2, optimizer=optimizer, lr=0.01, schedule="cosine", warmup_steps=2,
        accumulate=accumulate, average_period=1,
    )  # fmt: skip
    data = SyntheticConfig(batch_sec=6.0, batches_per_epoch=5, num_workers=0, max_sec=5.0)
    trainer = Trainer(model, tokens, config, folder, {"model_config": MODEL}, context)
    trainer.fit(SyntheticData(data, 3), SyntheticData(data, 4))
    leave_distributed()


if __name__ == "__main__":
    main()
