"""run.sh --rounds: the recipe twice, with the model of its own; killed, looked at, taken down."""

import random
import subprocess

import pytest
from recipe_support import Recipe, environment, outputs
from tests_support import ROOT

from echoharvester.manifests.shards import read_all_cuts, read_cuts
from echoharvester.pipeline.round import read_round

pytestmark = pytest.mark.slow
ROUNDS = ("--rounds", "2", "rounds.min_gain=0", "validate.refit_precision=0.9")


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rounds")
    recipe = Recipe(folder / "data", folder / "exp")
    recipe.said = recipe.run(*ROUNDS).stdout
    return recipe


def test_the_second_round_hears_two_witnesses_and_the_curve_is_there(twice):
    assert "fitted on" in twice.said and "two witnesses" in twice.said
    first, second = (read_round(twice.exp_dir / f"round-{k}") for k in (1, 2))
    assert first.used and first.figures.utterances > 10 and second.figures.dev is not None
    page = (twice.exp_dir / "rounds.html").read_text(encoding="utf-8")
    assert "The curve" in page and 'href="round-2/report.html"' in page
    assert f">{first.figures.utterances}<" in page and f">{second.figures.utterances}<" in page
    assert (twice.exp_dir / "in_use").resolve().name == ("round-2" if second.used else "round-1")
    kept = [
        c["custom"]
        for c in read_all_cuts(twice.manifests, "cuts_aligned")
        if "align_score" in c["custom"]
    ]
    heard = [c for c in kept if "witness_score" in c]
    assert (len(heard) > 0.9 * len(kept)) == second.used
    for name in ("dev", "test"):  # as they were in round 1, utterance by utterance
        fixed = list(read_cuts(twice.exp_dir / "round-1" / "sets" / f"cuts_{name}.jsonl.gz"))
        assert list(read_cuts(twice.manifests / f"cuts_{name}.jsonl.gz")) == fixed and fixed


def test_a_round_that_has_ended_is_not_run_again_and_status_tells_of_it(twice):
    before = {p: p.stat().st_mtime_ns for p in twice.exp_dir.rglob("*.pt")}
    said = twice.run(*ROUNDS).stdout
    assert "round 1: up to date" in said and "round 2: up to date" in said
    assert "shards run" not in said and "stage 11 train: conf" not in said.replace("up to date", "")
    assert before == {p: p.stat().st_mtime_ns for p in before}
    said = twice.run(*ROUNDS, "--status").stdout
    assert "round 1: kept" in said and "round 2: kept" in said
    said = twice.run(*ROUNDS, "--dry-run").stdout
    assert said.count("up to date") == 2 and "would run" not in said
    said = twice.run("--rounds", "2", "rounds.min_gain=0", "train.lr=0.002", "--dry-run").stdout
    assert said.startswith("round 1:") and "11 train: " in said


def test_killed_in_a_round_it_goes_on_and_ends_with_the_same(twice, tmp_path):
    """The data of both rounds lie where they lay: paths are part of manifests."""
    expected, record = outputs(twice), read_round(twice.exp_dir / "round-2")
    parts = [(twice.data_dir, tmp_path / "data"), (twice.exp_dir, tmp_path / "exp")]
    for folder, aside in parts:
        folder.rename(aside)
    rng = random.Random(5)
    for _ in range(2):
        twice.run_and_kill(rng.uniform(3, 35), *ROUNDS)
    first = read_round(twice.exp_dir / "round-1")
    twice.run_and_kill(rng.uniform(3, 20), *ROUNDS)
    twice.run(*ROUNDS)
    again = read_round(twice.exp_dir / "round-2")
    assert (again.figures, again.used, again.fingerprint) == (
        record.figures,
        record.used,
        record.fingerprint,
    )
    assert outputs(twice) == expected
    assert first is None or read_round(twice.exp_dir / "round-1") == first


def test_a_takedown_reaches_the_rounds(twice):
    dev = twice.exp_dir / "round-1" / "sets" / "cuts_dev.jsonl.gz"
    gone = next(read_cuts(dev))["custom"]["media_id"]
    command = [
        str(ROOT / "scripts/takedown.sh"), *twice.settings, f"data_dir={twice.data_dir}",
        f"exp_dir={twice.exp_dir}", "--id", gone,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=600)
    assert done.returncode == 0 and "rounds: " in done.stdout, done.stdout + done.stderr
    left = [
        c
        for c in read_all_cuts(twice.manifests, "cuts_validated")
        if c["custom"]["status"] == "accepted"
    ]
    assert len(left) > 5 and not list(twice.manifests.glob("cuts_validated.*.errors.jsonl.gz"))
    assert not list(twice.exp_dir.glob("round-*/report.html"))
    for path in twice.exp_dir.rglob("*.jsonl.gz"):
        assert not [c for c in read_cuts(path) if c["custom"]["media_id"] == gone], path
    assert not (twice.exp_dir / "rounds.html").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("--rounds", "2", "--stage", "5"),
            "a round is stages align to export_model; align is left out",
        ),
        (("--rounds", "2", "--stop-stage", "12"), "export_model is left out"),
        (("--rounds", "2", "witness=ctc", "witness.model=x.onnx"), "leave witness=... away"),
        (("--rounds", "2", "align=none"), "align=none cannot be asked how probable a text is"),
        (("--rounds", "0"), "rounds.count is at least 1"),
        (("--rounds", "two"), "--rounds takes a number"),
        (("--rounds", "2", "train_dir=/tmp/x"), "leave it away"),
    ],
)
def test_what_cannot_be_says_so(tmp_path, arguments, says):
    done = Recipe(tmp_path / "data", tmp_path / "exp").run(*arguments, check=False)
    assert done.returncode and says in done.stderr
    assert not (tmp_path / "data" / "manifests").exists()
