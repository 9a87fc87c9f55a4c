"""A reviewer works all day: by keyboard, by ear, with many rows, in Korean, on a phone."""

import http.server
import random
import threading
from functools import partial

import pytest
from browser import needs_browser, opened, violations
from listening_support import chosen, decided, handed_out, save

from echoharvester.manifests.cuts import text_of, with_custom
from echoharvester.review.decisions import read_decisions
from echoharvester.review.merge import merge_media
from echoharvester.review.sample import label_error
from echoharvester.review.tsv import read_rows
from echoharvester.text.scores import binomial_interval

pytestmark = needs_browser


@pytest.fixture
def folder(tmp_path, cuts):
    """Five doubtful rows, and a sample of the accepted ones; two speakers, one doubtful word."""
    for i, cut in enumerate(cuts):
        cut["supervisions"][0]["speaker"] = f"m-{'AB'[i % 3 % 2]}"
    cuts[1] = with_custom(cuts[1], word_log_probs=[[-0.1], [-0.1], [-0.1], [-0.1, -6.0]])
    handed_out(tmp_path / "review", cuts, sample=4)
    return tmp_path / "review"


def rows_of(path):
    return {row["id"]: row for _, row in read_rows(path)}


@pytest.mark.parametrize(
    ("look", "language"), [("light", "en"), ("dark", "ko"), ("forced", "en"), ("light", "ko")]
)
def test_axe_finds_nothing(folder, look, language):
    with opened(folder / "review.html") as (page, complaints):
        page.emulate_media(
            **({"forced_colors": "active"} if look == "forced" else {"color_scheme": look})
        )
        page.select_option("#language", language)
        page.click(".row >> nth=1")
        page.keyboard.press("Enter")
        page.keyboard.press("x")
        page.click("#filters summary")
        assert violations(page) == []
        page.click("#filters summary")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.is_visible("#help") and violations(page) == []
        page.keyboard.press("Escape")
        page.click("#replace-button")
        page.fill("#replace-find", "날씨")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.fill("#find", "nothing like it")
        assert page.is_visible("#empty") and violations(page) == []
        assert not complaints


def test_tab_reaches_everything_and_enter_is_that_of_the_button(folder):
    with opened(folder / "review.html") as (page, _):
        page.evaluate("document.activeElement.blur()")
        reached = set()
        for _ in range(80):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.chip || document.activeElement.tagName"))  # fmt: skip
        wanted = page.evaluate("""Array.from(document.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex="0"]'))
            .filter((e) => e.checkVisibility() && !e.disabled).map((e) => e.id || e.dataset.chip || e.tagName)""")
        assert set(wanted) <= reached
        page.focus("[data-chip=undecided]")
        page.keyboard.press("Enter")
        assert (
            decided(page) == 0
            and page.get_attribute("[data-chip=undecided]", "aria-pressed") == "true"
        )
        assert page.evaluate("document.activeElement.dataset.chip") == "undecided"
        page.focus("#play")
        page.keyboard.press("Space")
        page.wait_for_function("!player.paused")
        assert page.inner_text("#play") == "Pause"


def press(page, code, key):
    page.evaluate(
        "([code, key]) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {code, key, bubbles: true}))",
        [code, key],
    )


def test_hangul_layouts_and_a_macbooks_delete_key(folder):
    with opened(folder / "review.html") as (page, _):
        press(page, "Backspace", "Backspace")
        assert decided(page) == 1
        press(page, "ArrowUp", "ArrowUp")
        press(page, "KeyU", "ㅕ")
        assert decided(page) == 0
        press(page, "KeyW", "ㅈ")
        page.wait_for_function("!player.paused")
        press(page, "KeyE", "ㄷ")
        assert page.evaluate("document.activeElement.id") == "text"
        press(page, "Backspace", "Backspace")  # in the text it is a key of the text
        assert decided(page) == 0


def test_what_the_mouse_pressed_space_does_not_press_again(folder):
    with opened(folder / "review.html") as (page, _):
        page.click("#accept")
        page.keyboard.press("Space")
        page.wait_for_function("!player.paused")
        assert decided(page) == 1


def test_what_lies_around_can_be_played(folder):
    with opened(folder / "review.html") as (page, _):
        box = page.locator("#wave").bounding_box()
        page.mouse.click(box["x"] + 2, box["y"] + 20)
        page.keyboard.press("Space")
        page.wait_for_function(
            "!player.paused && player.currentTime > 0 && player.currentTime < 0.45"
        )
        page.wait_for_function("player.paused")
        assert page.evaluate("cursor") == pytest.approx(page.evaluate("state.row.end_sec"))
        page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 20)
        page.keyboard.press("Space")
        page.wait_for_function("player.paused && cursor > 1.9")


def test_a_loop_goes_round_until_it_is_switched_off(folder):
    with opened(folder / "review.html") as (page, _):
        page.select_option("#speed", "2")
        page.keyboard.press("l")
        page.keyboard.press("Space")
        page.wait_for_function("cursor > 1.3")
        page.wait_for_function("cursor < 0.9 && !player.paused")
        page.keyboard.press("Space")
        page.reload()
        assert page.get_attribute("#loop", "aria-pressed") == "true"
        assert page.input_value("#speed") == "2"
        page.keyboard.press("l")
        page.keyboard.press("Space")
        page.wait_for_function("player.paused && cursor > 1.4")


def test_settings_survive_a_reload(folder):
    with opened(folder / "review.html") as (page, _):
        page.fill("#reviewer", "김")
        page.check("#autoplay")
        page.select_option("#sort", "snr_db")
        page.click("#turn")
        page.click("#spectrogram")
        page.click("#zoom-in")
        page.select_option("#language", "ko")
        page.reload()
        assert page.input_value("#reviewer") == "김" and page.is_checked("#autoplay")
        assert page.input_value("#sort") == "snr_db" and page.inner_text("#accept") == "승인"
        assert page.get_attribute("#turn", "aria-pressed") == "true"
        assert page.evaluate("settings.zoom") == 2
        page.wait_for_function("picture.complete && picture.naturalWidth > 100")


class NoRanges(http.server.SimpleHTTPRequestHandler):
    """What `python -m http.server` is: it sends files whole, whatever part is asked for."""

    def log_message(self, *_):
        pass


@pytest.fixture
def address(folder):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(NoRanges, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/review.html"
    server.shutdown()


def test_a_served_page_seeks_and_reads_the_file_beside_it(folder, address):
    rows = [row for _, row in read_rows(folder / "review.tsv")]
    with opened(folder / "review.html", width=390, height=844) as (page, complaints):
        page.goto(address)
        page.evaluate("seek(1.2)")
        page.click("#play")
        page.wait_for_function("!player.paused && player.currentTime > 1.2")
        assert page.evaluate("player.currentTime") < 1.6
        page.click("#accept")
        save(page, folder / "review.tsv")
        rows = [row for _, row in read_rows(folder / "review.tsv")]
        assert rows[0]["decision"] == "ok"
        text = (folder / "review.tsv").read_text(encoding="utf-8").replace("\tok\t", "\tdrop\t", 1)
        (folder / "review.tsv").write_text(text, encoding="utf-8")
        page.evaluate("localStorage.clear()")
        page.reload()
        page.wait_for_function("document.getElementById('done').textContent.startsWith('1 of')")
        assert not [line for line in complaints if "favicon" not in line and "404" not in line]


def test_words_are_lit_and_tinted(folder):
    with opened(folder / "review.html") as (page, _):
        words = page.locator("#words button")
        assert words.count() == 4
        tints = [words.nth(i).evaluate("e => e.style.getPropertyValue('--doubt')") for i in (0, 3)]
        assert tints[0] != tints[1] and tints[1] == "60%"
        words.nth(1).click()
        page.wait_for_function(
            "document.querySelectorAll('#words button')[1].classList.contains('sounding')"
        )


def test_filters_by_measure_speaker_and_both_orders(folder):
    with opened(folder / "review.html") as (page, _):
        page.click("#filters summary")
        page.fill("#from-cer", "0")
        page.fill("#to-cer", "5")
        found = page.evaluate("state.shown.map((row) => 100 * rateOf(row))")
        assert found and all(cer <= 5 for cer in found)
        page.fill("#from-cer", "10")
        assert page.evaluate("state.shown.length") == 0 and page.is_visible("#empty")
        assert page.inner_text("#filters summary") == "Filters (1)"
        page.click("#clear-filters")
        page.select_option("#speaker", "m-B")
        assert page.evaluate("new Set(state.shown.map((row) => row.speaker)).size") == 1
        page.click("#clear-filters")
        page.select_option("#sort", "cer")
        up = page.evaluate("state.shown.map((row) => row.id)")
        page.click("#turn")
        assert page.evaluate("state.shown.map((row) => row.id)") == up[::-1]
        assert page.is_hidden("#media")  # there is but one


def test_search_and_replace_shows_what_it_will_do(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")  # m-1 is ok: a correction then
        page.click("#replace-button")
        page.fill("#replace-find", "날씨가")
        page.fill("#replace-with", "하늘이 $&")
        assert page.locator("#replace-preview li").count() == page.evaluate("data.rows.length")
        assert "날씨가하늘이 $&" in page.inner_text("#replace-preview li >> nth=0")
        page.click("#replace-do")
        texts = page.evaluate("data.rows.map((row) => valueOf(row, 'text'))")
        assert all("하늘이 $&" in text for text in texts)
        assert page.evaluate("valueOf(rowOf.get('m-1'), 'decision')") == "fix"
        assert "edited" in page.inner_text("#chips")
        page.keyboard.press("Control+z")
        assert page.evaluate("data.rows.map((row) => valueOf(row, 'text'))").count("") == 0
        assert "edited" not in page.inner_text("#chips")


def test_one_decision_on_many_rows(folder):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("x")
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowDown")
        assert page.inner_text("#picked-count") == "3 selected"
        page.click("#accept-picked")
        assert decided(page) == 3 and page.is_hidden("#picked")
        assert "3 accepted unheard" in page.inner_text("#done")
        page.click(".row >> nth=0", modifiers=["Control"])
        page.click(".row >> nth=2", modifiers=["Shift"])
        page.click("#clear-picked")
        assert decided(page) == 0
        page.keyboard.press("Control+a")
        assert page.inner_text("#picked-count") == f"{page.evaluate('data.rows.length')} selected"


def test_how_much_was_heard_and_how_long_it_took(folder, cuts):
    with opened(folder / "review.html") as (page, _):
        page.fill("#reviewer", "kim")
        page.keyboard.press("Escape")
        page.keyboard.press("Space")
        page.wait_for_function("player.paused && cursor > 1.4")
        assert float(page.inner_text("#time").split(", ")[1].split(" %")[0]) > 90
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert "1 accepted unheard" in page.inner_text("#done")
        page.click("[data-chip=unheard]")
        assert page.evaluate("state.shown.length") == 1
        save(page, folder / "review.tsv")
    rows = list(rows_of(folder / "review.tsv").values())
    assert float(rows[0]["listened"]) > 0.9 and float(rows[1]["listened"]) == 0
    assert 0.9 < float(rows[0]["decision_sec"]) < 30
    decisions = read_decisions([folder / "review.tsv"])
    (line,) = [line for line in decisions.work if "kim" in line]
    assert "2 decisions in the page, 1 of 2 accepted without a sound" in line
    review = {c["id"]: c for c in merge_media(cuts, decisions)}[rows[0]["id"]]["custom"]["review"]
    assert review["listened"] > 0.9 and review["decision_sec"] > 0.9


def test_the_live_estimate_is_that_of_the_data_card(folder, cuts, tmp_path):
    handed = handed_out(
        tmp_path / "large", [with_custom(c, status="accepted") for c in cuts], sample=8
    )
    chance = random.Random(7)
    with opened(tmp_path / "large" / "review.html") as (page, _):
        assert "none of the sample" in page.inner_text("#estimate")
        for cut in handed.cuts[:6]:
            decision = chance.choice(["ok", "ok", "drop", "fix"])
            text = text_of(cut) + ("요" if decision == "fix" else "")
            page.evaluate("([id, decision, text]) => change('x', [[rowOf.get(id), {decision, text}]])", [cut["id"], decision, text])  # fmt: skip
        page.evaluate("refilter()")
        found = page.evaluate("labelError()")
        save(page, tmp_path / "large" / "review.tsv")
        shown = page.inner_text("#estimate")
    merged = merge_media(cuts, read_decisions([tmp_path / "large" / "review.tsv"]))
    wanted = label_error(handed.cuts, merged)
    assert (found["decided"], found["sampled"]) == (wanted.decided, wanted.sampled)
    assert found["rate"] == pytest.approx(wanted.rate)
    assert (found["low"], found["high"]) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
    assert "more row" in shown and "±" in shown


def test_its_bounds_are_those_of_clopper_and_pearson(folder):
    with opened(folder / "review.html") as (page, _):
        for errors, size in [(0, 20), (3, 20), (2.4, 31.7), (20, 20), (150, 4000)]:
            found = page.evaluate("([errors, size]) => bounds(errors, size)", [errors, size])
            assert found == pytest.approx(list(binomial_interval(errors, size)), abs=1e-6)


def test_in_korean_words_are_unbroken(folder):
    with opened(folder / "review.html", width=390, height=844) as (page, _):
        page.select_option("#language", "ko")
        assert page.get_attribute("html", "lang") == "ko"
        untold = page.evaluate("Object.keys(SAYS.en).filter((key) => !(key in SAYS.ko))")
        assert (
            untold == []
            and page.evaluate("getComputedStyle(document.getElementById('text')).wordBreak")
            == "keep-all"
        )
        assert page.evaluate("SAYS.en.help.length === SAYS.ko.help.length")


def test_every_word_of_the_page_is_known(folder):
    with opened(folder / "review.html") as (page, _):
        keys = page.evaluate("[...document.querySelectorAll('[data-say]')].map((e) => e.dataset.say).concat([...document.querySelectorAll('[data-label]')].map((e) => e.dataset.label)).filter((k) => !(k in SAYS.en))")  # fmt: skip
        assert keys == []


def test_a_phone_has_accept_in_reach(folder):
    with opened(folder / "review.html", width=390, height=844) as (page, _):
        for name in ("accept", "drop", "next"):
            box = page.locator(f"#{name}").bounding_box()
            assert (
                box["y"] + box["height"] <= 844
                and box["height"] >= 40
                and box["x"] + box["width"] <= 390
            )
        assert page.locator("#wave").bounding_box()["y"] < 400
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.click("#accept")
        assert decided(page) == 1


def test_what_is_next_where_nothing_is_left(folder):
    with opened(folder / "review.html") as (page, _):
        assert page.is_hidden("#empty")
        page.click("[data-chip=undecided]")
        page.keyboard.press("Escape")
        for _ in range(page.evaluate("data.rows.length")):
            page.keyboard.press("Enter")
        assert "./run.sh --stage 8 --stop-stage 9" in page.inner_text("#empty")
        page.click("[data-chip=all]")
        page.fill("#find", "xyz")
        assert "No row fits" in page.inner_text("#empty")
        page.click("#empty-clear")
        assert page.evaluate("state.shown.length") == page.evaluate("data.rows.length")


def test_twenty_thousand_rows_work(tmp_path, cuts):
    from echoharvester.review.clips import Clip
    from echoharvester.review.listening import write_page
    from echoharvester.review.rows import row_of

    rows = [{**row_of(cuts[1], "clips/m-1.flac"), "id": f"m-{i}"} for i in range(20000)]
    clip = Clip("m-1.flac", bytes(range(256)) + bytes(44), 0.5, 1.5, 2.0)
    write_page(tmp_path / "review.html", rows, {f"m-{i}": clip for i in range(20000)}, "viele")
    with opened(tmp_path / "review.html") as (page, complaints):
        assert "20000 shown" in page.inner_text("#done")
        for _ in range(3):
            page.keyboard.press("Enter")
        assert chosen(page) == "m-3" and page.locator(".row").count() < 60
        page.keyboard.press("Control+a")
        page.click("#drop-picked")
        assert decided(page) == 20000 and not complaints
        page.keyboard.press("Control+z")
        assert decided(page) == 3


def test_the_cer_of_list_and_card_is_that_of_the_harvest(tmp_path, cuts):
    """Where digits that were heard were read out, the page compares with that reading."""
    from echoharvester.manifests.cuts import with_supervision

    cut = with_supervision(cuts[1], text="전국에 서른여섯 곳이 있습니다")
    cuts[1] = with_custom(cut, hyp_text="전국에 36곳이 있었습니다", cer=round(1 / 13, 4))
    handed_out(tmp_path, cuts)
    with opened(tmp_path / "review.html") as (page, _):
        page.fill("#find", "m-1")
        page.keyboard.press("Escape")
        assert page.inner_text(".row .rate") == "7.7 %"
        assert page.inner_text("#cer").startswith("7.7 %")
        assert page.inner_text("#hypothesis") == "전국에 36곳이 있었습니다"
        page.click("#take")
        assert page.evaluate("valueOf(rowOf.get('m-1'), 'text')") == "전국에 36곳이 있었습니다"


def test_a_row_that_was_not_played_is_not_heard(folder, address):
    """On to a row whose sound is not here yet, while another one plays."""
    with opened(folder / "review.html") as (page, _):
        page.goto(address)
        page.keyboard.press("Space")
        page.wait_for_function("player.currentTime > 0.8")
        page.click(".row >> nth=4")
        page.keyboard.press("Enter")
        assert page.evaluate("valueOf(data.rows[4], 'listened')") == "0"


def test_shift_and_click_begin_at_the_row_in_sight(folder):
    with opened(folder / "review.html") as (page, _):
        page.click(".row >> nth=0", modifiers=["Control"])
        page.click("#unpick")
        page.click(".row >> nth=2")
        page.click(".row >> nth=3", modifiers=["Shift"])
        assert page.inner_text("#picked-count") == "2 selected"


def test_undo_stays_in_the_filter(folder):
    with opened(folder / "review.html") as (page, _):
        page.click("[data-chip=undecided]")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        page.keyboard.press("Control+z")
        assert page.get_attribute("[data-chip=undecided]", "aria-pressed") == "true"
        assert chosen(page) == "m-1"


@pytest.mark.parametrize("which", ["#undo", "#save", "#turn"])
def test_what_the_mouse_pressed_above_keys_do_not_press_again(folder, which):
    with opened(folder / "review.html") as (page, _):
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.click(which)
        before = page.evaluate("[past.length, settings.backwards]")
        page.keyboard.press("Space")
        page.wait_for_function("!player.paused")
        assert page.evaluate("[past.length, settings.backwards]") == before


def test_a_question_on_a_phone_is_in_sight(folder):
    with opened(folder / "review.html", width=390, height=844) as (page, _):
        page.fill("#text", "전혀 다른 이야기입니다 정말로 그렇습니다")
        page.click("#accept")
        box = page.locator("#problem").bounding_box()
        assert box["height"] > 10 and 0 < box["y"] < 844 and decided(page) == 0
