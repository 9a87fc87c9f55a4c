"""Workers that are killed while others work: tried again alone, the culprit named and set apart."""

import sys
from types import SimpleNamespace

import pytest
from recipe_support import Recipe, accounted, deadly

from echoharvester.manifests.shards import read_all_cuts, read_cuts

from launchers import Work, run_local

LAUNCHER = SimpleNamespace(nj=2)

# Works on items a to d; is killed while it works on those of KILLED, unless they are known.
WORKER = """
import os, signal, sys
shard = sys.argv[-1].partition("=")[2]
killed, once = sys.argv[1].split(","), sys.argv[2]
for item in "abcd":
    item = shard + item
    print(f"@begun {item}", flush=True)
    if item in killed and item not in os.environ["ECHO_DIED"].split():
        marker = os.path.join(once, item)
        if not once or not os.path.exists(marker):
            if once:
                open(marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    print("@progress 1", flush=True)
"""


def work(tmp_path, killed, once=""):
    command = [sys.executable, "-c", WORKER, killed, once]
    return Work("align", command, [0, 1, 2], [tmp_path / f"{k}.log" for k in range(3)], tmp_path)


def test_a_worker_killed_by_chance_is_simply_run_again(tmp_path, capsys):
    done = []
    assert run_local(work(tmp_path, "1c", str(tmp_path)), LAUNCHER, done.append) == set()
    said = capsys.readouterr().err
    assert said.count("trying it again alone") == 1 and "shard 1" in said and "1c" in said
    assert sum(done) >= 12


def test_what_two_workers_died_of_is_set_apart(tmp_path, capsys):
    assert run_local(work(tmp_path, "1b,1d,2a"), LAUNCHER, lambda n: None) == set()
    said = capsys.readouterr().err
    assert all(f"worked on {item}" in said for item in ("1b", "1d", "2a"))


def test_a_shard_that_always_dies_fails(tmp_path, capsys):
    assert run_local(work(tmp_path, "1a,1b,1c,1d"), LAUNCHER, lambda n: None) == {1}
    assert "status -9" in (tmp_path / "1.log").read_text()


def test_a_worker_that_dies_before_it_begins_is_given_up(tmp_path, capsys):
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    dying = Work("align", command, [0], [tmp_path / "0.log"], tmp_path)
    assert run_local(dying, LAUNCHER, lambda n: None) == {0}
    assert capsys.readouterr().err.count("trying it again alone") == 1


def test_an_ordinary_failure_is_not_repeated(tmp_path, capsys):
    command = [sys.executable, "-c", "import sys; print('broken'); sys.exit(3)"]
    failing = Work("align", command, [0], [tmp_path / "0.log"], tmp_path)
    assert run_local(failing, LAUNCHER, lambda n: None) == {0}
    assert capsys.readouterr().err == "" and "broken" in (tmp_path / "0.log").read_text()


@pytest.mark.slow
def test_a_medium_that_brings_workers_down_becomes_an_error(tmp_path, monkeypatch):
    """Stage 5 of the recipe, its worker killed by the system whenever it measures one medium."""
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    recipe.run("--stop-stage", "4")
    culprit = next(
        c["custom"]["media_id"]
        for c in read_all_cuts(recipe.manifests, "cuts_aligned")
        if c["custom"]["status"] == "accepted"
    )
    monkeypatch.setenv("PYTHONPATH", str(deadly(tmp_path, culprit)))
    done = recipe.run("--stage", "5", "--stop-stage", "5", "max_error_rate=1.0")
    assert f"worked on {culprit}" in done.stderr
    counts = accounted(recipe)["cuts_measured"]
    assert (
        counts["errors"]
        and counts["in"] == counts["accepted"] + counts["rejected"] + counts["errors"]
    )
    errors = [
        c for p in recipe.manifests.glob("cuts_measured.*.errors.jsonl.gz") for c in read_cuts(p)
    ]
    assert {c["custom"]["media_id"] for c in errors} == {culprit}
    assert all("killed twice" in c["custom"]["error"]["message"] for c in errors)
    monkeypatch.delenv("PYTHONPATH")
    recipe.run("--stage", "5", "--stop-stage", "5")  # with enough memory it is done
    assert not accounted(recipe)["cuts_measured"]["errors"]
