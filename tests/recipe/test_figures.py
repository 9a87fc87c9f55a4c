"""README, RESULTS and a default run give the same figures."""

import json
import re
import subprocess
import sys

import pytest
from recipe_support import Recipe, environment
from tests_support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "egs" / "mini_ko" / "RESULTS.md").read_text(encoding="utf-8")


def of_readme():
    """Share of the speech, texts, ms, CER and utterances of the test set, CER with a language model."""
    found = re.search(
        r"keeps (\d+) % of the harvestable speech, all of (\d+) kept\s+texts exactly what was said, with words placed "
        r"(\d+) ms off in the mean; the model trained on it makes ([\d.]+) %\s+character errors on its test set "
        r"\((\d+) utterances\), ([\d.]+) % with a language model",
        README,
    )
    return tuple(map(float, found.groups()))


def rate(text, method):
    """CER of a method on the test set and its interval, of a table of RESULTS."""
    row = next(
        line for line in text.splitlines() if line.startswith(f"| {method}") and "| test |" in line
    )
    return tuple(map(float, re.search(r"([\d.]+) % \(([\d.]+) to ([\d.]+)\)", row).groups()))


def total(text):
    """Kept, precision, harvested share and ms of the table against the truth."""
    names = next(line for line in text.splitlines() if line.startswith("| fault |")).split("|")
    row = next(line for line in text.splitlines() if line.startswith("| total |")).split("|")
    of = {name.strip(): cell.strip() for name, cell in zip(names, row, strict=True)}
    return tuple(float(of[n]) for n in ("kept", "label_precision", "harvested", "boundary_mean_ms"))


def test_the_readme_says_what_the_results_say():
    share, texts, ms, cer, utterances, with_lm = of_readme()
    kept, precision, harvested, mean_ms = total(RESULTS)
    assert (share, texts, ms) == (round(100 * harvested), kept, mean_ms) and precision == 1
    assert cer == round(rate(RESULTS, "ctc_greedy")[0], 1)
    assert with_lm == round(rate(RESULTS, "hlg")[0], 1)
    assert utterances


@pytest.mark.slow
def test_a_default_run_gives_them(tmp_path):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp", settings=())
    recipe.run("--stage", "0", "--stop-stage", "12")
    bench = [sys.executable, str(ROOT / "scripts" / "bench_truth.py"), str(recipe.data_dir)]
    done = subprocess.run(bench, capture_output=True, text=True, env=environment(), check=True)
    kept, precision, harvested, mean_ms = total(done.stdout)
    share, texts, ms, cer, utterances, with_lm = of_readme()
    assert kept == pytest.approx(texts, abs=2) and precision >= 0.99
    assert 100 * harvested == pytest.approx(share, abs=2) and mean_ms == pytest.approx(ms, abs=2)
    low, high = rate(RESULTS, "ctc_greedy")[1:]
    record = json.loads(next(recipe.exp_dir.rglob("ctc_greedy/decode.json")).read_text())["sets"][
        "test"
    ]
    assert low <= 100 * record["rows"][0]["rate"] <= high and low <= cer <= high
    assert record["utterances"] == pytest.approx(utterances, abs=2)
