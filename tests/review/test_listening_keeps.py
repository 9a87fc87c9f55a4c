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


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", "\t"), ("utf-8-sig", ";"), ("utf-16", "\t"), ("cp949", ";")]
)
def test_a_page_opens_a_file(folder, tmp_path, encoding, mark):
    """Columns in another order and fewer of them, quotes, guarded cells, a row of another file."""
    text = mark.join(["decision", "id", "note", "text"]) + "\r\n"
    text += mark.join(["fix", "m-1", '"""ja"", =x"', "'3번 날씨가 좋네요"]) + "\r\n"
    text += mark.join(["drop", "other-1", "", ""]) + "\r\n"
    (tmp_path / "from.tsv").write_bytes(text.encode(encoding))
    with opened(folder / "review.html") as (page, complaints):
        page.set_input_files("#file", tmp_path / "from.tsv")
        page.wait_for_function("document.getElementById('message').textContent")
        assert (
            page.inner_text("#message")
            == "from.tsv: 1 decision added, 1 row of other files left out."
        )
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
        assert "2 decisions to look at" in page.inner_text("#leftovers")
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


def test_a_full_browser_says_so_until_it_is_not(folder):
    with opened(folder / "review.html") as (page, _):
        page.evaluate(
            "window.real = Storage.prototype.setItem; Storage.prototype.setItem = () => { throw new Error('full') }; 0"
        )
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert page.is_visible("#full") and decided(page) == 2
        page.evaluate("Storage.prototype.setItem = window.real; 0")
        page.keyboard.press("Enter")
        assert page.is_hidden("#full")


def test_discarding_what_is_left_over_leaves_the_new_decision(folder, cuts):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Delete")  # m-1
        cuts[1] = with_supervision(cuts[1], text="오늘은 정말 날씨가 좋네요 나")
        handed_out(folder, cuts)
        page.reload()
        page.keyboard.press("Enter")
        page.reload()
        assert decided(page) == 1 and page.is_visible("#leftovers")
        page.click("#leftovers button:has-text('Discard')")
        page.reload()
        assert decided(page) == 1 and page.is_hidden("#leftovers")
        assert "ok" in page.inner_text(".row >> nth=0")


def test_what_was_discarded_or_applied_can_be_had_back(folder, cuts):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Delete")
        cuts[1] = with_supervision(cuts[1], text="오늘은 정말 날씨가 좋네요 나")
        handed_out(folder, cuts)
        page.reload()
        for name in ("Discard", "Apply"):
            page.click(f"#leftovers button:has-text('{name}')")
            assert page.is_hidden("#leftovers")
            page.keyboard.press("Control+z")
            assert page.is_visible("#leftovers") and decided(page) == 0
        page.reload()
        assert page.is_visible("#leftovers")


def test_taking_back_what_was_saved_survives_the_page_made_again(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        save(page, folder / "review.tsv")
        page.keyboard.press("Control+z")
        assert decided(page) == 0
        refresh_pages(folder)
        page.reload()
        assert decided(page) == 0 and "dirty" in page.get_attribute("#save", "class")


def test_a_decision_on_a_text_that_has_changed_is_marked_and_made_anew(folder, cuts):
    rewritten(folder / "review.tsv", m_1={"decision": "ok"})
    cuts[1] = with_supervision(cuts[1], text="오늘은 정말 날씨가 좋네요 나")
    handed_out(folder, cuts)
    with opened(folder / "review.html") as (page, _):
        page.click(".row >> nth=0")
        assert "outdated" in page.inner_text(".row >> nth=0")
        assert "text that has changed since" in page.inner_text("#problem")
        page.keyboard.press("u")
        assert page.input_value("#text") == "오늘은 정말 날씨가 좋네요 나"
        page.keyboard.press("Enter")
        save(page, folder / "review.tsv")
    result = merge_media(cuts, read_decisions([folder / "review.tsv"]))[1]
    assert result["custom"]["status"] == "approved"


def test_columns_of_ones_own_and_rows_that_stand_twice_stay(folder):
    rows = [{**row, "mine": f"x{row['id']}"} for _, row in read_rows(folder / "review.tsv")]
    rows.append({**rows[0], "decision": "drop", "reviewer": "lee", "mine": "y"})
    rows[0] |= {"decision": "ok", "reviewer": "kim"}
    write_rows(folder / "review.tsv", rows, [*rows[0]])
    handed_out_rows = (folder / "review.tsv").read_bytes()
    from echoharvester.review.listening import write_page

    write_page(folder / "review.html", rows, {}, "x")
    refresh_pages(folder)
    with opened(folder / "review.html") as (page, _):
        save(page, folder / "saved.tsv")
    assert (folder / "saved.tsv").read_bytes() == handed_out_rows


def test_a_quote_that_nobody_closed_swallows_nothing(folder, tmp_path):
    rows = [{**row, "decision": "drop"} for _, row in read_rows(folder / "review.tsv")]
    rows[0]["note"] = "MARK"
    write_rows(tmp_path / "kim.tsv", rows)
    text = (tmp_path / "kim.tsv").read_text(encoding="utf-8")
    (tmp_path / "kim.tsv").write_text(text.replace("MARK", '"좋음'), encoding="utf-8")
    with opened(folder / "review.html") as (page, _):
        page.set_input_files("#file", tmp_path / "kim.tsv")
        page.wait_for_function(
            "document.getElementById('message').textContent.includes('5 decisions')"
        )
        assert decided(page) == 5


def test_files_of_several_reviewers_add_up_and_can_be_undone(folder, tmp_path):
    everything = [row for _, row in read_rows(folder / "review.tsv")]
    for name, ids in (("kim", ("m-1", "m-3")), ("lee", ("m-3", "m-5"))):
        decision = {"decision": "drop" if name == "kim" else "ok", "reviewer": name}
        rows = [{**row, **(decision if row["id"] in ids else {})} for row in everything]
        write_rows(tmp_path / f"{name}.tsv", rows)
    with opened(folder / "review.html") as (page, _):
        for name in ("kim", "lee"):
            page.set_input_files("#file", tmp_path / f"{name}.tsv")
            page.wait_for_function(
                f"document.getElementById('message').textContent.startsWith('{name}')"
            )
        assert decided(page) == 3 and "1 that differ" in page.inner_text("#message")
        assert "there is a different decision here" in page.inner_text("#leftovers")
        page.reload()
        assert decided(page) == 3
        assert page.evaluate("data.rows.map((row) => valueOf(row, 'reviewer'))")[:3] == [
            "kim",
            "kim",
            "lee",
        ]
        page.click("#leftovers button:has-text('Apply')")
        assert page.evaluate("valueOf(rowOf.get('m-3'), 'reviewer')") == "lee"
        page.keyboard.press("Control+z")
        assert page.evaluate("valueOf(rowOf.get('m-3'), 'reviewer')") == "kim"


def test_whose_file_it_is_comes_before_who_was_here_last(folder):
    with opened(folder / "review.html") as (page, _):
        page.fill("#reviewer", "kim")
        page.keyboard.press("Escape")
        rewritten(folder / "review.tsv", **{f"m_{i}": {"reviewer": "lee"} for i in (1, 3, 5, 7, 9)})
        refresh_pages(folder)
        page.reload()
        assert page.input_value("#reviewer") == "lee"
        page.keyboard.press("Enter")
        page.keyboard.press("b")
        page.keyboard.press("u")
        save(page, folder / "saved.tsv")
        assert (folder / "saved.tsv").read_bytes() == (folder / "review.tsv").read_bytes()


def test_a_blank_at_the_end_of_a_note_is_no_other_decision(folder):
    with opened(folder / "review.html") as (page, _):
        page.fill("#note", "확인 ")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        save(page, folder / "review.tsv")
        refresh_pages(folder)
        page.reload()
        assert page.is_hidden("#leftovers") and decided(page) == 1


def test_what_is_decided_is_not_turned_round_unasked(folder):
    with opened(folder / "review.html") as (page, _):
        for _ in range(5):
            page.keyboard.press("Delete")
        assert decided(page) == 5
        page.click(".row >> nth=2")
        page.keyboard.press("Enter")
        assert "was dropped" in page.inner_text("#problem") and "drop" in page.inner_text(
            ".row >> nth=2"
        )
        page.keyboard.press("Enter")
        assert "ok" in page.inner_text(".row >> nth=2")
        page.keyboard.press("Control+a")
        page.click("#accept-picked")
        assert "0 rows decided; 5 left as they were" in page.inner_text("#message")


def test_behind_the_last_row_the_first_that_is_left_comes(folder):
    with opened(folder / "review.html") as (page, _):
        page.click(".row >> nth=4")
        page.keyboard.press("Enter")
        assert chosen(page) == "m-1"


def test_a_text_that_is_changed_after_its_decision_is_undecided(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.keyboard.press("b")
        page.keyboard.press("e")
        page.keyboard.type("요")
        assert decided(page) == 0 and "edited" in page.inner_text(".row >> nth=0")


def test_replacing_asks_for_nothing_that_would_be_asked_about(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.click("#replace-button")
        page.fill("#replace-find", "오늘은 날씨가 좋네요")
        page.fill("#replace-with", "구독과 좋아요 부탁드립니다 여러분")
        assert page.inner_text("#replace-do") == "Replace in 4 rows"  # m-1 is decided
        page.fill("#replace-find", page.evaluate("data.rows[1].text"))
        page.fill("#replace-with", "")
        assert page.is_disabled("#replace-do")


def test_a_page_of_the_version_before_stays_as_it_is(folder):
    text = (folder / "review.html").read_text(encoding="utf-8")
    (folder / "review.html").write_text(text.replace('"title": ', '"name": ', 1), encoding="utf-8")
    rewritten(folder / "review.tsv", m_1={"decision": "ok"})
    assert refresh_pages(folder) == 0


def test_stage_7_takes_files_of_few_columns_and_rows_of_no_cut(folder, cuts):
    (folder / "review.tsv").write_text("id\tdecision\nm-1\tok\nm-77\tdrop\n", encoding="utf-8")
    handed_out(folder, cuts)
    assert rows_of(folder / "review.tsv")["m-77"]["decision"] == "drop"


def test_of_many_rows_those_are_undone_that_nobody_changed_since(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Control+a")
        page.click("#drop-picked")
        page.evaluate("put(rowOf.get('m-3'), {decision: 'ok'})")  # as from another tab
        page.keyboard.press("Control+z")
        assert decided(page) == 1 and "another tab" in page.inner_text("#message")
        page.keyboard.press("Control+y")
        assert decided(page) == 5
        assert page.evaluate("valueOf(rowOf.get('m-3'), 'decision')") == "ok"
