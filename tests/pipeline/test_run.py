"""The driver on a recipe of three small stages: order, locks, signals, messages, what changed."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests_support import ROOT

from echoharvester.manifests.accounting import Counts
from echoharvester.manifests.cuts import media_cut, recording
from echoharvester.manifests.lock import NAME
from echoharvester.manifests.shards import ShardWriter, read_info, shard_path
from echoharvester.pipeline.outputs import RecordOutput
from echoharvester.pipeline.processes import LocalConfig
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import write_record
from echoharvester.pipeline.run import Driver
from echoharvester.pipeline.stage import Stage, stage_table

# A stage that notes who holds its folder, and does what a file of its name says.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
sys.path[:0] = {places!r}
from test_run import recipe
from echoharvester.pipeline.records import write_record
name, folder, settings = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
with open(folder / "ran.txt", "a") as file:
    file.write(name + " " + json.loads((folder / "data" / ".run.lock").read_text())["what"] + "\\n")
if (folder / name).exists():
    exec((folder / name).read_text())
write_record(folder / "data" / f"{{name}}.json", recipe(folder, settings).fingerprint(name), [], summary=name)
"""
PLACES = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
SETTINGS = {"speed": {"limit": 10, "num_threads": 1}, "color": "red"}


def recipe(folder, settings=SETTINGS):
    stages = stage_table(
        Stage(
            1, "one", settings=("speed",), output=RecordOutput(lambda p: p.data_dir / "one.json")
        ),
        Stage(
            2, "two", settings=("color",), output=RecordOutput(lambda p: p.data_dir / "two.json")
        ),
        Stage(2, "three", output=RecordOutput(lambda p: p.data_dir / "three.json")),
    )
    data = str(folder / "data")
    paths = {"data_dir": data, "exp_dir": data, "train_dir": data, "recipe_dir": data}
    more = {"tokenizer": {"kind": "char"}, "decode": {"method": "x", "sets": []}, "num_shards": 1}
    return Recipe(stages, {**paths, **more, **settings})


def driver(folder, settings=SETTINGS):
    code = SCRIPT.format(places=PLACES)
    return Driver(
        recipe(folder, settings),
        lambda name: [sys.executable, "-c", code, name, str(folder), json.dumps(settings)],
        LocalConfig(),
        0.1,
    )


def ran(folder):
    path = folder / "ran.txt"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


ALL = ("one", "two", "three")


def test_stages_run_in_turn_once_and_one_driver_holds_the_folder(tmp_path, capfd):
    assert driver(tmp_path).run(ALL) == 0
    assert ran(tmp_path) == list(ALL)
    # It is the driver that holds it, from the first stage that runs to the last.
    assert all(
        line.endswith("stage 1 one") for line in (tmp_path / "ran.txt").read_text().splitlines()
    )
    assert not (tmp_path / "data" / NAME).exists()
    assert driver(tmp_path).run(ALL) == 0
    assert ran(tmp_path) == list(ALL) and capfd.readouterr().out.count("up to date") == 3


def test_a_stage_that_fails_ends_the_run_and_says_how_to_go_on(tmp_path, capfd):
    (tmp_path / "two").write_text("sys.exit(3)")
    assert driver(tmp_path).run(ALL) == 1
    assert ran(tmp_path) == ["one", "two"]
    assert "stage 2 two failed; mend the cause and go on with --stage 2" in capfd.readouterr().err
    (tmp_path / "two").unlink()
    assert driver(tmp_path).run(ALL) == 0 and ran(tmp_path) == ["one", "two", "two", "three"]


def test_what_was_asked_to_stop_and_saved_is_no_failure(tmp_path, capfd):
    (tmp_path / "one").write_text("sys.exit(75)")
    assert driver(tmp_path).run(ALL) == 75
    assert "stopped on request; run the same command to go on" in capfd.readouterr().err


def test_a_second_driver_says_who_is_at_work(tmp_path, capfd):
    (tmp_path / "one").write_text("time.sleep(30)")
    first = start(tmp_path)
    try:
        wait_for(tmp_path / "data" / NAME)
        assert driver(tmp_path).run(ALL) == 1
        assert (
            f"another run is at work here (stage 1 one, process {first.pid}"
            in capfd.readouterr().err
        )
    finally:
        first.kill()
        first.wait()
    (tmp_path / "one").unlink()
    assert driver(tmp_path).run(ALL) == 0  # its lock is that of nobody


@pytest.mark.parametrize(("number", "status", "words"), [
    (signal.SIGTERM, 143, "terminated; run the same command"),
    (signal.SIGINT, 130, "stage 1 one interrupted; run the same command"),
])  # fmt: skip
def test_a_driver_that_is_told_to_end_ends_its_stage_first_and_lets_go(
    tmp_path, number, status, words
):
    (tmp_path / "one").write_text("time.sleep(60)")
    process = start(tmp_path)
    wait_for(tmp_path / "ran.txt")
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == status and words in errors
    assert not (tmp_path / "data" / NAME).exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nothing of it is left


def start(folder):
    code = (
        f"import sys; sys.path[:0] = {PLACES!r}\n"
        f"from pathlib import Path; from test_run import driver\nsys.exit(driver(Path({str(folder)!r})).run({ALL!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for(path):
    for _ in range(400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} does not appear")


def test_a_dry_run_names_the_setting_that_changed(tmp_path, capfd):
    (tmp_path / "data").mkdir()
    first = recipe(tmp_path)
    for name in ALL:
        first.remember_settings(name)
        path = tmp_path / "data" / f"{name}.json"
        write_record(path, first.fingerprint(name), [], summary=name)
    changed = {"speed": {"limit": 12, "num_threads": 8}, "color": "red"}
    assert driver(tmp_path, changed).dry_run(ALL) == 0
    said = capfd.readouterr().out
    assert "one: would run: speed.limit 10 → 12\n" in said
    assert "two: may run, after stage 1 one, which would" in said
    assert not ran(tmp_path)
    # Nobody kept what the fingerprint stood for: it is stale all the same.
    for path in (tmp_path / "data" / "manifests" / "settings").iterdir():
        path.unlink()
    driver(tmp_path, changed).dry_run(["one"])
    assert "one: would run: its settings, or what it reads, changed" in capfd.readouterr().out


def test_only_what_says_how_fast_changes_nothing(tmp_path):
    faster = {"speed": {"limit": 10, "num_threads": 8}, "color": "red"}
    assert recipe(tmp_path, faster).fingerprint("one") == recipe(tmp_path).fingerprint("one")


def test_no_process_is_started_for_a_shard_in_which_nothing_is(tmp_path, capfd):
    """Two shards, one of them empty: only the other's worker runs, and both are whole afterwards."""
    stages = stage_table(
        Stage(1, "listing", target="in"), Stage(2, "copy", source="in", target="out")
    )
    plain = recipe(tmp_path)
    folder = plain.paths.manifests
    for k, media in enumerate(([], ["m"])):
        for name in ("in", "cuts_media"):
            with ShardWriter(shard_path(folder, name, k)) as writer:
                for media_id in media:
                    writer.write(
                        media_cut(media_id, recording(media_id, "/x.flac", 16000, 16000), {})
                    )
                counts = Counts(items=len(media), accepted=len(media)).to_dict()
                writer.close("listing", "f", "", {**counts, "num_shards": 2})
    here = Recipe(stages, {**plain.settings, "num_shards": 2})
    code = (
        f"import sys; sys.path[:0] = {PLACES!r}\nimport pickle, pathlib\n"
        "from echoharvester.manifests.runner import run_shard\n"
        f"run = pickle.loads({pickle.dumps(here.run_of('copy'))!r})\n"
        "run_shard(run, int(sys.argv[-1].partition('=')[2]), list)\n"
        f"open({str(tmp_path / 'ran.txt')!r}, 'a').write(sys.argv[-1] + '\\n')"
    )
    two = Driver(here, lambda name: [sys.executable, "-c", code], LocalConfig(), 0.1)
    assert two.run(["copy"]) == 0
    assert (tmp_path / "ran.txt").read_text().split() == ["shard=1"]
    assert "2 of 2 shards run. in 1 = accepted 1" in capfd.readouterr().out
    assert [read_info(shard_path(folder, "out", k)).counts["cuts"] for k in (0, 1)] == [0, 1]
    assert two.run(["copy"]) == 0 and "up to date" in capfd.readouterr().out
