"""Every YAML composes, misspelt names are errors, and run.sh says what is wrong."""

import os
import re
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf
from tests_support import CONF, ROOT

CHOICES = [
    f"{path.parent.name}={path.stem}"
    for path in sorted((ROOT / "conf").glob("*/*.yaml"))
    if not path.stem.startswith("_")  # what choices share
]
RECIPES = sorted(path.parent.parent.name for path in (ROOT / "egs").glob("*/conf/recipe.yaml"))


def composed(*overrides, recipe="mini_ko"):
    os.environ["ECHO_RECIPE_DIR"] = str(ROOT / "egs" / recipe)
    try:
        with initialize_config_dir(version_base="1.3", config_dir=CONF):
            cfg = compose("config", overrides=list(overrides))
            OmegaConf.resolve(cfg)
            return cfg
    finally:
        os.environ["ECHO_RECIPE_DIR"] = str(ROOT / "egs" / "mini_ko")


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes(choice):
    assert composed(choice)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_composes_and_every_stage_has_a_fingerprint(recipe):
    found = recipe_with(recipe=recipe)
    assert found.paths.recipe_dir.name == recipe
    prints = {found.stage_fingerprint(name) for name in found.stages}
    assert len(prints) == len(found.stages)


def recipe_with(*overrides, recipe="mini_ko"):
    from config import recipe_of

    return recipe_of(composed(*overrides, recipe=recipe))


def test_a_misspelt_override_is_an_error():
    with pytest.raises(ConfigCompositionException, match="max_sek"):
        composed("segment.max_sek=3")


def test_what_only_says_how_fast_makes_nothing_stale():
    def of(name, *overrides):
        return recipe_with(*overrides).stage_fingerprint(name)

    assert of("align") == of("align", "align.num_threads=4")
    assert of("align") != of("align", "align.lead_sec=0.1")
    assert of("filter") == of("filter", "align.lead_sec=0.1")
    # A longer chunk changes what a full-attention encoder sees.
    assert of("align") != of("align", "align.chunk_sec=40")


def run_sh(*arguments, script="run.sh", cwd=None):
    env = {**os.environ, "ECHO_VENV": "none"}
    env["PATH"] = f"{os.path.dirname(sys.executable)}:{env['PATH']}"
    return subprocess.run(
        [str(ROOT / script), *arguments],
        capture_output=True,
        text=True,
        env=env,
        cwd=cwd,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stage", "08"], "a number such as 3, not '08'"),
        (["--stage=4"], "write '--stage 4'"),
        (["--stage", "15"], "goes from 0 to 14"),
        (["--stage", "5", "--stop-stage", "3"], "behind --stop-stage"),
        (["--stge", "3"], "unknown option '--stge'"),
        (["--nj"], "--nj needs a value"),
        (["--nj", "0"], "at least 1"),
        (["--recipe", "nothing"], "no recipe 'nothing'"),
        (["--recipe", "../x"], "names a folder"),
        (["3"], "neither an option nor"),
        (["-m", "model=a,b"], "-m sweeps over settings of one stage"),
    ],
)
def test_wrong_options_die_with_a_message(arguments, message):
    done = run_sh(*arguments)
    assert done.returncode == 2 and message in done.stderr and not done.stdout


def test_help_names_every_option_and_stage():
    done = run_sh("--help")
    assert done.returncode == 0 and not done.stderr
    for word in ("--stage", "--recipe", "--nj", "--status", "14 report", "source.paths"):
        assert word in done.stdout


def test_a_misspelt_override_reaches_the_user(tmp_path):
    done = run_sh("--stage", "3", "--stop-stage", "3", "segmnt.max_sec=1", f"data_dir={tmp_path}")
    assert done.returncode == 1 and "segmnt" in done.stderr and "Traceback" not in done.stderr


def test_a_stage_without_its_input_says_which_stage_to_run(tmp_path):
    done = run_sh("--stage", "4", "--stop-stage", "4", f"data_dir={tmp_path}")
    assert done.returncode == 1 and "run stage 1" in done.stderr


def test_a_recipe_runs_from_its_own_folder(tmp_path):
    done = run_sh("--status", f"data_dir={tmp_path}", script="egs/korean_yt/run.sh", cwd=tmp_path)
    assert done.returncode == 0 and "collect" in done.stdout


@pytest.mark.parametrize(
    "override",
    ["review.reviewers=kim", "review.statuses=review", "export.extra_formats=nemo", "export.merge_shar_dirs=/tmp/x", "export.merge_shar_dirs=null",
     "review.min_cer=abc", "review.batch_rows=abc", "review.max_rows=2.5", "review.accepted_sample=null",
     "export.cuts_per_shard=0", "split.dev=abc", "review.max_rows=-1", "decode.sets=test",
     "filter.min_snr_db=abc", "train.lr=abc", "seed=abc", "segment.max_sec=abc", "num_shards=0",
     "train.max_epochs=0", "align.kind=hmm", "asr.kind=hmm", "source.recursive=maybe", "network.retries=2.5",
     "launcher.nj=many", "measure.threshold=true", "lm.order=x", "tokenizer.kind=7", "train.schedule=steps",
     "export_model.avg=0", "split.by=3.5", "align.trim=5.5"],
)  # fmt: skip
def test_a_setting_of_another_type_is_named(override):
    from echoharvester.errors import UserError

    import config

    if override in ("tokenizer.kind=7", "split.by=3.5"):
        override = override.replace("=", "=[") + "]"
    with pytest.raises(UserError, match=override.partition("=")[0]):
        config.composed([override])


def test_what_methods_share_is_no_method():
    from echoharvester.errors import UserError

    import config

    with pytest.raises(UserError, match=r"decode\.method has to be given"):
        config.composed(["decode=_base"])


@pytest.mark.parametrize(
    "override",
    ["review.text=119", "review.media=[119]", "export.name=3", "filter.min_snr_db=12", "decode.checkpoint=3",
     "source=local source.pattern=5", "launcher=slurm launcher.time=10", "train.warmup_epochs=1"],
)  # fmt: skip
def test_numbers_where_a_text_is_wanted_are_texts(override):
    import config

    assert config.composed(override.split())


def test_all_wrong_settings_are_named_together():
    from echoharvester.errors import UserError

    import config

    wrong = ["filter.min_snr_db=abc", "train.lr=abc", "seed=abc", "segment.max_sec=abc"]
    with pytest.raises(UserError) as found:
        config.composed(wrong)
    assert all(f"{one.partition('=')[0]} is " in str(found.value) for one in wrong)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_setting_of_every_choice_has_a_type(choice):
    """What a YAML has and nothing takes is a setting that does nothing."""
    from echoharvester.options import options_of

    from schema import GROUPS, UNTYPED, TopConfig

    cfg = OmegaConf.to_container(composed(choice))
    assert set(cfg) == {*GROUPS, *UNTYPED, *options_of(TopConfig)}
    for group, (key, kinds) in GROUPS.items():
        kind = cfg[group].get(key, "") if key else ""
        known = set().union(*(k.options() for k in kinds.values())) | {key}
        assert set(cfg[group]) <= known, (group, kind)
        assert set(kinds[kind].options()) - set(cfg[group]) <= {"device"} or kind == "auto", group


@pytest.mark.parametrize(
    ("old", "new"),
    [("export.also=[nemo]", "export.extra_formats"), ("export.join=[/x]", "export.merge_shar_dirs"),
     ("align.salvage=false", "align.trim"), ("launcher.gpu_stages=[align]", "local/stages.py")],
)  # fmt: skip
def test_settings_of_before_fail_with_the_name_of_today(old, new):
    done = run_sh("--status", old)
    assert done.returncode == 1 and new in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("align:\n  salvage: false", "align.salvage is no setting: it is called align.trim now"),
        ("segment:\n  max_sek: 20", "segment.max_sek is no setting: did you mean segment.max_sec?"),
        ("filter: null", "filter is a group of settings"),
    ],
)
def test_what_a_recipe_misspells_is_named(written, named, tmp_path, monkeypatch):
    """A recipe is a global package, so that Hydra takes any name from it."""
    from echoharvester.errors import UserError

    import config

    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "recipe.yaml").write_text(f"# @package _global_\n{written}\n")
    monkeypatch.setenv("ECHO_RECIPE_DIR", str(tmp_path))
    with pytest.raises(UserError, match=re.escape(named)):
        config.composed([])


@pytest.mark.parametrize("override", ["segment.max_sec='8'", "num_shards='2'", "second_asr=none"])
def test_what_only_looks_like_its_type_is_refused(override):
    from echoharvester.errors import UserError

    import config

    with pytest.raises(UserError, match=override.partition("=")[0]):
        config.composed([override])


@pytest.mark.parametrize("recipe", ["mini_ko", "korean_yt"])
def test_every_kind_of_part_can_be_chosen_in_every_recipe(recipe, monkeypatch, tmp_path):
    """Settings that a recipe made for another kind are not in the way."""
    from tiny_models import qwen3

    from echoharvester.align import make_aligner
    from echoharvester.asr import make_recogniser

    from config import composed, plain

    pytest.importorskip("qwen_asr")
    monkeypatch.setenv("ECHO_RECIPE_DIR", str(ROOT / "egs" / recipe))
    aligner, recogniser = qwen3(tmp_path / "a", aligner=True), qwen3(tmp_path / "r", aligner=False)
    cfg = composed(["align=qwen3", f"align.repo={aligner}", "align.device=cpu", "asr=qwen3",
                    f"asr.repo={recogniser}", "asr.device=cpu"])  # fmt: skip
    assert type(make_aligner(plain(cfg.align))).__name__ == "Qwen3Aligner"
    assert type(make_recogniser(plain(cfg.asr))).__name__ == "Qwen3Recogniser"


def test_what_changes_results_is_in_the_fingerprint_and_what_changes_speed_is_not(tmp_path):
    def of(stage, *overrides):
        return recipe_with(*overrides).stage_fingerprint(stage)

    assert of("train", "train.batch_sec=40") != of("train", "train.batch_sec=400")
    assert of("validate", "asr.batch_sec=10") == of("validate", "asr.batch_sec=20")
    nested = ("asr=by_hardware", "asr.cpu.num_threads=2", "asr.gpu.batch_sec=1")
    assert of("validate", *nested) == of("validate", "asr=by_hardware")
    shipped = ROOT / "egs/mini_ko/recogniser"
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("a 0")
    before = of("validate", f"asr.tokens={tokens}")
    tokens.write_text("b 0")
    assert before != of("validate", f"asr.tokens={tokens}")
    alone = tmp_path / "model.onnx"
    alone.write_bytes((shipped / "model.int8.onnx").read_bytes())
    of("validate", f"asr.model={alone}", f"asr.tokens={shipped}/tokens.txt")


@pytest.mark.parametrize(
    "environment, count, expected",
    [
        ({"SLURM_CPUS_PER_TASK": "1"}, 0, 1),  # a job's share of a node with many cores
        ({"OMP_NUM_THREADS": "1"}, 0, 1),  # as torchrun sets it
        ({"OMP_NUM_THREADS": "1"}, 2, 2),
        ({"SLURM_CPUS_PER_TASK": "1"}, 2, 2),
    ],
)
def test_torch_takes_as_many_threads_as_it_may(environment, count, expected):
    program = "from config import torch_threads; import torch; torch_threads(int(input())); print(torch.get_num_threads())"
    inherited = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], input=str(count), capture_output=True, text=True, check=True,
        env={**inherited, **environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'local'}"},
    )  # fmt: skip
    assert int(done.stdout) == expected
