"""Decisions merged into cuts, whatever people have done to the files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_support import make_cuts, write_decided

from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.review.conflicts import write_conflicts
from echoharvester.review.decision import Decision, TextRules
from echoharvester.review.decisions import (
    CONFLICTS,
    ReviewDecisions,
    from_rows,
    identity,
    read_decisions,
    review_files,
    unread_files,
)
from echoharvester.review.merge import (
    count_decisions,
    exportable,
    merge_media,
    misfits,
    outdated,
    with_known_times,
)
from echoharvester.review.tsv import COLUMNS, read_rows, write_rows


def bare(cuts):
    """Without when it was decided, which is when the file was saved."""
    return [
        {**c, "custom": {**c["custom"], "review": {**c["custom"].get("review", {}), "time": ""}}}
        for c in cuts
    ]


def merge(cuts, *paths):
    return bare(merge_media(cuts, read_decisions(paths)))


def test_three_decisions_change_three_cuts(tmp_path, cuts):
    result = merge_media(
        cuts, read_decisions([write_decided(tmp_path / "r.tsv", cuts, reviewer="kim")])
    )
    changed = [c["id"] for c, b in zip(result, cuts, strict=True) if c is not b]
    assert changed == ["m-1", "m-3", "m-5"]
    assert [c["id"] for c in result if not exportable(c)] == ["m-5", "m-7", "m-9"]
    accepted, fixed, dropped = result[1], result[3], result[5]
    assert accepted["custom"]["status"] == "approved" and "reason" not in accepted["custom"]
    assert text_of(fixed) == "오늘은 하늘이 맑네요 라" and fixed["custom"]["status"] == "approved"
    review = fixed["custom"]["review"]
    assert review["before"] == text_of(cuts[3]) and review["after"] == text_of(fixed)
    assert review["reviewer"] == "kim" and review["cer_before"] == 0.3
    assert fixed["custom"]["cer"] == 0.4 and review["time"].endswith("Z")
    words = fixed["supervisions"][0]["alignment"]["word"]
    assert [w[0] for w in words] == text_of(fixed).split()
    assert words[1][1:3] == [0.3, 0.2] and words[3] == ["라", 0.7, 0.2, 0.9]
    assert dropped["custom"]["reason"] == "dropped_by_reviewer"


@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from(["ok", "fix", "drop"]), max_size=10),
    st.randoms(use_true_random=False),
    st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_any_order_of_any_subset_over_any_files_gives_the_same(
    tmp_path_factory, decided, rng, parts
):
    folder = tmp_path_factory.mktemp("merge")
    cuts = make_cuts()
    by_id = {
        f"m-{i}": (d, "오늘은 하늘이 맑네요" if d == "fix" else "") for i, d in decided.items()
    }
    whole = write_decided(folder / "whole.tsv", cuts, by_id)
    expected = merge(cuts, whole)
    rows = [row for _, row in read_rows(whole)]
    rng.shuffle(rows)
    undecided = [row for row in rows if not row["decision"]]
    kept = [row for row in rows if row["decision"]] + rng.sample(undecided, len(undecided) // 2)
    rng.shuffle(kept)
    columns = rng.sample(COLUMNS, len(COLUMNS))
    paths = [folder / f"{k}.tsv" for k in range(parts)]
    for k, path in enumerate(paths):
        write_rows(path, kept[k::parts], columns)
    assert merge(cuts, *paths) == expected
    edits = read_decisions([whole])
    once = merge_media(cuts, edits)
    assert merge_media(once, edits) == once  # merging twice is merging once


WAYS = {
    "crlf": lambda t: t.replace("\n", "\r\n").encode(),
    "cr": lambda t: t.replace("\n", "\r").encode(),
    "bom": lambda t: b"\xef\xbb\xbf" + t.encode(),
    "utf-16": lambda t: t.encode("utf-16"),
    "cp949": lambda t: t.encode("cp949"),
    "trailing empty rows": lambda t: (t + "\t\t\t\n\n\n").encode(),
    "quoted cells": lambda t: "".join(
        "\t".join(f'"{cell}"' for cell in line.split("\t")) + "\n" for line in t.splitlines()
    ).encode(),
    "commas": lambda t: t.replace("\t", ",").encode(),
    "semicolons": lambda t: t.replace("\t", ";").encode(),
    "no last line end": lambda t: t.rstrip("\n").encode(),
    "more columns": lambda t: "".join(f"{line}\tmore\n" for line in t.splitlines()).encode(),
    "capital letters in the header": lambda t: t.replace("id\tdecision", "ID\tDecision", 1).encode(),
    "capital decisions": lambda t: t.replace("\tok\t", "\tOK\t").replace("\tdrop\t", "\tDrop\t").encode(),
    "spaces around": lambda t: t.replace("\tok\t", "\t ok \t").encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_ways_of_saving(tmp_path, cuts, way):
    path = write_decided(tmp_path / "r.tsv", cuts)
    expected = merge(cuts, path)
    text = path.read_text(encoding="utf-8-sig")
    path.write_bytes(WAYS[way](text))
    assert merge(cuts, path) == expected


FAULTS = {
    "unknown decision": ({"decision": "maybe"}, "decision is ok, fix, drop or empty, not 'maybe'"),
    "fix without text": ({"decision": "fix", "text": ""}, "fix needs a text"),
    "a text that is none": ({"decision": "fix", "text": "?!?"}, "is not valid"),
    "damaged characters": ({"decision": "fix", "text": "안녕\ufffd하세요"}, "damaged characters"),
    "edited, not decided": ({"text": "오늘은 비가 와요"}, "was edited, but decision is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_row_is_named_by_file_and_line_and_the_rest_is_merged(tmp_path, cuts, name):
    change, message = FAULTS[name]
    path = write_decided(tmp_path / "r.tsv", cuts)
    rows = [row for _, row in read_rows(path)]
    rows[2].update(change)
    write_rows(path, rows)
    edits = read_decisions([path])
    assert len(edits.decided) == 3 and len(edits.faults) == 1
    assert edits.faults[0].startswith("r.tsv:4: ") and message in edits.faults[0]


def test_a_stray_tab_is_named(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("id\tdecision\ttext\nm-1\tfix\t오늘은\t날씨가\n", encoding="utf-8")
    assert "r.tsv:2: '날씨가' lies behind the last column" in read_decisions([path]).faults[0]


def test_unknown_ids_and_repeated_rows_are_named(tmp_path, cuts):
    path = tmp_path / "r.tsv"
    path.write_text("id\tdecision\nm-1\tok\nnobody\tdrop\nm-1\tok\n", encoding="utf-8")
    edits = read_decisions([path])
    assert edits.faults == ["r.tsv:4: m-1 stands in r.tsv:2 already; counted once"]
    assert misfits(edits, cuts) == ["r.tsv:3: there is no cut nobody"]


def test_reviewers_who_disagree_decide_nothing_until_somebody_settles_it(tmp_path, cuts):
    one = write_decided(
        tmp_path / "a.tsv", cuts, {"m-1": ("ok", ""), "m-3": ("ok", "")}, reviewer="kim"
    )
    two = write_decided(
        tmp_path / "b.tsv", cuts, {"m-1": ("drop", ""), "m-3": ("ok", "")}, reviewer="lee"
    )
    edits = read_decisions([one, two])
    assert (
        list(edits.decided) == ["m-3"]
        and "b.tsv:3: m-1 is decided otherwise in a.tsv:3" in edits.faults[0]
    )
    assert list(edits.remarks) == [
        "kim and lee: 2 cuts decided by both, 1 alike (50 %), kappa 0.00"
    ]
    before = identity(tmp_path)
    write_conflicts(tmp_path, edits, ())
    assert identity(tmp_path) == before  # writing the file makes nothing stale
    rows = [row for _, row in read_rows(tmp_path / CONFLICTS)]
    assert [(r["id"], r["opinion"], r["opinion_by"]) for r in rows] == [
        ("m-1", "ok", "kim"),
        ("m-1", "drop", "lee"),
    ]
    rows[1]["decision"] = "drop"
    write_rows(tmp_path / CONFLICTS, rows, list(rows[0]))
    assert identity(tmp_path) != before
    settled = read_decisions(tmp_path.glob("*.tsv"))
    assert settled.decided["m-1"][0].decision == "drop" and not settled.faults
    write_conflicts(tmp_path, settled, ())
    assert [row["decision"] for _, row in read_rows(tmp_path / CONFLICTS)] == ["", "drop"]


def test_kappa_is_that_of_the_textbook():
    """Two raters, 50 items: 20 both yes, 15 both no, 5 and 10 apart: kappa 0.4."""
    from echoharvester.review.agreement import agreement

    pairs = (
        [("ok", "ok")] * 20 + [("drop", "drop")] * 15 + [("ok", "drop")] * 5 + [("drop", "ok")] * 10
    )
    opinions = [
        Decision(str(i), decision, reviewer=name, where=f"{name}.tsv:{i}")
        for i, pair in enumerate(pairs)
        for name, decision in zip(("a", "b"), pair, strict=True)
    ]
    (found,) = agreement(opinions)
    assert (found.cuts, found.agreed) == (50, 35) and found.kappa == pytest.approx(0.4)


def test_a_decision_on_a_text_that_has_changed_since_is_kept_for_somebody(tmp_path, cuts):
    edits = read_decisions([write_decided(tmp_path / "r.tsv", cuts)])
    changed = [with_supervision(c, text="다른 글이다") if c["id"] == "m-3" else c for c in cuts]
    result = merge_media(changed, edits)
    assert result[3]["custom"]["status"] == "review" and text_of(result[3]) == "다른 글이다"
    assert "changed since" in result[3]["custom"]["review_problem"]
    assert misfits(edits, changed) == ["r.tsv:5: m-3 was decided on a text that has changed since"]
    write_conflicts(tmp_path, edits, outdated(edits, changed))
    ((_, row),) = read_rows(tmp_path / CONFLICTS)
    assert row["text_now"] == "다른 글이다" and row["opinion"] == "fix"
    row["decision"] = "fix"
    write_rows(tmp_path / CONFLICTS, [row], list(row))
    assert (
        text_of(merge_media(changed, read_decisions(tmp_path.glob("*.tsv")))[3])
        == "오늘은 하늘이 맑네요 라"
    )


def test_what_was_never_measured_cannot_be_approved(tmp_path, cuts):
    bare = [{**c, "custom": {k: v for k, v in c["custom"].items() if k != "cer"}} for c in cuts]
    result = merge_media(bare, read_decisions([write_decided(tmp_path / "r.tsv", cuts)]))
    assert not exportable(result[1])
    assert "cannot be approved" in result[1]["custom"]["review_problem"]


def test_ok_with_an_edited_text_is_a_correction(tmp_path, cuts):
    path = write_decided(tmp_path / "r.tsv", cuts, {"m-1": ("ok", "오늘은 비가 옵니다 나")})
    assert text_of(merge_media(cuts, read_decisions([path]))[1]) == "오늘은 비가 옵니다 나"


def test_a_correction_is_stored_as_it_is_spoken(tmp_path, cuts):
    cuts[1] = with_custom(cuts[1], hyp_text="사과 세게 샀어요")
    path = write_decided(tmp_path / "r.tsv", cuts, {"m-1": ("fix", "사과 3개 샀어요")})
    fixed = merge_media(cuts, read_decisions([path]))[1]
    assert text_of(fixed) == "사과 세 개 샀어요"
    assert fixed["custom"]["text_orthographic"] == "사과 3개 샀어요"


def test_a_file_saved_again_for_other_rows_dates_nothing_anew(tmp_path, cuts):
    import os

    path = write_decided(tmp_path / "r.tsv", cuts)
    first = merge_media(cuts, read_decisions([path]))
    os.utime(path, (2e9, 2e9))
    edits = with_known_times(read_decisions([path]), first)
    assert merge_media(cuts, edits) == first


def test_decisions_survive_the_manifest_that_stage_8_keeps_them_in(tmp_path, cuts):
    """Two decisions on one cut, made on different texts, among them; those of other cuts are left."""
    import json

    old = [with_supervision(c, text="예전 글이다") if c["id"] == "m-1" else c for c in cuts]
    one = write_decided(tmp_path / "kim.tsv", old, {"m-1": ("drop", "")}, reviewer="kim")
    two = write_decided(tmp_path / "lee.tsv", cuts, reviewer="lee")
    read = read_decisions([one, two])
    rows = [json.loads(json.dumps(row)) for row in read.rows(["a problem"])]
    kept = from_rows(rows)
    assert kept.decided == read.decided and len(kept.decided["m-1"]) == 2
    assert merge_media(cuts, kept) == merge_media(cuts, read)
    assert merge_media(old, kept) == merge_media(old, read)
    assert set(from_rows(rows, lambda cut_id: cut_id == "m-3").decided) == {"m-3"}
    assert [row["message"] for row in rows if row["kind"] == "problem"] == ["a problem"]


def test_rules_are_those_of_captions():
    assert TextRules().fault_of("네") and not TextRules(min_chars=1).fault_of("네")


def test_no_edits_change_nothing(cuts):
    result = merge_media(cuts, ReviewDecisions())
    assert all(a is b for a, b in zip(result, cuts, strict=True))


def test_a_valid_decision_counts_beside_an_outdated_one(tmp_path, cuts):
    old = [with_supervision(c, text="예전 글이다") if c["id"] == "m-1" else c for c in cuts]
    one = write_decided(tmp_path / "kim.tsv", old, {"m-1": ("drop", "")}, reviewer="kim")
    two = write_decided(tmp_path / "lee.tsv", cuts, {"m-1": ("ok", "")}, reviewer="lee")
    edits = read_decisions([one, two])
    assert not edits.faults and not edits.disputed
    assert merge_media(cuts, edits)[1]["custom"]["status"] == "approved"
    assert merge_media(old, edits)[1]["custom"]["status"] == "rejected"


def test_reviewers_who_agree_agree_whatever_columns_they_kept(tmp_path, cuts):
    for name, columns in (("a", ["id", "decision", "text"]), ("b", ["id", "decision"])):
        path = write_decided(
            tmp_path / f"{name}.tsv", cuts, {"m-1": ("ok", ""), "m-5": ("drop", "")}
        )
        write_rows(path, [row for _, row in read_rows(path)], columns)
    edits = read_decisions(tmp_path.glob("*.tsv"))
    assert not edits.disputed and "2 alike (100 %)" in edits.remarks[0]


@pytest.mark.parametrize(
    ("header", "message"),
    [("id\tdecison", "no column 'decision'"), ("id\tdecision\tdecision", "two columns 'decision'")],
)
def test_headers_that_would_hide_decisions_are_named(tmp_path, header, message):
    (tmp_path / "r.tsv").write_text(f"{header}\nm-1\tok\tok\n", encoding="utf-8")
    assert message in read_decisions([tmp_path / "r.tsv"]).faults[0]


def test_an_edited_text_without_a_decision_is_named_even_without_digests(tmp_path, cuts):
    path = write_decided(tmp_path / "r.tsv", cuts, {})
    rows = [row for _, row in read_rows(path)]
    rows[2]["text"] = "오늘은 비가 와요"
    write_rows(path, rows, ["id", "decision", "text"])
    assert misfits(read_decisions([path]), cuts) == [
        "r.tsv:4: the text of m-2 was edited, but decision is empty; fix?"
    ]


def test_a_line_break_and_a_comma_in_a_note_break_nothing(tmp_path, cuts):
    import csv

    path = write_decided(tmp_path / "r.tsv", cuts)
    rows = [row for _, row in read_rows(path)]
    rows[4]["note"] = "첫째 줄,\n둘째 줄"
    with open(tmp_path / "r.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert review_files(tmp_path) == [tmp_path / "r.csv", tmp_path / "r.tsv"]
    assert merge(cuts, tmp_path / "r.csv") == merge(cuts, path)


def test_an_editor_that_is_open_stops_nothing(tmp_path, cuts):
    write_decided(tmp_path / "r.tsv", cuts)
    (tmp_path / ".#r.tsv").symlink_to("user@host.1:2")
    (tmp_path / "r.xlsx").write_bytes(b"")
    assert identity(tmp_path) and review_files(tmp_path) == [tmp_path / "r.tsv"]
    assert unread_files(tmp_path) == ["r.xlsx: not read; save it as TSV"]


def test_decisions_are_counted_by_what_was_done(tmp_path, cuts):
    path = write_decided(
        tmp_path / "r.tsv", cuts, {"m-1": ("ok", "오늘은 비가 옵니다"), "m-3": ("ok", "")}
    )
    assert count_decisions(merge_media(cuts, read_decisions([path]))) == {"fix": 1, "ok": 1}


def test_no_word_of_a_correction_is_without_time(tmp_path, cuts):
    """Words put where there was no gap share the time of their neighbour."""
    tight = [
        ["오늘은", 0.1, 0.2, 0.9],
        ["날씨가", 0.3, 0.2, 0.9],
        ["좋네요", 0.5, 0.2, 0.9],
        ["나", 0.7, 0.2, 0.9],
    ]
    cuts[1] = with_supervision(cuts[1], alignment={"word": tight})
    for text in (
        "오늘은 참 날씨가 좋네요 나",
        "아 오늘은 날씨가 좋네요 나",
        "오늘은 날씨가 정말 참 좋네요 나",
    ):
        path = write_decided(tmp_path / "r.tsv", cuts, {"m-1": ("fix", text)})
        words = merge_media(cuts, read_decisions([path]))[1]["supervisions"][0]["alignment"]["word"]
        assert [w[0] for w in words] == text.split()
        assert all(w[2] > 0.02 for w in words), words
        assert all(a[1] + a[2] <= b[1] + 1e-3 for a, b in zip(words, words[1:], strict=False))


def test_what_is_taken_back_is_kept(tmp_path, cuts):
    """A second reviewer who saves a page made before the merge takes back what the first decided."""
    from echoharvester.review.taken_back import FILE, keep, taken_back
    from echoharvester.review.tsv import read_rows

    def decided(*ids):
        return ReviewDecisions(
            {i: [Decision(i, "ok", "=글", "d", "n", "민수", "t", "", "a.tsv:2")] for i in ids}
        )

    gone = taken_back(decided("a", "b", "c"), decided("b"))
    assert [one.id for one in gone] == ["a", "c"]
    path = keep(gone, tmp_path)
    assert path == tmp_path / FILE
    rows = [row for _, row in read_rows(path)]
    assert [(r["id"], r["decision"], r["text"], r["was_in"]) for r in rows] == [("a", "ok", "=글", "a.tsv"), ("c", "ok", "=글", "a.tsv")]  # fmt: skip
    keep(taken_back(decided("b"), decided()), tmp_path)
    keep(gone, tmp_path)
    assert [row["id"] for _, row in read_rows(path)] == ["a", "c", "b"]
    assert taken_back(decided("a"), ReviewDecisions(disputed=decided("a").decided)) == []
    assert not (keep([], tmp_path / "nowhere")).exists()


def test_without_the_digest_an_ok_with_another_text_is_asked_about_as_a_correction_is(
    tmp_path, cuts
):
    (tmp_path / "r.tsv").write_text(
        "id\tdecision\ttext\nm-1\tok\thello world only 안녕\n", encoding="utf-8"
    )
    decisions = read_decisions([tmp_path / "r.tsv"])
    assert merge_media(cuts, decisions)[1]["custom"]["status"] == "review"
    assert "write fix!" in misfits(decisions, cuts)[0]
