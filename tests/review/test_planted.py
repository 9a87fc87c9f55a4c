"""Errors that are planted: shown as any other row, never in the data, and counted."""

import pytest
from listening_support import handed_out

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.review.decisions import from_rows, read_decisions
from echoharvester.review.hand_out import Handout
from echoharvester.review.merge import merge_media, misfits
from echoharvester.review.planted import planted_texts
from echoharvester.review.tsv import read_rows, write_rows


@pytest.fixture
def accepted(cuts):
    """Ten more of which the recogniser is sure."""
    more = [{**cut, "id": cut["id"].replace("m-", "n-")} for cut in cuts]
    more = [with_supervision(cut, text=f"{text_of(cut)} 정말") for cut in more]
    for cut in more:
        cut["supervisions"][0]["alignment"]["word"].append(["정말", 0.9, 0.1, 0.9])
    return [
        *cuts,
        *(
            with_custom(c, status="accepted", reason=None, cer=0.0, hyp_text=text_of(c))
            for c in more
        ),
    ]


def decide(path, of_id):
    rows = [{**row, **of_id.get(row["id"], {})} for _, row in read_rows(path)]
    write_rows(path, rows)


def test_they_look_like_other_rows_and_lie_among_them(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, sample=4, planted=3)
    planted = planted_texts(handed.cuts)
    rows = {row["id"]: row for _, row in read_rows(tmp_path / "review.tsv")}
    assert len(planted) == 3 and len(rows) == 12
    texts = {cut["id"]: text_of(cut) for cut in accepted}
    for cut_id, wrong in planted.items():
        row = rows[cut_id]
        assert row["text"] == wrong != texts[cut_id]
        assert row["caption"] == wrong + "."
        assert float(row["cer"]) > 0 and row["reason"] == "sample"
    places = [place for place, cut_id in enumerate(rows) if cut_id in planted]
    assert min(places) >= 5 and places != [9, 10, 11]  # among those of the sample
    sampled = [row for row in rows.values() if row["reason"] == "sample"]
    assert len(sampled) == 7 and all(row["stratum"] and row["weight"] for row in sampled)
    again = handed_out(tmp_path, accepted, previous=handed.cuts, sample=4, planted=3)
    assert planted_texts(again.cuts) == planted
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    assert "planted" not in page
    assert not any(f'"original": "{texts[cut_id]}"' in page for cut_id in planted)


def test_finding_them_is_counted_and_changes_no_data(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, planted=3)
    planted = planted_texts(handed.cuts)
    missed, dropped, corrected = sorted(planted)
    true = {cut["id"]: text_of(cut) for cut in accepted}
    decide(
        tmp_path / "review.tsv",
        {
            missed: {"decision": "ok", "reviewer": "kim"},
            dropped: {"decision": "drop", "reviewer": "kim"},
            corrected: {"decision": "fix", "text": true[corrected], "reviewer": "lee"},
            "m-1": {"decision": "ok", "reviewer": "kim"},
        },
    )
    found = read_decisions([tmp_path / "review.tsv"], planted=planted)
    assert list(found.decided) == ["m-1"] and not found.faults
    assert "kim: 1 of 2 planted errors found" in found.work and not found.remarks
    assert "lee: 1 of 1 planted errors found" in found.work
    assert not misfits(found, accepted)
    merged = {cut["id"]: cut for cut in merge_media(accepted, found)}
    assert all(merged[cut["id"]] == cut for cut in accepted if cut["id"] != "m-1")


def test_what_was_planted_stays_so_whatever_is_asked_for_later(tmp_path, accepted):
    """Files come back at any time; a sample may not take such a cut for one of its own."""
    handed = handed_out(tmp_path, accepted, planted=3)
    planted = planted_texts(handed.cuts)
    first = sorted(planted)[0]
    decide(tmp_path / "review.tsv", {first: {"decision": "ok"}})
    later = handed_out(tmp_path, accepted[::-1], previous=handed.cuts, sample=20)
    assert planted_texts(later.cuts) == planted
    rows = {row["id"]: row for _, row in read_rows(tmp_path / "review.tsv")}
    assert rows[first]["decision"] == "ok"
    sampled = [row for row in rows.values() if row["reason"] == "sample"]
    assert len(sampled) == 15 and all(row["stratum"] and row["weight"] for row in sampled)
    found = read_decisions([tmp_path / "review.tsv"], planted=planted_texts(later.cuts))
    assert not found.decided and len(found.work) == 1


def test_accepted_rows_that_are_asked_for_can_be_planted(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, statuses=("review", "accepted"), planted=3)
    assert len(planted_texts(handed.cuts)) == 3


@pytest.mark.parametrize("names", [("id", "decision"), ("id", "decision", "text")])
def test_without_the_digest_it_is_known_all_the_same(tmp_path, accepted, names):
    handed = handed_out(tmp_path, accepted, planted=3)
    planted = planted_texts(handed.cuts)
    rows = [{**row, "decision": "ok"} for _, row in read_rows(tmp_path / "review.tsv")]
    write_rows(tmp_path / "review.tsv", rows, names)
    found = read_decisions([tmp_path / "review.tsv"], planted=planted)
    assert not set(planted) & set(found.decided)


def test_a_decision_on_the_true_text_counts(tmp_path, accepted):
    """A file of before it was planted, mailed back."""
    handed_out(tmp_path, accepted, statuses=("accepted",))
    (tmp_path / "review.tsv").rename(tmp_path / "kim.tsv")
    handed = handed_out(tmp_path, accepted, planted=3)
    first = sorted(planted_texts(handed.cuts))[0]
    decide(tmp_path / "kim.tsv", {first: {"decision": "drop"}})
    found = read_decisions(tmp_path.glob("*.tsv"), planted=planted_texts(handed.cuts))
    assert list(found.decided) == [first]


def test_labels_for_praat_have_the_same_wrong_text(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, planted=3, labels="audacity")
    texts = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "labels").iterdir())
    assert all(text in texts for text in planted_texts(handed.cuts).values())


def test_the_data_card_does_not_tell_who_was_caught(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, planted=3)
    first = sorted(planted_texts(handed.cuts))[0]
    decide(tmp_path / "review.tsv", {first: {"decision": "ok", "listened": "0"}})
    found = read_decisions([tmp_path / "review.tsv"], planted=planted_texts(handed.cuts))
    again = from_rows(found.rows())
    assert not again.remarks and len(again.work) == 2


def test_not_fewer_than_none():
    with pytest.raises(UserError, match="review.planted is 0 or more"):
        Handout(planted=-1)
