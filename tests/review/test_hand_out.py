"""Review files, clips and labels as stage 7 leaves them, and what a second export makes of them."""

import numpy as np
import pytest
import soundfile
from praatio import textgrid

from echoharvester.asr.validate import CerThresholds
from echoharvester.audio.media import MediaError
from echoharvester.review.clips import write_clips
from echoharvester.review.hand_out import Handout, ReviewPlan, hand_out
from echoharvester.review.layout import Layout
from echoharvester.review.listening import script_data
from echoharvester.review.rows import diff_mark, row_of
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection
from echoharvester.review.tsv import read_rows, write_rows


@pytest.fixture
def export(tmp_path, cuts):
    """Stage 7 on these cuts; remembers what it wrote, as the manifest does."""
    before = []

    def run(offered=cuts, layout=Layout(), handout=Handout(), **selection):  # noqa: B008 (frozen)
        limit_of, sample = CerThresholds().limit, StratifiedSample(2)
        plan = ReviewPlan(Selection(**selection), limit_of, sample, layout, handout)
        done = hand_out(plan, tmp_path / "review", lambda: iter(offered), before)
        before[:] = done.cuts
        return done

    return run


def table(folder, name="review.tsv"):
    return {row["id"]: row for _, row in read_rows(folder / "review" / name)}


def decide(folder, name, **decided):
    path = folder / "review" / name
    rows = [row for _, row in read_rows(path)]
    for row in rows:
        if row["id"].replace("-", "_") in decided:
            row["decision"] = decided[row["id"].replace("-", "_")]
    write_rows(path, rows)


def test_decisions_survive_another_export_and_nothing_else_changes(tmp_path, export):
    export()
    first = (tmp_path / "review" / "review.tsv").read_bytes()
    export()
    assert (tmp_path / "review" / "review.tsv").read_bytes() == first
    decide(tmp_path, "review.tsv", m_3="ok")
    done = export()
    rows = table(tmp_path)
    assert rows["m-3"]["decision"] == "ok" and done.decided == 1
    again = (tmp_path / "review" / "review.tsv").read_bytes()
    export()
    assert (tmp_path / "review" / "review.tsv").read_bytes() == again


def test_what_was_decided_stays_when_it_is_no_longer_asked_for(tmp_path, export):
    export()
    decide(tmp_path, "review.tsv", m_9="drop")
    export(max_cer=0.2)
    rows = table(tmp_path)
    assert rows["m-9"]["decision"] == "drop" and "m-5" not in rows


def test_a_decision_on_an_older_text_keeps_the_digest_of_that_text(tmp_path, export, cuts):
    from echoharvester.manifests.cuts import with_supervision

    export()
    old = table(tmp_path)["m-3"]["text_digest"]
    decide(tmp_path, "review.tsv", m_3="ok")
    changed = [with_supervision(c, text="다른 글이다") if c["id"] == "m-3" else c for c in cuts]
    export(changed)
    assert table(tmp_path)["m-3"]["text_digest"] == old


def test_batches_keep_their_rows_when_more_is_offered(tmp_path, export):
    layout = Layout(batch_rows=2)
    done = export(layout=layout, max_cer=0.4)
    assert done.files == ["review-001.tsv", "review-002.tsv"]
    before = {name: set(table(tmp_path, name)) for name in done.files}
    done = export(layout=layout)
    assert before == {name: set(table(tmp_path, name)) for name in before}
    assert len(done.files) == 4
    assert not set.intersection(*(set(table(tmp_path, name)) for name in done.files))


def test_reviewers_get_their_share_and_the_wanted_overlap(tmp_path, export):
    layout = Layout(reviewers=["김 선생", "lee"], overlap=1.0)
    done = export(layout=layout)
    assert done.files == ["review-lee.tsv", "review-김_선생.tsv"]
    one, two = (table(tmp_path, name) for name in done.files)
    assert set(one) == set(two) and {row["reviewer"] for row in two.values()} == {"김 선생"}
    alone = export(layout=Layout(reviewers=["a", "b", "c"]))
    tables = [set(table(tmp_path, name)) for name in alone.files]
    assert sum(map(len, tables)) == len(set.union(*tables)) == 7
    assert max(map(len, tables)) - min(map(len, tables)) <= 1
    assert not (tmp_path / "review" / "review-lee.tsv").exists()


def test_another_layout_leaves_decided_rows_where_they_are(tmp_path, export):
    export()
    decide(tmp_path, "review.tsv", m_1="ok")
    done = export(layout=Layout(batch_rows=3))
    assert set(table(tmp_path)) == {"m-1"} and "review.tsv" in done.files
    assert not any("m-1" in table(tmp_path, n) for n in done.files if n != "review.tsv")


@pytest.mark.parametrize(
    "options",
    [
        {"batch_rows": 0},
        {"batch_rows": 2, "reviewers": ["a"]},
        {"overlap": 0.5},
        {"reviewers": ["a b", "a_b"]},
    ],
)
def test_a_layout_that_cannot_be(options):
    with pytest.raises(ValueError, match="review"):
        Layout(**options)


def test_a_file_that_cannot_be_read_is_not_overwritten(tmp_path, export):
    export()
    path = tmp_path / "review" / "review.tsv"
    path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="no column 'id'"):
        export()
    assert path.read_bytes() == b"broken"


def test_clips_are_the_sound_of_the_cuts(tmp_path, export):
    export(handout=Handout(clip_padding_sec=0.0))
    clip = table(tmp_path)["m-3"]["clip"]
    samples, rate = soundfile.read(tmp_path / "review" / clip)
    assert rate == 16000 and len(samples) == 16000
    assert np.abs(samples).max() == pytest.approx(0.05 * 4, rel=0.02)


@pytest.mark.parametrize("audio_format", ["flac", "wav", "mp3"])
def test_clips_with_what_is_around(tmp_path, cuts, audio_format):
    (clip,) = write_clips([cuts[0]], tmp_path / "clips", audio_format, 0.5).values()
    assert (clip.start_sec, clip.end_sec, clip.duration_sec) == (0.0, 1.0, 1.5)
    assert len(clip.peaks) == 300 and max(clip.peaks) == 255
    seconds = soundfile.info(tmp_path / "clips" / clip.name).duration
    assert seconds == pytest.approx(1.5, abs=0.1)


def test_clips_no_longer_wanted_go(tmp_path, cuts):
    write_clips(cuts[:2], tmp_path / "clips")
    write_clips(cuts[1:2], tmp_path / "clips")
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["m-1.flac"]
    with pytest.raises(ValueError, match="clip_format"):
        write_clips(cuts, tmp_path / "clips", "ogg")


def test_a_lost_recording_is_named(tmp_path, cuts, sound):
    sound.unlink()
    with pytest.raises(MediaError, match=r"m\.flac.*run stage 2 again"):
        write_clips(cuts, tmp_path / "clips")


def test_labels_for_audacity_and_praat(tmp_path, export):
    export(handout=Handout(labels="audacity"))
    lines = (tmp_path / "review" / "labels" / "m.txt").read_text(encoding="utf-8").splitlines()
    assert "1.000000\t2.000000\t오늘은 날씨가 좋네요 나" in lines
    export(handout=Handout(labels="textgrid"))
    (path,) = (tmp_path / "review" / "labels").iterdir()
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert set(grid.tierNames) == {"text", "hypothesis", "id"}
    found = {entry.label: (entry.start, entry.end) for entry in grid.getTier("id").entries}
    assert found["m-1"] == (1.0, 2.0)
    with pytest.raises(ValueError, match=r"review\.labels"):
        export(handout=Handout(labels="elan"))


def test_rows_say_where_to_listen_and_what_differs(cuts):
    row = row_of(cuts[3])
    assert row["link"].startswith("file:///media/m.mp4#t=3")
    assert (
        row_of({**cuts[3], "custom": {**cuts[3]["custom"], "hyp_text": "오늘은날시가좋네요라"}})[
            "hypothesis"
        ]
        == "오늘은 날시가 좋네요 라"
    )
    assert diff_mark("값이 참 싸다", "갑시참사다") == "[값이→갑시] 참 [싸→사]다"


def test_nothing_in_a_page_can_end_its_data():
    assert "</script>" not in script_data(["</script><script>alert(1)</script>", "<!--"])


def test_what_people_add_to_a_file_stays(tmp_path, export):
    export()
    path = tmp_path / "review" / "review.tsv"
    rows = [row for _, row in read_rows(path)]
    rows[0] |= {"why": "laut", "decision": "ok"}
    twice = {**rows[1], "decision": "ok"}, {**rows[1], "decision": "drop"}
    nameless = {**rows[2], "id": "", "decision": "drop"}
    write_rows(path, [rows[0], *twice, *rows[2:], nameless], [*rows[0]])
    export(max_cer=0.2)
    after = [row for _, row in read_rows(path)]
    assert after[0]["why"] == "laut"
    assert [row["decision"] for row in after if row["id"] == "m-3"] == ["ok", "drop"]
    assert [row["decision"] for row in after if not row["id"]] == ["drop"]


def test_a_new_overlap_and_a_new_reviewer_deal_untouched_rows_anew(tmp_path, export):
    export(layout=Layout(reviewers=["kim", "lee"]))
    decide(tmp_path, "review-kim.tsv", m_1="ok")
    done = export(layout=Layout(reviewers=["kim", "lee", "park"], overlap=1.0))
    assert done.files == ["review-kim.tsv", "review-lee.tsv", "review-park.tsv"]
    holders = [set(table(tmp_path, name)) for name in done.files]
    assert sum("m-3" in held for held in holders) == 2
    assert table(tmp_path, "review-kim.tsv")["m-1"]["decision"] == "ok"
