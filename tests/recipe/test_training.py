"""Stage 11 as users call it: sweeps, several processes, fine-tuning, BPE."""

import json
import os
import subprocess
import sys

import pytest
from tests_support import ROOT

pytestmark = pytest.mark.slow

TINY = (
    "train.optimizer=scaled_adam", "train.max_epochs=1", "train.batch_sec=30", "train.num_workers=0",
    "train.warmup_steps=2", "train.num_threads=1", "train.augment=false",
)  # fmt: skip
SMALL_ZIPFORMER = (
    "model=zipformer_ctc_tiny", "model.encoder_dim=[16,16,24,24,16,16]",
    "model.encoder_unmasked_dim=[16,16,16,16,16,16]", "model.feedforward_dim=[16,16,16,16,16,16]",
    "model.num_heads=[1,1,1,1,1,1]", "model.frontend_channels=4",
)  # fmt: skip


def train(run, *arguments, launcher=(), flags=(), check=True):
    environment = {
        **os.environ, "ECHO_RECIPE_DIR": str(ROOT / "egs/mini_ko"), "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'local'}",
    }  # fmt: skip
    folders = (f"data_dir={run.data_dir}", f"exp_dir={run.exp_dir}")
    done = subprocess.run(
        [sys.executable, *launcher, str(ROOT / "local/train.py"), *flags, *folders, *TINY, *arguments],
        capture_output=True, text=True, env=environment, timeout=600, cwd=ROOT,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_sweep_leaves_one_folder_each_and_a_table(finished, tmp_path, launcher):
    run = finished.beside(tmp_path)
    flags = ("-m", f"hydra/launcher={launcher}")
    done = train(run, "train.init=null", *SMALL_ZIPFORMER, "train.lr=0.01,0.02", flags=flags)
    folders = sorted(p.parent.name for p in (run.exp_dir / "sweep").glob("*/best.pt"))
    assert folders == ["train.lr=0.01", "train.lr=0.02"]
    table = (run.exp_dir / "sweep" / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert table[0].startswith("dev_cer_percent") and len(table) == 3
    assert all(line in done.stdout for line in table)


def test_run_sh_sweeps_the_same_way(finished, tmp_path):
    run = finished.beside(tmp_path)
    settings = ("train.init=null", *SMALL_ZIPFORMER, *TINY, "train.lr=0.01,0.02")
    done = run.run("--stage", "11", "-m", *settings)
    table = (run.exp_dir / "sweep" / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert {line.split("\t")[2] for line in table[1:]} == {"train.lr=0.01", "train.lr=0.02"}
    assert all(line in done.stdout for line in table)


def test_a_job_of_a_sweep_that_fails_leaves_the_others_alone(finished, tmp_path):
    run = finished.beside(tmp_path)
    sweep = "train.init=/nowhere.pt,null", "train.batch_sec=none,20"  # a fault of each kind
    done = train(run, *SMALL_ZIPFORMER, *sweep, flags=("-m",), check=False)
    assert done.returncode == 1 and "/nowhere.pt" in done.stderr
    table = (run.exp_dir / "sweep" / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 2 and table[1].endswith("train.batch_sec=20,train.init=null")


def test_two_processes_train_one_model_on_all_of_the_data(finished, tmp_path):
    together, alone = finished.beside(tmp_path / "two"), finished.beside(tmp_path / "one")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    settings = ("train.init=null", *SMALL_ZIPFORMER, "train.batch_sec=10")
    train(together, *settings, launcher=launcher)
    train(alone, *settings)

    def steps(run):
        record = json.loads(next(run.exp_dir.glob("*/train.json")).read_text(encoding="utf-8"))
        return record["history"][-1]["step"]

    assert steps(alone) > 4 and steps(together) == -(-steps(alone) // 2)


def test_fine_tuning_takes_the_architecture_from_the_checkpoint(finished, tmp_path):
    run = finished.beside(tmp_path)
    train(run, "train.init=null", *SMALL_ZIPFORMER, "tokenizer=jamo")
    (first,) = run.exp_dir.glob("*/best.pt")
    settings = ("train=finetune", "model=from_init", f"train.init={first}", "train.max_epochs=1")
    done = train(run, *settings, "train.freeze_encoder_epochs=0")
    assert "new: none" in done.stdout and "from_init" in done.stdout


def test_bpe_from_text_to_decoding(finished, tmp_path):
    run = finished.beside(tmp_path)
    split = ("--stage", "10", "--stop-stage", "10", "tokenizer=bpe")
    refused = run.run(*split, "tokenizer.vocab_size=50", check=False)
    assert refused.returncode and "different characters" in refused.stderr
    settings = ("tokenizer=bpe", "tokenizer.vocab_size=400", "train.init=null")
    run.run("--stage", "10", "--stop-stage", "13", *SMALL_ZIPFORMER, *TINY, *settings)
    assert (run.data_dir / "lang_bpe" / "bpe.model").is_file()
    assert (run.data_dir / "lang_bpe" / "lexicon.txt").read_text(encoding="utf-8").count("▁") > 10
    exported = next(run.exp_dir.glob("*/export"))
    assert (exported / "bpe.model").is_file() and (exported / "model.int8.onnx").is_file()
