"""The listening page in a real browser, from the first key to the merged cut."""

import time

import pytest
from browser import needs_browser, opened

from echoharvester.asr.validate import CerThresholds
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.review.clips import Clip
from echoharvester.review.decisions import read_decisions
from echoharvester.review.hand_out import Handout, ReviewPlan, hand_out
from echoharvester.review.layout import Layout
from echoharvester.review.listening import AboutCut, OfAll, write_page
from echoharvester.review.merge import merge_media
from echoharvester.review.rows import row_of
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection
from echoharvester.review.tsv import read_rows

pytestmark = needs_browser
HOSTILE = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>하하"


@pytest.fixture
def folder(tmp_path, cuts):
    cuts[9] = with_custom(
        with_supervision(cuts[9], text=HOSTILE), title="</script>", text_orthographic=HOSTILE
    )
    plan = ReviewPlan(
        Selection(), CerThresholds().limit, StratifiedSample(0), Layout(), Handout(title="시험")
    )
    hand_out(plan, tmp_path / "review", lambda: iter(cuts))
    return tmp_path / "review"


def save(page, path):
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(path)


def chosen(page):
    return page.inner_text("#about").split(" · ")[0]


def test_keys_decide_and_the_saved_file_merges(folder, cuts):
    with opened(folder / "review.html") as (page, complaints):
        assert chosen(page) == "m-1"
        page.fill("#reviewer", "kim")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")  # m-1 as it stands
        assert chosen(page) == "m-3"
        page.keyboard.press("e")
        page.fill("#text", "오늘은 하늘이 맑네요 라")
        assert page.inner_text("#cer").startswith("40.0 %")
        assert page.inner_html("#diff").count("<del>") == 2
        page.keyboard.press("Enter")
        assert chosen(page) == "m-5"
        page.keyboard.press("Delete")
        assert chosen(page) == "m-7"
        page.keyboard.press("ArrowDown")
        assert chosen(page) == "m-9"
        page.keyboard.press("ArrowUp")
        page.fill("#note", "=잡음")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Enter")
        assert chosen(page) == "m-9"
        assert "4 of 5 decided" in page.inner_text("#done")
        assert page.evaluate("window.hacked") is None
        save(page, folder / "review.tsv")
        assert not complaints
    rows = {row["id"]: row for _, row in read_rows(folder / "review.tsv")}
    assert [rows[f"m-{i}"]["decision"] for i in (1, 3, 5, 7, 9)] == ["ok", "fix", "drop", "ok", ""]
    assert rows["m-7"]["note"] == "=잡음" and rows["m-1"]["reviewer"] == "kim"
    assert rows["m-9"]["text"] == HOSTILE
    edits = read_decisions([folder / "review.tsv"])
    assert not edits.faults
    result = {c["id"]: c for c in merge_media(cuts, edits)}
    assert result["m-1"]["custom"]["status"] == "approved"
    assert result["m-1"]["custom"]["review"]["time"] == rows["m-1"]["decided_at"]
    assert text_of(result["m-3"]) == "오늘은 하늘이 맑네요 라"
    assert result["m-5"]["custom"]["status"] == "rejected"
    assert result["m-9"] == cuts[9]


def test_an_untouched_page_saves_the_file_it_came_with(folder):
    before = (folder / "review.tsv").read_bytes()
    with opened(folder / "review.html") as (page, _):
        save(page, folder / "saved.tsv")
    assert (folder / "saved.tsv").read_bytes() == before


def test_edits_stay_in_the_browser_until_saved(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        assert "dirty" in page.get_attribute("#save", "class")
        page.reload()
        assert "1 of 5 decided" in page.inner_text("#done") and chosen(page) == "m-3"
        page.keyboard.press("ArrowUp")
        page.keyboard.press("u")
        assert "0 of 5 decided" in page.inner_text("#done")


def test_sound_plays_and_jumps(folder):
    with opened(folder / "review.html") as (page, complaints):
        page.keyboard.press("Space")
        page.wait_for_function("document.getElementById('player').currentTime > 0.6")
        page.keyboard.press("Space")
        assert page.evaluate("document.getElementById('player').paused")
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("document.getElementById('player').currentTime") == 0
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.getElementById('player').currentTime") == 2
        page.keyboard.press("Space")  # from the end it begins again, and stops where the cut ends
        page.wait_for_function("!document.getElementById('player').paused")
        page.wait_for_function("document.getElementById('player').paused")
        assert 1.4 < page.evaluate("document.getElementById('player').currentTime") < 1.8
        assert not complaints
        (folder / "clips" / "m-3.flac").unlink()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        page.wait_for_function(
            "document.getElementById('problem').textContent.includes('cannot be played')"
        )


def test_filters_find_and_sort(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.click("[data-chip=undecided]")
        assert "4 shown" in page.inner_text("#done")
        page.keyboard.press("Delete")
        assert "3 shown" in page.inner_text("#done") and chosen(page) == "m-5"
        page.click("[data-chip=all]")
        page.fill("#find", "좋네요 바")
        assert "1 shown" in page.inner_text("#done")
        page.fill("#find", "")
        page.select_option("#sort", "cer")
        page.keyboard.press("Escape")
        assert "하하" in page.inner_text(".row >> nth=0")


def test_five_thousand_rows_open_quickly(tmp_path, cuts):
    rows = [{**row_of(cuts[1], f"clips/m-{i}.flac"), "id": f"m-{i}"} for i in range(5000)]
    clip = Clip("m-1.flac", bytes(range(256)) + bytes(44), 0.5, 1.5, 2.0)
    write_page(tmp_path / "review.html", rows, {f"m-{i}": clip for i in range(5000)}, "viel")
    assert (tmp_path / "review.html").stat().st_size < 10e6
    start = time.perf_counter()
    with opened(tmp_path / "review.html") as (page, complaints):
        assert "5000 shown" in page.inner_text("#done")
        assert page.locator(".row").count() < 60
        page.evaluate("document.getElementById('list').scrollTop = 1e9")
        page.wait_for_function("document.querySelector('#rows').lastChild.offsetTop > 219000")
        assert not complaints
    assert time.perf_counter() - start < 60  # a second or two; a bound only against seconds per row


def test_a_narrow_screen_needs_no_sideways_scrolling(folder):
    with opened(folder / "review.html", width=380, height=800) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_a_note_is_kept_whatever_key_leaves_it(folder):
    with opened(folder / "review.html") as (page, _):
        page.click("#note")
        page.keyboard.type("zu laut")
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert page.input_value("#note") == "zu laut"


def test_a_file_that_says_something_else_by_now_is_right(folder, tmp_path, cuts):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        rows = [row for _, row in read_rows(folder / "review.tsv")]
        rows[0]["decision"] = "drop"
        dataset = OfAll(page.evaluate("data.dataset"), ["review.tsv"])
        write_page(folder / "review.html", rows, {}, "anders", of_all=dataset)
        page.reload()
        assert "✕ drop" in page.inner_text(".row >> nth=0")


def test_a_correction_that_was_exported_can_be_undone(folder):
    rows = [row for _, row in read_rows(folder / "review.tsv")]
    texts = {row["id"]: row["text"] for row in rows}
    rows[0] |= {"decision": "fix", "text": "고친 글이다"}
    write_page(folder / "review.html", rows, {}, "x", {i: AboutCut(t) for i, t in texts.items()})
    with opened(folder / "review.html") as (page, _):
        page.click(".row >> nth=0")
        page.keyboard.press("u")
        assert page.input_value("#text") == texts["m-1"]
        page.keyboard.press("Enter")
        assert "✓ ok" in page.inner_text(".row >> nth=0")


def test_a_key_held_down_decides_once(folder):
    with opened(folder / "review.html") as (page, _):
        for repeat in ("false", "true", "true"):
            page.evaluate(
                f"document.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', repeat: {repeat}, bubbles: true}}))"
            )
        assert "1 of 5 decided" in page.inner_text("#done")


def test_the_live_cer_is_the_one_of_the_tests(folder):
    from echoharvester.text.scores import cer

    with opened(folder / "review.html") as (page, _):
        for text, heard in [
            ("안녕하세요, 여러분.", "안녕하세여 여러분"), ("가", "<unk>"), ("Straße", "strasse"), ("ﬁ 네", "fi네"),
            ("값 3개", "갑 세개"), ("ΣΑΣ", "σας"),
        ]:  # fmt: skip
            found = page.evaluate("([a, b]) => rate(a, b)", [text, heard])
            assert found == pytest.approx(cer(text, heard).rate)


def doubted(cut, tokens):
    """A cut whose words were aligned, one of them doubtful."""
    others = len(text_of(cut).split()) - 1
    return with_custom(cut, word_log_probs=[tokens] * others + [[-0.1, -6.0]])


def test_the_doubtful_word_is_marked_and_plays_again_and_again(tmp_path, cuts):
    cuts[1] = doubted(cuts[1], [-0.1])
    plan = ReviewPlan(Selection(), CerThresholds().limit, StratifiedSample(0), Layout(), Handout())
    hand_out(plan, tmp_path, lambda: iter(cuts))
    doubtful = text_of(cuts[1]).split()[-1]
    row = next(row for _, row in read_rows(tmp_path / "review.tsv") if row["id"] == "m-1")
    assert row["doubt"] == f"{doubtful} 0 %"
    with opened(tmp_path / "review.html") as (page, complaints):
        page.fill("#find", "m-1")
        page.keyboard.press("Escape")
        assert page.inner_text("#words .doubtful") == doubtful
        page.keyboard.press("w")
        page.wait_for_function("document.querySelector('#words .doubtful').classList.contains('sounding')")  # fmt: skip
        start = page.evaluate("state.row.start_sec")
        page.wait_for_function(f"cursor > {start + 0.9}")
        page.wait_for_function(
            f"cursor < {start + 0.7}"
        )  # round again, with 0.3 s around 0.7 to 0.9
        assert not page.evaluate("player.paused") and page.evaluate("cursor") > start + 0.3
        page.keyboard.press("Space")
        assert page.evaluate("player.paused")
        page.fill("#find", "m-3")
        page.keyboard.press("Escape")
        assert page.is_visible("#words") and page.is_hidden("#doubt")
        assert not complaints
