"""The threshold bench, decoded utterances to hear, another run beside: as data, and in a browser."""

import json
import re

import numpy as np
import pytest
import soundfile
from browser import needs_browser, opened, violations
from review_support import make_cuts
from tests_support import ROOT

from echoharvester.decoding.results import Result, write_recogs
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import rejected, text_of, with_custom
from echoharvester.manifests.shards import ShardWriter
from echoharvester.report import bench
from echoharvester.report.bench import Bench
from echoharvester.report.decoded import decoded_set
from echoharvester.report.gather import command, of_run
from echoharvester.report.overview import overview
from echoharvester.report.page import Findings, page
from echoharvester.report.reasons import MEANINGS, meaning

LIMITS = {"label_probability": None, "cer_manual": 0.15, "cer_other": 0.1, "snr_db": 10.0, "align_score": 0.3}  # fmt: skip
COMMAND = "./run.sh --recipe r --stage 5 --stop-stage 9"


@pytest.fixture
def cuts(tmp_path):
    """CERs of 0 to 0.9; those above 0.15 were rejected, and two for their sound."""
    path = tmp_path / "m.flac"
    soundfile.write(path, 0.1 * np.sin(np.arange(160000) / 5), 16000)
    found = []
    for cut in make_cuts(str(path)):
        cut = with_custom(cut, status="accepted", reason=None)
        found.append(
            rejected(cut, "validate", "cer_too_high") if cut["custom"]["cer"] > 0.15 else cut
        )
    found[8] = with_custom(rejected(found[8], "filter", "low_snr"), snr_db=5.0, cer=None)
    found[9] = rejected(found[9], "filter", "too_fast")
    return found


def findings(cuts, tmp_path, **more):
    of_cuts = overview(cuts)
    data = of_cuts.bench.as_data(
        LIMITS, {"m-0": (0.9, True), "m-1": (0.5, False)}, COMMAND, "the truth"
    )
    path = tmp_path / "report.html"
    path.write_text(page(Findings("r", "f", {}, of_cuts, bench=data, **more)), encoding="utf-8")
    return path


pytestmark = needs_browser


def slide(shown, name, value):
    shown.evaluate(
        "([id, value]) => { const slider = document.getElementById(id); slider.value = value; slider.oninput(); }",
        [f"bench-{name}", value],
    )
    return shown.inner_text("#bench-summary"), shown.inner_text("#bench-command")


def test_sliders_show_what_is_kept_and_give_the_command(cuts, tmp_path):
    path = findings(cuts, tmp_path)
    with opened(path) as (shown, complaints):
        assert "(2 utterances)" in shown.inner_text("#bench-summary")  # as it was run
        assert (
            "50.0 % (9.5 to 90.5) wrong of the 2 that can be compared with the truth"
            in shown.inner_text("#bench-summary")
        )
        said, line = slide(shown, "cer_manual", 0.45)
        assert "(5 utterances)" in said and line == f"{COMMAND} validate.max_cer_manual=0.45"
        said, line = slide(shown, "snr_db", 31)
        assert "(0 utterances)" in said and line.endswith("filter.min_snr_db=31")
        said, _ = slide(shown, "snr_db", 2)
        assert "would be let through to the recogniser" in said
        assert not shown.locator("#bench-label_probability").count()  # it does not decide
        shown.click("button:has-text('As it was run')")
        assert shown.inner_text("#bench-command") == COMMAND
        shown.locator(".chart button").nth(3).click()  # CER up to 0.1
        shown.wait_for_function("document.querySelector('#bench-clips audio')?.currentTime > 0.1")
        assert "CER ≤ 0.1" in shown.inner_text("#bench-clips")
        assert not complaints


def test_of_very_many_a_random_part_stands_for_all(cuts, monkeypatch):
    monkeypatch.setattr(bench, "MAX_POINTS", 50)
    many = [{**cuts[i % 8], "id": f"x-{i}"} for i in range(400)]
    found = [Bench(), Bench()]
    for one, order in zip(found, (many, many[::-1]), strict=True):
        for cut in order:
            one.add(cut)
    data = [one.as_data(LIMITS, {}, COMMAND) for one in found]
    assert data[0] == data[1] and len(data[0]["points"]) == 50 and data[0]["scale"] == 8.0


def test_what_reviewers_approved_stays_whatever_the_thresholds(cuts, tmp_path):
    cuts[7] = with_custom(cuts[7], status="approved", reason=None, rejected_by=None)
    with opened(findings(cuts, tmp_path)) as (shown, _):
        assert "(1 utterance)" in slide(shown, "snr_db", 39)[0]


def test_what_reviewers_dropped_tells_how_wrong_the_accepted_are(cuts, tmp_path):
    """Two accepted: one approved, one dropped; half of what the thresholds let pass is wrong."""
    about = {"status_before": "accepted", "before": text_of(cuts[0]), "cer_before": 0.0}
    cuts[0] = with_custom(cuts[0], status="approved", review={**about, "decision": "ok"})
    cuts[1] = rejected(
        with_custom(cuts[1], review={**about, "cer_before": 0.1}), "merge", "dropped_by_reviewer"
    )
    with opened(findings(cuts, tmp_path)) as (shown, _):
        said = shown.inner_text("#bench-summary")
        assert "(1 utterance)" in said and "50.0 % (9.5 to 90.5) wrong of the 2" in said
        said, _ = slide(shown, "cer_manual", 0.05)
        assert "(1 utterance)" in said and "0.0 % (0.0 to 79.3) wrong of the 1" in said


def test_a_slider_that_was_moved_and_put_back_changes_nothing(cuts, tmp_path):
    of_cuts = overview([with_custom(cut, label_probability=0.9) for cut in cuts])
    data = of_cuts.bench.as_data({**LIMITS, "label_probability": 0.8712}, {}, COMMAND)
    path = tmp_path / "report.html"
    path.write_text(page(Findings("r", "f", {}, of_cuts, bench=data)), encoding="utf-8")
    with opened(path) as (shown, _):
        assert not shown.locator("#bench-cer_manual").count()  # all have a probability
        _, line = slide(shown, "label_probability", 0.95)
        assert line == f"{COMMAND} validate.min_probability=0.95"
        shown.click("button:has-text('As it was run')")
        assert shown.inner_text("#bench-command") == COMMAND
        assert shown.inner_text("output") == "0.8712"


@pytest.fixture
def decoded(cuts, tmp_path):
    """A record of stage 12 with its files, and those of another run."""
    good = cuts[:8]
    for name, errors in (("here", 2), ("there", 4)):
        folder = tmp_path / name / "model" / "hlg"
        folder.mkdir(parents=True)
        heard = [
            Result(
                c["id"],
                text_of(c),
                text_of(c).replace("날씨가", "날시가") if i < errors else text_of(c),
            )
            for i, c in enumerate(good)
        ]
        heard[7] = Result(heard[7].id, heard[7].reference, "")
        write_recogs(heard, folder / "recogs-test-best.txt")
        row = {
            "measure": "CER without spaces",
            "rate": 0.05,
            "errors": 5,
            "reference": 100,
            "ci95": [0.02, 0.08],
        }
        record = {
            "method": "hlg",
            "summary": "hlg",
            "sets": {"test": {"rows": [row], "setting": "best"}},
        }
        (folder / "decode.json").write_text(json.dumps(record))
    manifest = tmp_path / "cuts_test.jsonl.gz"
    with ShardWriter(manifest) as writer:
        for cut in good:
            writer.write(cut)
        writer.close("split", "", "", {})
    return tmp_path / "here" / "model" / "hlg" / "decode.json", record, manifest


def test_decoded_utterances_words_and_speakers(cuts, decoded):
    path, _, _ = decoded
    found = decoded_set("test", path.parent / "recogs-test-best.txt", cuts)
    assert found.rows[0]["id"] == "m-7" and found.rows[0]["cer"] == 1.0 and found.rows[0]["sound"]
    assert found.words[0] == ("날씨가", 3, 8) and len(found.points) == 8
    assert found.speakers[0][0] == "날씨" and dict(found.deleted)["오"] == 1
    assert decoded_set("test", path.parent / "none.txt", cuts) is None


def test_points_play_and_the_other_run_stands_beside(cuts, decoded, tmp_path):
    path, record, manifest = decoded
    findings(cuts, tmp_path / "there")
    about = of_run("r", ["report.beside=x"], tmp_path / "report.html", tmp_path, [(path, record)], lambda _: manifest, str(tmp_path / "there"))  # fmt: skip
    assert about["decoded"][0].better == 2 and about["decoded"][0].worse == 0
    with opened(findings(cuts, tmp_path, **about)) as (shown, complaints):
        assert "2 utterances have fewer errors here, 0 more." in shown.inner_text("#decoded--test")
        assert "Beside there" in shown.inner_text("main")
        shown.locator("circle.plays").first.focus()
        shown.keyboard.press("Enter")
        shown.wait_for_function("document.querySelector('[data-points] audio')?.currentTime > 0.1")
        head = shown.locator("#decoded--test th button:has-text('CER')").last
        rates = "[...document.querySelectorAll('#decoded--test table:last-of-type')].at(-1).innerText.match(/[0-9.]+ %/g)"
        head.click()
        down = shown.evaluate(rates)
        head.click()
        assert shown.evaluate(rates) == down[::-1] and len(set(down)) > 1
        assert not complaints
    with pytest.raises(UserError, match="is no report; give an exp_dir"):
        of_run(
            "r",
            [],
            tmp_path / "report.html",
            tmp_path,
            [],
            lambda _: manifest,
            str(tmp_path / "no"),
        )


@pytest.mark.parametrize(
    ("look", "width"), [("light", 390), ("dark", 1366), ("forced", 390), ("light", 1366)]
)
def test_axe_finds_nothing_and_a_phone_shows_it_all(cuts, decoded, tmp_path, look, width):
    path, record, manifest = decoded
    about = of_run(
        "r", [], tmp_path / "report.html", tmp_path, [(path, record)], lambda _: manifest, None
    )
    with opened(findings(cuts, tmp_path, **about), width=width, height=844) as (shown, complaints):
        shown.emulate_media(
            **({"forced_colors": "active"} if look == "forced" else {"color_scheme": look})
        )
        assert violations(shown) == [] and not complaints
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        players = shown.evaluate(
            "[...document.querySelectorAll('audio')].map((a) => a.getBoundingClientRect().width)"
        )
        assert players and min(players) >= 200


def test_it_says_how_it_was_made_and_where_things_lie(cuts, tmp_path):
    for name in (
        "data_card.md",
        "left_out.tsv",
        "review/review.html",
        "manifests/cuts_aligned.0.errors.jsonl.gz",
    ):
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_text("x")
    about = of_run("r", ["data_dir=/d", "launcher.nj=4"], tmp_path / "exp" / "report.html", tmp_path / "d", [], lambda _: tmp_path, None)  # fmt: skip
    assert about["made"]["command"] == "./run.sh --recipe r --stage 14 --stop-stage 14 data_dir=/d"
    assert "torch 2" in about["made"]["versions"] and re.match(r"20\d\d-", about["made"]["made"])
    assert about["links"] == {
        "data card": "../d/data_card.md", "review page": "../d/review/review.html", "left out": "../d/left_out.tsv",
        "errors of cuts_aligned.0": "../d/manifests/cuts_aligned.0.errors.jsonl.gz",
    }  # fmt: skip
    text = findings(cuts, tmp_path, **about).read_text(encoding="utf-8")
    assert (
        '<a href="#measures">Measures</a>' in text and "the recogniser heard something else" in text
    )


def test_the_command_of_the_bench_knows_nothing_of_the_report():
    assert command("r", ["report.beside=/x", "a=[1, 2]", "hydra.job=1"], 5, 9).endswith(
        "9 'a=[1, 2]'"
    )


def test_every_reason_is_explained():
    documented = (
        (ROOT / "docs" / "stages.md").read_text(encoding="utf-8").partition("## Reasons")[2]
    )
    table = "".join(
        line.split("|")[2]
        for line in documented.splitlines()
        if line.startswith("| ") and line.count("|") == 4
    )
    reasons = set(re.findall(r"`([a-z_]+)`", table)) - {"joined_to"}
    assert reasons <= set(MEANINGS), reasons - set(MEANINGS)
    assert meaning("of_another_day") == "of another day"
