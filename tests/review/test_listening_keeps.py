"""Nobody's work is lost: pages made again, files of others, two tabs, folders moved, undo."""

import re
import shutil

import pytest
from browser import needs_browser, opened
from listening_support import chosen, decided, handed_out, save

from echoharvester.manifests.cuts import with_supervision
from echoharvester.review.decisions import read_decisions
from echoharvester.review.listening import refresh_pages
from echoharvester.review.merge import merge_media
from echoharvester.review.tsv import read_rows, write_rows

pytestmark = needs_browser


@pytest.fixture
def folder(tmp_path, cuts):
    handed_out(tmp_path / "review", cuts)
    return tmp_path / "review"


def rows_of(path):
    return {row["id"]: row for _, row in read_rows(path)}


def rewritten(path, **of_cut):
    """The file as somebody else saves it."""
    rows = [{**row, **of_cut.get(row["id"].replace("-", "_"), {})} for _, row in read_rows(path)]
    write_rows(path, rows)


def test_a_page_shows_the_decisions_that_its_file_has_by_now(folder, tmp_path):
    """A second reviewer on another machine accepts one row and saves: the first's stay."""
    rewritten(
        folder / "review.tsv", m_1={"decision": "ok", "reviewer": "kim"}, m_3={"decision": "drop"}
    )
    assert refresh_pages(folder) == 1 and refresh_pages(folder) == 0
    with opened(folder / "review.html") as (page, complaints):
        assert decided(page) == 2 and chosen(page) == "m-5"
        page.keyboard.press("Enter")
        save(page, folder / "review.tsv")
        assert not complaints
    rows = rows_of(folder / "review.tsv")
    assert [rows[f"m-{i}"]["decision"] for i in (1, 3, 5, 7)] == ["ok", "drop", "ok", ""]
    assert rows["m-1"]["reviewer"] == "kim"


def test_a_page_that_cannot_be_read_stays(folder):
    (folder / "review.html").write_text("<html>mine</html>")
    assert refresh_pages(folder) == 0
    assert (folder / "review.html").read_text() == "<html>mine</html>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("mark", ["\t", ";"])
def test_a_page_opens_a_file(folder, tmp_path, encoding, mark):
    """Columns in another order and fewer of them, quotes, guarded cells, a row of another file."""
    text = mark.join(["decision", "id", "note", "text"]) + "\r\n"
    text += mark.join(["fix", "m-1", '"""ja"", =x"', "'3번 날씨가 좋네요"]) + "\r\n"
    text += mark.join(["drop", "other-1", "", ""]) + "\r\n"
    (tmp_path / "from.tsv").write_bytes(text.encode(encoding))
    with opened(folder / "review.html") as (page, complaints):
        page.set_input_files("#file", tmp_path / "from.tsv")
        page.wait_for_function("document.getElementById('message').textContent")
        assert page.inner_text("#message") == "from.tsv: 1 rows taken, 1 of other files left out."
        assert decided(page) == 1
        save(page, folder / "review.tsv")
        (tmp_path / "bad.tsv").write_text("hello\tworld\n")
        page.set_input_files("#file", tmp_path / "bad.tsv")
        page.wait_for_function(
            "document.getElementById('message').textContent.includes('not taken')"
        )
        assert decided(page) == 1 and not complaints
    row = rows_of(folder / "review.tsv")["m-1"]
    assert (row["decision"], row["note"], row["text"]) == ("fix", '"ja", =x', "3번 날씨가 좋네요")


def test_two_tabs_see_each_others_decisions(folder):
    with opened(folder / "review.html") as (first, _):
        second = first.context.new_page()
        second.goto((folder / "review.html").as_uri())
        first.keyboard.press("Enter")  # m-1
        second.wait_for_function("document.getElementById('done').textContent.startsWith('1 of')")
        second.keyboard.press("ArrowDown")
        second.keyboard.press("Delete")  # m-3
        first.wait_for_function("document.getElementById('done').textContent.startsWith('2 of')")
        first.keyboard.press("ArrowDown")
        first.keyboard.press("Enter")
        second.wait_for_function("document.getElementById('done').textContent.startsWith('3 of')")
        save(second, folder / "review.tsv")
    rows = rows_of(folder / "review.tsv")
    assert [row["decision"] for row in rows.values()].count("ok") == 2
    assert rows["m-3"]["decision"] == "drop"


def test_edits_survive_a_page_made_again_and_a_folder_moved(folder, tmp_path, cuts):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.keyboard.press("Delete")
        shutil.rmtree(folder / "clips")
        handed_out(folder, [*cuts[1:], cuts[0]], statuses=("review", "accepted"))
        page.reload()
        assert page.inner_text("#done").startswith("2 of 10")
        moved = tmp_path / "elsewhere"
        folder.rename(moved)
        page.goto((moved / "review.html").as_uri())
        assert page.inner_text("#done").startswith("2 of 10")


def test_another_data_set_with_the_same_names_has_its_own(folder, tmp_path, cuts):
    handed_out(tmp_path / "other", cuts)
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.goto((tmp_path / "other" / "review.html").as_uri())
        assert decided(page) == 0


def test_what_fits_no_more_is_shown_and_can_be_applied(folder, cuts):
    """The caption was cleaned otherwise since; one row is gone."""
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("e")
        page.fill("#text", "오늘은 날씨가 좋군요 나")
        page.keyboard.press("Enter")  # m-1
        page.keyboard.press("Delete")  # m-3
        cuts[1] = with_supervision(cuts[1], text="오늘은 정말 날씨가 좋네요 나")
        handed_out(folder, [cut for cut in cuts if cut["id"] != "m-3"])
        page.reload()
        assert decided(page) == 0
        assert "2 decisions of this browser fit no row" in page.inner_text("#leftovers")
        assert "the row is gone" in page.inner_text("#leftovers")
        assert "the text has changed; made against “오늘은 날씨가 좋네요 나”" in page.inner_text(
            "#leftovers"
        )
        page.reload()  # it stays
        page.click("#leftovers li:has-text('m-1') button:has-text('Apply')")
        assert decided(page) == 1 and page.input_value("#text") == "오늘은 날씨가 좋군요 나"
        page.click("#leftovers button:has-text('Discard')")
        assert page.is_hidden("#leftovers")
        page.reload()
        assert decided(page) == 1 and page.is_hidden("#leftovers")


def test_a_decision_on_in_an_old_page_still_fits_the_new_one(folder):
    """Saved, merged, page made again; meanwhile the old page was worked on."""
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        save(page, folder / "review.tsv")
        assert "dirty" not in (page.get_attribute("#save", "class") or "")
        page.click(".row >> nth=0")
        page.keyboard.press("Delete")
        assert refresh_pages(folder) == 1
        page.reload()
        assert page.is_hidden("#leftovers")
        assert "drop" in page.inner_text(".row >> nth=0") and "dirty" in page.get_attribute(
            "#save", "class"
        )


def test_everything_can_be_undone_and_done_again(folder):
    with opened(folder / "review.html") as (page, complaints):
        page.keyboard.press("Enter")
        page.keyboard.press("Delete")
        page.fill("#note", "laut")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+a")
        page.click("#drop-picked")
        assert decided(page) == 5
        marks = [page.evaluate("tsv()")]
        while page.is_enabled("#undo"):
            page.keyboard.press("Control+z")
            marks.append(page.evaluate("tsv()"))
        assert decided(page) == 0 and len(marks) == 5
        assert (folder / "review.tsv").read_text(encoding="utf-8") == marks[-1]
        for mark in reversed(marks[:-1]):
            page.keyboard.press("Control+y")
            assert page.evaluate("tsv()") == mark
        assert page.is_disabled("#redo") and not complaints
        page.reload()
        assert decided(page) == 5  # what was done again is kept, too


def test_undo_leaves_what_another_tab_did_since(folder):
    with opened(folder / "review.html") as (first, _):
        second = first.context.new_page()
        second.goto((folder / "review.html").as_uri())
        first.keyboard.press("Enter")
        second.wait_for_function("document.getElementById('done').textContent.startsWith('1 of')")
        second.click(".row >> nth=0")
        second.keyboard.press("Delete")
        first.wait_for_function("document.querySelector('.row').textContent.includes('drop')")
        first.keyboard.press("Control+z")
        assert "another tab" in first.inner_text("#message")
        assert "drop" in first.inner_text(".row >> nth=0")


def test_back_to_the_row_just_decided(folder):
    with opened(folder / "review.html") as (page, _):
        page.click("[data-chip=undecided]")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        assert chosen(page) == "m-3"
        page.keyboard.press("b")
        assert chosen(page) == "m-1"


def test_a_text_far_from_what_was_heard_is_asked_about(folder, cuts):
    with opened(folder / "review.html") as (page, _):
        page.fill("#text", "hello world only 안녕")
        page.keyboard.press("Enter")
        assert chosen(page) == "m-1" and decided(page) == 0
        assert re.search(r"CER \d{3} %\) than the caption was \(0 %\)", page.inner_text("#problem"))
        page.keyboard.press("Enter")
        assert chosen(page) == "m-3" and decided(page) == 1
        save(page, folder / "review.tsv")
    assert rows_of(folder / "review.tsv")["m-1"]["decision"] == "fix!"
    merged = merge_media(cuts, read_decisions([folder / "review.tsv"]))[1]
    assert merged["custom"]["status"] == "approved"
    rewritten(folder / "review.tsv", m_1={"decision": "fix"})  # as in a spreadsheet, unasked
    merged = merge_media(cuts, read_decisions([folder / "review.tsv"]))[1]
    assert "write fix! as its decision" in merged["custom"]["review_problem"]
    assert merged["custom"]["status"] == "review"
