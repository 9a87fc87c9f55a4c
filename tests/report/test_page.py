"""The report: its parts, and the page in a real browser."""

import re
from collections import Counter

import pytest
from browser import needs_browser, opened
from review_support import make_cuts

from echoharvester.manifests.accounting import Counts
from echoharvester.manifests.cuts import rejected, with_custom
from echoharvester.report.change import changes, figures_of
from echoharvester.report.overview import overview
from echoharvester.report.page import Findings, page

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"


@pytest.fixture
def found(tmp_path):
    import numpy as np
    import soundfile

    path = tmp_path / "m.flac"
    soundfile.write(path, 0.1 * np.sin(np.arange(160000) / 5), 16000)
    cuts = [
        with_custom(c, syllables_per_sec=5.0, title=HOSTILE, channel=HOSTILE)
        for c in make_cuts(str(path))
    ]
    cuts[9] = rejected(cuts[9], "validate", "cer_too_high")
    cuts[8] = with_custom(cuts[8], text_whole="더 긴 글", words_trimmed=1)
    row = {"measure": "CER without spaces", "rate": 0.05, "errors": 5, "reference": 100, "ci95": [0.02, 0.08],
           "substitutions": 3, "insertions": 1, "deletions": 1}  # fmt: skip
    history = [
        {"epoch": i, "train_loss": 1 / i, "dev_loss": 1.2 / i, "dev_cer": 0.5 / i}
        for i in (1, 2, 3)
    ]
    return Findings(
        HOSTILE, "f123", {"validate": Counts(10, 9, 4, Counter(cer_too_high=1), Counter(), 9.0)}, overview(cuts),
        limits={"cer": {"manual captions": 0.15, "other captions": 0.1}}, training={"summary": "a model", "history": history, "best_cer": 0.16},
        decoding=[{"summary": "greedy", "method": "ctc_greedy", "sets": {"test": {"rows": [row], "confusions": [("어", "오", 3), ("∅", "가", 1)]}}}],
        truth="| fault | kept |\n|---|---|\n| none | 3 |",
        judged=[(i / 20, i > 8) for i in range(20)], judged_by="the truth",
        agreement=["kim and lee: 5 cuts decided by both, 4 alike (80 %), kappa 0.61"], decisions={"ok": 3},
    )  # fmt: skip


def test_the_page_says_what_was_found(found):
    text = page(found)
    for part in (
        "utterances kept", "cer_too_high", "Media",
        "How far the confidence can be trusted", "Expected calibration error", "어 → 오", "kappa 0.61", "95 % interval",
        "1 utterance did not fit as a whole", "Against the truth", "data:audio/mpeg;base64,",
    ):  # fmt: skip
        assert part in text, part
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)  # nothing is fetched
    assert text.count("<svg") >= 12


def test_the_next_page_knows_what_changed(tmp_path, found):
    path = tmp_path / "report.html"
    path.write_text(page(found), encoding="utf-8")
    now, before = figures_of(path)
    assert now["utterances kept"] == 5 and now["rejected: cer_too_high"] == 1 and not before
    found.before = {**now, "utterances kept": 3.0, "rejected: low_snr": 2.0}
    text = page(found)
    assert "Since the report before" in text
    assert changes(now, found.before)[0] == ("utterances kept", "3", "5", "+2")
    assert ("rejected: low_snr", "2", "-", "") in changes(now, found.before)
    path.write_text("<html>an older page</html>", encoding="utf-8")
    assert figures_of(path) == ({}, {}) == figures_of(tmp_path / "none.html")


def test_figures_older_than_the_data_are_marked(found):
    assert "lder than the data" not in page(found)
    found.outdated = ["train", "decode"]
    text = page(found)
    assert text.count("Older than the data") == 2 and "ctc_greedy, older than the data" in text


def test_an_empty_run_has_a_page():
    assert "0.0 min" in page(Findings("nothing", "", {}, overview([])))


def test_examples_do_not_grow_with_the_data():
    cuts = (with_custom({**make_cuts()[0], "id": str(i)}, media_id=str(i)) for i in range(500))
    result = overview(cuts)
    assert len(result.examples["kept"]) == 3 and result.outcomes["kept"] == 500


class TestInTheBrowser:
    pytestmark = needs_browser

    @pytest.mark.parametrize("width", [1280, 380])
    def test_it_opens_without_a_complaint_at_any_width(self, tmp_path, found, width):
        path = tmp_path / "report.html"
        path.write_text(page(found), encoding="utf-8")
        with opened(path, width=width) as (shown, complaints):
            assert shown.evaluate("window.hacked") is None
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert shown.locator("section").count() >= 9
            shown.evaluate("document.querySelector('audio').play()")
            shown.wait_for_function("document.querySelector('audio').currentTime > 0.2")
            assert not complaints
