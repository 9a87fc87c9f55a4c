"""Rounds: what is used, what is gone back to, and when they end."""

import json

import pytest

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, rejected, utterance_cut
from echoharvester.manifests.runner import StageRun, run_shard
from echoharvester.manifests.shards import ShardWriter, read_cuts, read_info, shard_path
from echoharvester.manifests.takedown import remove_from_shard, without_media
from echoharvester.pipeline.round import Round, RoundsConfig, read_round
from echoharvester.pipeline.round_verdict import chance_of_worse, verdict
from echoharvester.pipeline.rounds import _copy
from echoharvester.report.reasons import meaning
from echoharvester.report.round_figures import RoundFigures
from echoharvester.report.rounds import changed_sides, rounds_page

CONFIG = RoundsConfig()


def figures(hours=1.0, dev=0.2, **more):
    return RoundFigures(int(1000 * hours), hours, 0.01, "", dev, 0.3, **more)


def ended(number=1, **kwargs):
    return Round(number, "f", figures(**kwargs), True, False, "", 60.0)


@pytest.mark.parametrize(
    ("now", "used", "last", "says"),
    [
        (figures(1.2, 0.15), True, False, "+20.0% speech, -25.0% dev errors"),
        (figures(1.2, 0.2), True, False, "+20.0% speech"),
        (figures(0.8, 0.15), True, False, "-20.0% speech, -25.0% dev errors"),  # fewer, and better
        (figures(1.01, 0.199), True, True, "less than rounds.min_gain"),
        (figures(2.0, 0.2001), False, True, "not used: dev CER went up from 20.00 % (round 1)"),
        (figures(1.2, None), True, False, "+20.0% speech"),  # nobody decoded dev
    ],
)
def test_a_round_is_used_unless_dev_errors_go_up_and_ends_the_loop_where_it_brings_little(
    now, used, last, says
):
    found = verdict(now, ended(), CONFIG)
    assert found[:2] == (used, last) and says in found[2]


def test_where_chance_is_asked_a_rise_that_may_be_luck_is_no_reason():
    config = RoundsConfig(sure_worse=0.9)
    lucky, sure = figures(1.2, 0.21, p_worse=0.6), figures(1.2, 0.21, p_worse=0.95)
    used, last, why = verdict(lucky, ended(), config)
    assert (used, last) == (True, False) and "dev CER went up; 60% sure, by bootstrap" in why
    assert verdict(lucky, ended(), CONFIG)[:2] == (False, True)
    used, _, why = verdict(sure, ended(), config)
    assert not used and "from 20.00 % (round 1; 95% sure, by bootstrap)" in why
    assert not verdict(figures(1.2, 0.21), ended(), config)[0]  # nobody knows


def decoded(folder, hypotheses, method="ctc_greedy"):
    """What stage 12 leaves, as far as rounds look at it."""
    place = folder / method
    place.mkdir(parents=True)
    lines = [f"u{i}:\t{kind}={list(text)}" for i, heard in enumerate(hypotheses)
             for kind, text in (("ref", "가나다라"), ("hyp", heard))]  # fmt: skip
    (place / "recogs-dev-best.txt").write_text("\n".join(lines), encoding="utf-8")
    rate = sum(a != b for text in hypotheses for a, b in zip("가나다라", text, strict=True))
    of_set = {"rows": [{"measure": "CER without spaces", "rate": rate / 4 / len(hypotheses)}]}
    record = {"method": method, "sets": {"dev": {**of_set, "setting": "best"}}}
    (place / "decode.json").write_text(json.dumps(record))
    return folder


def test_how_sure_more_errors_are(tmp_path):
    right, wrong = "가나다라", "가나가가"
    before = decoded(tmp_path / "1", [right, right, wrong] * 10)
    much = decoded(tmp_path / "2", [wrong, wrong, wrong] * 10)
    little = decoded(tmp_path / "3", [right, right, wrong] * 9 + [wrong, right, right])
    assert chance_of_worse(before, much) > 0.99 and chance_of_worse(much, before) == 0.0
    assert chance_of_worse(before, little) < 0.6
    decoded(tmp_path / "2", [right] * 30, "hlg")  # of several methods each round's best is compared
    assert chance_of_worse(before, much) == 0.0
    assert chance_of_worse(before, tmp_path / "none") is None
    other = decoded(tmp_path / "4", [right] * 7)
    assert chance_of_worse(before, other) is None


def test_the_first_round_and_rounds_after_nothing():
    assert verdict(figures(), None, CONFIG)[:2] == (True, False)
    assert verdict(figures(0.5, 0.2), ended(hours=0.0, dev=0.0), CONFIG)[0] is False
    assert verdict(figures(0.5, 0.0), ended(hours=0.0, dev=0.0), CONFIG)[:2] == (True, False)


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"min_gain": -0.1}, {"min_gain": 1.0}, {"sure_worse": 1.1}]
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(UserError, match=f"rounds.{next(iter(wrong))}"):
        RoundsConfig(**wrong)


def test_a_record_that_is_damaged_or_of_another_form_is_no_round(tmp_path):
    assert read_round(tmp_path) is None
    for text in (
        "{",
        "[]",
        '{"number": 1}',
        '{"number": 1, "fingerprint": "", "figures": {"x": 1}}',
    ):
        (tmp_path / "round.json").write_text(text)
        assert read_round(tmp_path) is None


def cut(media, number, status="accepted", sound="/none.flac"):
    whole = media_cut(media, recording(media, sound, 16000, 160000), {"caption_kind": "manual"})
    found = utterance_cut(
        whole, f"{media}-{number}", 0.0, 2.0, f"글 {number} <b>", {"status": "accepted"}
    )
    return found if status == "accepted" else rejected(found, "validate", "label_unlikely")


def written(path, cuts):
    with ShardWriter(path) as writer:
        for one in cuts:
            writer.write(one)
        writer.close("merge", "f", "i", {"items": len(cuts)})


def test_utterances_that_changed_sides_are_counted_drawn_and_shown(tmp_path):
    before, now = tmp_path / "before", tmp_path / "now"
    written(
        shard_path(before, "cuts_reviewed", 0),
        [cut("m", k, "accepted" if k < 30 else "rejected") for k in range(50)],
    )
    written(
        shard_path(now, "cuts_reviewed", 0),
        [cut("m", k, "accepted" if k >= 10 else "rejected") for k in range(50)],
    )
    changed_sides(before, now, tmp_path / "round-2" / "changed.0.jsonl.gz")
    info = read_info(tmp_path / "round-2" / "changed.0.jsonl.gz")
    assert (info.counts["gained"], info.counts["lost"]) == (20, 10)
    rows = list(read_cuts(tmp_path / "round-2" / "changed.0.jsonl.gz"))
    assert [row["side"] for row in rows].count("gained") == 12 and len(rows) == 22
    assert {row["why"] for row in rows} == {"", "label_unlikely"}
    changed_sides(before, now, tmp_path / "again.0.jsonl.gz")
    assert list(read_cuts(tmp_path / "again.0.jsonl.gz")) == rows
    rounds = [
        (figures(), "the recipe as it is", 100.0, True),
        (figures(1.2, 0.1), "more", 50.0, True),
    ]
    page = rounds_page(
        "a <i>name", rows=rounds, folders=[tmp_path / "round-1", tmp_path / "round-2"]
    )
    assert "Changed sides in round 2" in page and "20 that it gained, 10 that it lost" in page
    assert "&lt;b&gt;" in page and "a &lt;i&gt;name" in page and "<svg" in page
    assert 'href="round-2/report.html"' in page and meaning("label_unlikely") in page


def test_copies_are_whole_or_not_there_and_damaged_files_are_not_copied(tmp_path):
    written(tmp_path / "a.0.jsonl.gz", [cut("m", 1)])
    (tmp_path / "b.0.jsonl.gz").write_bytes(b"half")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "old.gz").write_bytes(b"of before")
    _copy([tmp_path / "a.0.jsonl.gz", tmp_path / "b.0.jsonl.gz"], tmp_path / "to")
    assert [p.name for p in (tmp_path / "to").iterdir()] == ["a.0.jsonl.gz"]
    assert (tmp_path / "to" / "a.0.jsonl.gz").read_bytes() == (
        tmp_path / "a.0.jsonl.gz"
    ).read_bytes()


def test_a_takedown_reaches_what_rounds_have_kept(tmp_path):
    path = tmp_path / "cuts_dev.jsonl.gz"
    written(path, [cut("a", 1), cut("b", 1), cut("a", 2)])
    assert without_media(path, {"a"}) == 2
    assert [c["id"] for c in read_cuts(path)] == ["b-1"]
    info = read_info(path)
    assert (info.stage, info.fingerprint, info.input) == ("merge", "f", "i")
    before = path.read_bytes()
    assert without_media(path, {"a"}) == 0 and path.read_bytes() == before
    assert without_media(tmp_path / "none.gz", {"a"}) == 0


@pytest.mark.parametrize("curve", [None, {"bias": 1.0, "of_witness": [0.5] * 6}])
def test_a_takedown_keeps_what_was_made_with_another_curve_than_is_asked_for_now(tmp_path, curve):
    """A fitted curve is no setting: whoever takes something down need not know of it."""
    stage = StageRun("validate", "f", "cuts_filtered", "cuts_validated", tmp_path)
    cuts = [cut(media, k) for media in "abc" for k in range(2)]
    for one in cuts:
        one["custom"]["media_id"] = one["id"][0]
    written(shard_path(tmp_path, "cuts_filtered", 0), cuts)
    run_shard(stage, 0, list, extra_input="refit", extra_of=lambda cuts: curve)
    gone = [rejected(c, "collect", "taken_down") if c["id"][0] == "b" else c for c in cuts]
    written(shard_path(tmp_path, "cuts_filtered", 0), gone)
    remove_from_shard(stage, 0, (None, {"bias": 1.0, "of_witness": [0.5] * 6}))
    counts = read_info(shard_path(tmp_path, "cuts_validated", 0)).counts
    assert (
        counts["accepted"] == 4 and not counts["errors"] and counts["rejected"] == {"taken_down": 2}
    )
