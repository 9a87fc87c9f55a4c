"""Errors that are planted: shown as any other row, never in the data, and counted."""

import pytest
from listening_support import handed_out

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.review.decisions import read_decisions
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
    handed = handed_out(tmp_path, accepted, planted=3)
    planted = planted_texts(handed.cuts)
    rows = {row["id"]: row for _, row in read_rows(tmp_path / "review.tsv")}
    assert len(planted) == 3 and len(rows) == 8
    texts = {cut["id"]: text_of(cut) for cut in accepted}
    for cut_id, wrong in planted.items():
        row = rows[cut_id]
        assert row["text"] == row["caption"] == wrong != texts[cut_id]
        assert float(row["cer"]) > 0 and row["reason"] == "sample"
    assert [*rows][:3] != [*planted] and [*rows][-3:] != [*planted]
    again = handed_out(tmp_path, accepted, previous=handed.cuts, planted=3)
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
    assert f"kim: 1 of 2 planted errors found; missed: {missed}" in found.remarks
    assert "lee: 1 of 1 planted errors found" in found.remarks
    assert not misfits(found, accepted)
    merged = {cut["id"]: cut for cut in merge_media(accepted, found)}
    assert all(merged[cut["id"]] == cut for cut in accepted if cut["id"] != "m-1")


def test_one_that_was_decided_stays_planted_whatever_is_asked_for_later(tmp_path, accepted):
    handed = handed_out(tmp_path, accepted, planted=3)
    first = sorted(planted_texts(handed.cuts))[0]
    decide(tmp_path / "review.tsv", {first: {"decision": "ok"}})
    later = handed_out(tmp_path, accepted, previous=handed.cuts, planted=0)
    assert list(planted_texts(later.cuts)) == [first]
    rows = {row["id"]: row for _, row in read_rows(tmp_path / "review.tsv")}
    assert rows[first]["decision"] == "ok" and len(rows) == 6


def test_not_fewer_than_none():
    with pytest.raises(UserError, match="review.planted is 0 or more"):
        Handout(planted=-1)
