"""run.sh where people's folders, links, disks and keyboards are as they are."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from recipe_support import Recipe, environment
from tests_support import ROOT

from echoharvester.manifests.shards import read_cuts
from echoharvester.pipeline.overrides import quoted

VTT = "WEBVTT\n\n00:00:00.100 --> 00:00:00.900\n안녕하세요\n"
STRANGE = ["한국 영화", "epoch=3", "a#b", "100%", "x,y", "[연재] 1화", "a${x}b", "it's", 'q"r', "(a) {b} & c!"]  # fmt: skip


def medium(folder, name="x", captions=True):
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(str(folder))).standard_normal(16000) * 0.1
    soundfile.write(folder / f"{name}.wav", noise, 16000)
    if captions:
        (folder / f"{name}.ko.vtt").write_text(VTT, encoding="utf-8")


def collected(tmp_path, *overrides, **options):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp", ("num_shards=2",))
    return recipe, recipe.run("--stage", "1", "--stop-stage", "1", "source=local", *overrides, **options)  # fmt: skip


def test_folders_are_read_whatever_they_are_called(tmp_path):
    for name in STRANGE:
        medium(tmp_path / name)
    paths = ",".join(str(tmp_path / name) for name in STRANGE)
    recipe, _ = collected(tmp_path / "a${b}, c=1", f"source.paths=[{paths}]")
    cuts = [c for p in recipe.manifests.glob("cuts_media.?.jsonl.gz") for c in read_cuts(p)]
    assert {os.path.basename(os.path.dirname(c["custom"]["media_path"])) for c in cuts} == set(STRANGE)  # fmt: skip


@pytest.mark.parametrize(
    "override",
    ["train.lr=0.1", "asr=qwen3", "source.paths=[/a,/b]", 'data_dir="/a b"', "source.paths=[]", "seed=3", "+x=[1,2]", "exp_dir=${data_dir}/exp",
     "review.sample_strata=[a,b]", "decode.options={beam: 3}", "x=null", "~x"],
)  # fmt: skip
def test_what_hydra_reads_already_stays(override):
    assert quoted(override, {"data_dir"}) == override


def test_a_list_in_quotes_is_left_as_it_is():
    assert quoted('source.paths=["/a, b","/c"]') == 'source.paths=["/a, b","/c"]'


def test_what_is_missing_says_how_commas_are_written(tmp_path):
    _, done = collected(tmp_path, f"source.paths=[{tmp_path}/a,b]", check=False)
    assert done.returncode == 1 and "quotes" in done.stderr and f"{tmp_path}/a" in done.stderr


def test_nothing_captioned_ends_with_the_reason_and_the_remedy(tmp_path):
    medium(tmp_path / "media", captions=False)
    (tmp_path / "media" / "x.en.vtt").write_text(VTT, encoding="utf-8")
    _, done = collected(tmp_path, f"source.paths=[{tmp_path}/media]", check=False)
    assert done.returncode == 1
    assert "none of the 1 media can be used: no_captions 1" in done.stderr
    assert "talk.ko.srt" in done.stderr and "x.en.vtt" in done.stdout


def test_run_sh_may_be_a_link(tmp_path):
    for target in (ROOT / "run.sh", ROOT / "egs" / "mini_ko" / "run.sh"):
        link = tmp_path / f"{target.parent.name}.sh"
        link.symlink_to(target)
        done = subprocess.run([link, "--status", f"data_dir={tmp_path}/data", f"exp_dir={tmp_path}/exp"], capture_output=True, text=True, env=environment())  # fmt: skip
        assert done.returncode == 0 and "0 prepare" in done.stdout, done.stderr


def test_a_system_may_have_python3_alone(tmp_path):
    tools = "bash sed dirname readlink cat cksum awk df head tail env mkdir basename".split()
    for tool in tools:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = subprocess.run([ROOT / "run.sh", "--status", f"data_dir={tmp_path}/data"], capture_output=True, text=True, env={**environment(), "PATH": str(tmp_path)})  # fmt: skip
    assert done.returncode == 0 and "0 prepare" in done.stdout, done.stderr


@pytest.mark.parametrize("stage", ["0", "2"])
@pytest.mark.parametrize("whom", ["all", "child"])
def test_ctrl_c_says_that_it_was_stopped(tmp_path, stage, whom):
    """`whom`: the terminal tells all processes; others may tell the one that works."""
    medium(tmp_path / "media")
    recipe = Recipe(tmp_path / "data", tmp_path / "exp", ("num_shards=2",))
    local = ("source=local", f"source.paths=[{tmp_path}/media]")
    if stage == "2":
        if whom == "child":
            pytest.skip("a shard whose worker was stopped is one that failed")
        recipe.run("--stage", "1", "--stop-stage", "1", *local)
    command = recipe.command("--stage", stage, "--stop-stage", stage, *local)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True) as run:  # fmt: skip
        deadline = time.monotonic() + 60
        while not (children := _children(run.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        if whom == "all":
            os.killpg(run.pid, signal.SIGINT)
        else:
            os.kill(children[0], signal.SIGINT)
        out, err = run.communicate(timeout=60)
    if run.returncode == 0:
        pytest.skip("it had ended already")
    assert run.returncode == 130, out + err
    assert "interrupted; run the same command to go on" in err and "Traceback" not in err, err
    assert "mend the cause" not in err


def _children(pid):
    """The processes of a driver that run stages."""
    command = ["ps", "-o", "pid=,args=", "--ppid", str(pid)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if "/local/" in line and "run.py" not in line]


@pytest.mark.parametrize(
    ("override", "said"),
    [("filter.min_snrdb=3", "did you mean filter.min_snr_db?"), ("+filter.min_snrdb=3", "did you mean filter.min_snr_db?"),
     ("min_snr_db=3", "did you mean filter.min_snr_db?"), ("data_dri=/x", "did you mean data_dir?"), ("+foo=3", "foo is no setting"),
     ("asr=quen3", "did you mean qwen3?"), ("decode=hgl", "There are ctc_greedy"), ("source.urlz=[x]", "there is no setting source.urlz")],
)  # fmt: skip
def test_what_is_misspelt_is_asked_about(override, said):
    sys.path.insert(0, str(ROOT / "local"))
    from echoharvester.errors import UserError

    from config import composed

    with pytest.raises(UserError) as caught:
        composed([override])
    assert said in str(caught.value) and "To append" not in str(caught.value)


def test_a_misspelt_setting_of_a_chosen_group_is_found():
    from config import composed

    with pytest.raises(ValueError, match=r"did you mean source\.paths\?"):
        composed(["source=local", "source.pats=[/x]"])


def test_the_status_marks_what_lies_behind_a_stale_stage(tmp_path):
    medium(tmp_path / "media")
    recipe = Recipe(tmp_path / "data", tmp_path / "exp", ("num_shards=2",))
    local = ("source=local", f"source.paths=[{tmp_path}/media]")
    recipe.run("--stage", "1", "--stop-stage", "3", *local)
    fresh = recipe.run("--status", *local).stdout
    assert "has to run first" not in fresh
    rows = recipe.run("--status", "download.keep_original=true", *local).stdout.splitlines()
    (segment,) = (row for row in rows if row.startswith(" 3 segment"))
    assert "stale: stage 2 download has to run first" in segment
    assert not any("has to run first" in row for row in rows if row.startswith((" 1", " 2")))
