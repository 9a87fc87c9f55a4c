"""The recipe on a real Slurm: arrays, a failed shard, a cancelled one, training that is requeued."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from recipe_support import Recipe, deadly, environment
from slurm_lab import needs_slurm, running_slurm
from tests_support import ROOT

from echoharvester.manifests.shards import read_all_cuts, read_cuts, read_info

pytestmark = needs_slurm
SLURM = (
    "--launcher", "slurm", "--nj", "3", "launcher.settle_sec=1", "launcher.mem=0", "launcher.cpus=1", 'launcher.time="10"',
)  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_slurm(tmp_path_factory.mktemp("slurm")) as found:
        yield found


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Stages 0 to 2, here."""
    folder = tmp_path_factory.mktemp("recipe")
    recipe = Recipe(folder / "data", folder / "exp")
    recipe.run("--stage", "0", "--stop-stage", "2")
    return recipe


def run(recipe, lab, *arguments, check=True):
    given = (*SLURM, *arguments)
    command = recipe.command(*(a for a in given if "=" not in a), *(a for a in given if "=" in a))
    done = subprocess.run(
        command, capture_output=True, text=True, env={**environment(), **lab}, timeout=600
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def contents(recipe):
    return {p.name: read_info(p).identity for p in recipe.manifests.glob("cuts_*.[0-9].jsonl.gz")}


def test_an_array_does_what_processes_do_and_only_what_is_missing(collected, lab, tmp_path):
    there, here = collected.beside(tmp_path / "there"), collected.beside(tmp_path / "here")
    asked = tmp_path / "asked"
    note = f"launcher.setup=['squeue -h -j $SLURM_JOB_ID -o \"%j %b\" >> {asked}']"
    done = run(there, lab, "--stage", "3", "--stop-stage", "6", "launcher.gpus=1", note)
    assert done.stdout.count("3 of 3 shards run") == 5
    gpus = {line.split("-")[1]: line.split()[1] for line in asked.read_text().splitlines()}
    assert gpus == {
        "segment": "N/A", "align": "gres:gpu:1", "measure": "N/A", "duplicates": "N/A", "filter": "N/A",
        "validate": "gres:gpu:1",
    }  # fmt: skip
    here.run("--stage", "3", "--stop-stage", "6")
    assert contents(there) == contents(here)
    assert (there.data_dir / "log" / "align.1.log").stat().st_size
    (there.manifests / "cuts_aligned.1.jsonl.gz").unlink()
    done = run(there, lab, "--stage", "3", "--stop-stage", "6")
    assert done.stdout.count("up to date") == 5 and "1 of 3 shards run" in done.stdout
    assert contents(there) == contents(here)


def test_a_failed_shard_is_named_with_the_end_of_its_log_and_the_others_are_done(
    collected, lab, tmp_path
):
    recipe = collected.beside(tmp_path)
    broken = recipe.manifests / "cuts_downloaded.1.jsonl.gz"
    content = broken.read_bytes()
    run(recipe, lab, "--stage", "3", "--stop-stage", "3")
    before = contents(recipe)
    # A folder in the way of the shard's temporary file: the task cannot write.
    target = recipe.manifests / "cuts_segmented.1.jsonl.gz"
    target.unlink()
    target.mkdir()
    done = run(recipe, lab, "--stage", "3", "--stop-stage", "3", check=False)
    assert done.returncode == 1 and "segment: shard 1: " in done.stderr
    target.rmdir()
    run(recipe, lab, "--stage", "3", "--stop-stage", "3")
    assert contents(recipe) == before and broken.read_bytes() == content


def test_a_cancelled_array_says_so_and_goes_on(collected, lab, tmp_path):
    recipe = collected.beside(tmp_path)
    recipe.run("--stage", "3", "--stop-stage", "3")
    driver, job = begun(recipe, lab, "4", "echo-align-")
    subprocess.run(["scancel", job], env=lab, check=True)
    _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 1 and "failed; the end of" in errors
    assert "3 of 3" in run(recipe, lab, "--stage", "4", "--stop-stage", "4").stdout


def test_a_single_job_that_is_cancelled_or_whose_driver_is_stopped(finished, lab, tmp_path):
    recipe = finished.beside(tmp_path)
    (recipe.data_dir / "manifest.jsonl.gz").unlink()
    driver, job = begun(recipe, lab, "9", "echo-export-")
    subprocess.run(["scancel", job], env=lab, check=True)
    _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 1 and "its Slurm job left nothing whole" in errors
    driver, job = begun(recipe, lab, "9", "echo-export-")
    os.killpg(driver.pid, signal.SIGINT)
    _, errors = driver.communicate(timeout=120)
    assert driver.returncode and f"Slurm job {job} cancelled" in errors
    while subprocess.run(["squeue", "-h", "-j", job], env=lab, capture_output=True).stdout:
        time.sleep(0.1)
    driver, job = begun(recipe, lab, "9", "echo-export-", 'launcher.setup=["sleep 8"]')
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=120)
    done = run(recipe, lab, "--stage", "9", "--stop-stage", "9")
    assert f"Slurm job {job} is at work on this" in done.stderr and "done by that" in done.stdout
    assert (recipe.data_dir / "manifest.jsonl.gz").exists()


def begun(recipe, lab, stage, job_name, *arguments):
    """A driver of one stage, once its job is in the queue, and the job's number."""
    options = [a for a in SLURM if "=" not in a]
    overrides = (*(a for a in SLURM if "=" in a), *arguments)
    command = recipe.command(*options, "--stage", stage, "--stop-stage", stage, *overrides)
    driver = subprocess.Popen(
        command, env={**environment(), **lab}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    for _ in range(600):
        listed = subprocess.run(
            ["squeue", "-h", "-o", "%F %j"], env=lab, capture_output=True, text=True
        ).stdout
        jobs = [line.split()[0] for line in listed.splitlines() if job_name in line]
        if jobs:
            return driver, jobs[0]
        time.sleep(0.1)
    driver.kill()
    raise AssertionError(f"no job {job_name}: {driver.communicate()}")


def test_a_medium_that_kills_its_task_becomes_an_error_there_too(finished, lab, tmp_path):
    recipe = finished.beside(tmp_path)
    culprit = next(
        cut["custom"]["media_id"]
        for cut in read_all_cuts(recipe.manifests, "cuts_aligned")
        if cut["custom"]["status"] == "accepted"
    )
    for path in recipe.manifests.glob("cuts_measured.*"):
        path.unlink()
    fatal = {**lab, "PYTHONPATH": str(deadly(tmp_path, culprit))}
    done = run(recipe, fatal, "--stage", "5", "--stop-stage", "5", "max_error_rate=1.0")
    assert f"worked on {culprit}; trying it again alone" in done.stderr
    errors = [
        c for p in recipe.manifests.glob("cuts_measured.*.errors.jsonl.gz") for c in read_cuts(p)
    ]
    assert {c["custom"]["media_id"] for c in errors} == {culprit}
    assert "were errors" not in run(recipe, lab, "--stage", "5", "--stop-stage", "5").stderr
    assert not list(recipe.manifests.glob("cuts_measured.*.errors.jsonl.gz"))


def test_the_driver_is_a_job_itself_with_settings_of_its_own(collected, lab, tmp_path):
    """Its own memory per CPU contradicts the memory of its tasks, which therefore must not inherit it."""
    recipe = collected.beside(tmp_path)
    setup = 'launcher.setup=["export ECHO_SETUP=done", "env > $HOME/setup.$SLURM_JOB_ID"]'
    options = (*SLURM, "--stage", "3", "--stop-stage", "3", setup)
    command = recipe.command(
        *(a for a in options if "=" not in a), *(a for a in options if "=" in a)
    )
    log = tmp_path / "driver.log"
    submit = ["sbatch", "--wait", "--mem-per-cpu=100", "--cpus-per-task=1", f"--output={log}",
              "--wrap", f"bash {shlex.join(command)}"]  # fmt: skip
    env = {**environment(), **lab, "HOME": str(tmp_path)}
    done = subprocess.run(submit, capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done.stderr + log.read_text()
    assert "3 of 3 shards run" in log.read_text()
    seen = [path.read_text() for path in tmp_path.glob("setup.*")]
    assert len(seen) == 3 and all("ECHO_SETUP=done" in text for text in seen)
    assert not any("SLURM_MEM_PER_CPU" in text for text in seen)


def test_training_that_is_warned_is_requeued_and_goes_on_exactly(lab, finished, tmp_path):
    """Warned as Slurm warns before time is over; against the same training left alone."""
    long = ("train.max_epochs=6", "train.num_threads=1")
    there, here = finished.beside(tmp_path / "there"), finished.beside(tmp_path / "here")
    given = tmp_path / "given"
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    real = shutil.which("sbatch", path=lab["PATH"])
    sbatch.write_text(f'#!/bin/sh\necho "$@" >> {given}\nexec {real} "$@"\n')
    sbatch.chmod(0o755)
    watched = {**lab, "PATH": f"{sbatch.parent}:{lab['PATH']}"}
    driver, job = begun(there, watched, "11", "echo-train-", *long, "launcher.signal_sec=30")
    assert "--signal=USR1@30" in given.read_text()
    warn(lab, job, "USR1", once=lambda: says(there.exp_dir, "*.slurm", "epoch 2/6"))
    printed, errors = driver.communicate(timeout=600)
    assert driver.returncode == 0, printed + errors
    log = next(there.exp_dir.rglob("train.log.slurm")).read_text(errors="replace")
    assert "stopped on request at step" in log and log.count("epoch 1/6:   0%") == 1, log[-3000:]
    here.run(*long, "--stage", "11", "--stop-stage", "11")

    def history(recipe):
        record = json.loads(next(recipe.exp_dir.rglob("train.json")).read_text())
        return [(row["epoch"], row["step"], row["train_loss"]) for row in record["history"]]

    assert history(there) == history(here) and len(history(here)) == 6


def warn(lab, job, name, once):
    """Sends what Slurm sends before a job's time is over, when `once` holds."""
    for _ in range(1800):
        if once():
            subprocess.run(
                ["scancel", f"--signal={name}", job() if callable(job) else job],
                env=lab,
                check=True,
            )
            return
        time.sleep(0.1)
    raise AssertionError(f"job {job} did not get that far")


def says(folder, pattern, words):
    return any(words in path.read_text(errors="replace") for path in folder.rglob(pattern))


def test_training_on_two_nodes(finished, lab, tmp_path):
    """Twice as much audio a step as one process, so half as many steps."""
    there, here = finished.beside(tmp_path / "there"), finished.beside(tmp_path / "here")
    only = ("--stage", "11", "--stop-stage", "11", "train.num_threads=1")
    # Names of nodes resolve on a cluster; those of the lab do not.
    named = "launcher.setup=['scontrol() { echo 127.0.0.1; }']"
    run(there, lab, *only, "launcher.train_tasks=2", "launcher.train_nodes=2", named)
    here.run(*only)

    def steps(recipe):
        record = json.loads(next(recipe.exp_dir.rglob("train.json")).read_text())
        return record["history"][-1]["step"]

    assert steps(there) == -(-steps(here) // 2)


def test_a_sweep_runs_as_slurm_jobs_that_are_requeued_when_warned(lab, finished, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    recipe = finished.beside(tmp_path)
    command = [
        sys.executable, str(ROOT / "local" / "train.py"), "-m", "hydra/launcher=slurm", "train.lr=0.001,0.002",
        *recipe.settings, f"data_dir={recipe.data_dir}", f"exp_dir={recipe.exp_dir}", "launcher=slurm",
        "launcher.cpus=1", "train.max_epochs=5", "train.num_threads=1",
    ]  # fmt: skip
    env = {**environment(), **lab, "PYTHONPATH": f"{ROOT}:{ROOT / 'local'}"}
    driver = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    sweep = recipe.exp_dir / "sweep"

    def of_first(pattern):
        return sorted((sweep / ".submitit").glob(pattern))

    def trains():
        return any("epoch 2/5" in p.read_text(errors="replace") for p in of_first("*/*_0_0_log.*"))

    def job():
        return of_first("*/*_0_0_log.err")[0].name.removesuffix("_0_log.err")

    warn(lab, job, "USR2", once=trains)
    printed, errors = driver.communicate(timeout=600)
    assert driver.returncode == 0, printed + errors
    rows = [row.split("\t") for row in (sweep / "results.tsv").read_text().splitlines()[1:]]
    assert {row[2] for row in rows} == {"train.lr=0.001", "train.lr=0.002"}
    for _, epochs, name in rows:
        history = json.loads((sweep / name / "train.json").read_text())["history"]
        assert len(history) == int(epochs) == 5
        assert [row["step"] for row in history] == sorted({row["step"] for row in history})
    said = "".join(path.read_text() for path in of_first("*/*_0_0_log.*"))
    assert "Requeued job" in said and said.count("epoch 1/5:   0%") == 1, said


def test_without_slurm_it_says_so(monkeypatch):
    from echoharvester.errors import UserError
    from echoharvester.pipeline.slurm import _slurm

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="not found; --launcher slurm"):
        _slurm(["squeue"])
