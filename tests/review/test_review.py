"""Review files as people and spreadsheets leave them."""

import random

import pytest

from echoharvester.manifests.cuts import media_cut, recording, text_of, utterance_cut, with_custom
from echoharvester.review.merge import exportable, merge_media, read_edits, unknown_ids
from echoharvester.review.tsv import COLUMNS, format_rows, read_rows, row_of, select


@pytest.fixture
def cuts():
    media = media_cut("m", recording("m", "/x.flac", 16000, 160000), {"caption_kind": "manual"})
    result = []
    for i in range(6):
        cut = utterance_cut(
            media, f"m-{i}", i, i + 1.0, f"오늘은 날씨가 좋네요 {'가나다라마바'[i]}", {}
        )
        cut["supervisions"][0]["alignment"] = {
            "word": [["오늘은", 0.1, 0.2, 0.9], ["날씨가", 0.3, 0.2, 0.9], ["좋네요", 0.5, 0.2, 0.9],
                     ["가나다라마바"[i], 0.7, 0.2, 0.9]]
        }  # fmt: skip
        cut = with_custom(cut, align_score=0.9, snr_db=30.0)
        result.append(
            with_custom(
                cut, status="review" if i % 2 else "accepted", cer=0.1 * i, hyp_text=text_of(cut)
            )
        )
    return result


def write(path, cuts, **decided):
    """A review file in which `decided` maps ids to (decision, text)."""
    rows = [row_of(cut) for cut in cuts]
    for row in rows:
        if row["id"] in decided:
            row["decision"], text = decided[row["id"]]
            row["text"] = text or row["text"]
    path.write_text(format_rows(rows), encoding="utf-8")
    return path


DECIDED = {"m-1": ("ok", ""), "m-3": ("fix", "오늘은 하늘이 맑네요 라"), "m-5": ("drop", "")}


def test_three_decisions_change_three_cuts(tmp_path, cuts):
    result = merge_media(cuts, read_edits([write(tmp_path / "r.tsv", cuts, **DECIDED)]))
    assert [c is b for c, b in zip(result, cuts, strict=True)] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    assert [exportable(c) for c in result] == [True, True, True, True, True, False]
    fixed = result[3]
    assert text_of(fixed) == "오늘은 하늘이 맑네요 라" and fixed["custom"]["status"] == "approved"
    assert fixed["custom"]["cer"] > 0 and fixed["custom"]["review"]["before"] == text_of(cuts[3])
    words = fixed["supervisions"][0]["alignment"]["word"]
    assert [w[0] for w in words] == text_of(fixed).split()
    assert words[1][1:3] == [0.3, 0.2] and words[3] == ["라", 0.7, 0.2, 0.9]
    assert result[5]["custom"]["reason"] == "dropped_by_reviewer"


def test_any_order_of_rows_and_columns_gives_the_same(tmp_path, cuts):
    path = write(tmp_path / "r.tsv", cuts, **DECIDED)
    expected = merge_media(cuts, read_edits([path]))
    rng = random.Random(0)
    for _ in range(5):
        table = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        order = rng.sample(range(len(COLUMNS)), len(COLUMNS))
        body = rng.sample(table[1:], len(table) - 1)
        text = (
            "\r\n".join("\t".join(row[i] for i in order) for row in [table[0], *body])
            + "\r\n\t\t\r\n"
        )
        shuffled = tmp_path / "s.tsv"
        shuffled.write_text(text, encoding="utf-8", newline="")
        assert merge_media(cuts, read_edits([shuffled])) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_encodings_of_spreadsheets(tmp_path, cuts, encoding):
    path = write(tmp_path / "r.tsv", cuts, **DECIDED)
    expected = merge_media(cuts, read_edits([path]))
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert merge_media(cuts, read_edits([path])) == expected


def test_a_bad_row_is_named_and_the_rest_is_merged(tmp_path, cuts):
    path = write(tmp_path / "r.tsv", cuts, **{**DECIDED, "m-2": ("maybe", "")})
    edits = read_edits([path])
    assert len(edits.by_id) == 3
    assert edits.problems == ["r.tsv:4: decision is ok, fix, drop or empty, not 'maybe'"]
    (tmp_path / "x.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    assert "no column 'id'" in read_edits([tmp_path / "x.tsv"]).problems[0]


def test_two_reviewers_who_disagree_decide_nothing(tmp_path, cuts):
    one = write(tmp_path / "a.tsv", cuts, **{"m-1": ("ok", ""), "m-3": ("ok", "")})
    two = write(tmp_path / "b.tsv", cuts, **{"m-1": ("drop", ""), "m-3": ("ok", "")})
    edits = read_edits([one, two])
    assert (
        list(edits.by_id) == ["m-3"]
        and "b.tsv:3: m-1 is decided otherwise in a.tsv:3" in edits.problems
    )


def test_a_decision_on_a_text_that_has_changed_since_is_not_applied(tmp_path, cuts):
    edits = read_edits([write(tmp_path / "r.tsv", cuts, **DECIDED)])
    changed = [
        {**c, "supervisions": [{**c["supervisions"][0], "text": "다른 글"}]}
        if c["id"] == "m-3"
        else c
        for c in cuts
    ]
    result = merge_media(changed, edits)
    assert (
        result[3]["custom"]["status"] == "review"
        and "another text" in result[3]["custom"]["review_problem"]
    )


def test_cells_cannot_run_as_formulas_and_come_back_unchanged(tmp_path, cuts):
    text = "=1+2 하세요"
    path = write(tmp_path / "r.tsv", cuts, **{"m-1": ("fix", text)})
    assert "\t'=1+2" in path.read_text(encoding="utf-8")
    rows = {row["id"]: row for _, row in read_rows(path)}
    assert rows["m-1"]["text"] == text


def test_ok_with_an_edited_text_is_a_correction(tmp_path, cuts):
    edits = read_edits(
        [write(tmp_path / "r.tsv", cuts, **{"m-1": ("ok", "오늘은 비가 옵니다 나")})]
    )
    assert text_of(merge_media(cuts, edits)[1]) == "오늘은 비가 옵니다 나"


def test_an_open_quote_swallows_no_rows(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text('id\tdecision\ttext\na\tok\t"안녕\nb\tdrop\t\nc\tdrop\t\n', encoding="utf-8")
    assert sorted(read_edits([path]).by_id) == ["a", "b", "c"]


def test_a_decision_on_no_cut_is_named(tmp_path, cuts):
    path = tmp_path / "r.tsv"
    path.write_text("id\tdecision\nm-1\tok\nnobody\tdrop\n", encoding="utf-8")
    assert unknown_ids(read_edits([path]), cuts) == ["r.tsv:3: there is no cut nobody"]


def test_what_was_never_measured_cannot_be_approved(tmp_path, cuts):
    bare = [{**c, "custom": {k: v for k, v in c["custom"].items() if k != "cer"}} for c in cuts]
    result = merge_media(bare, read_edits([write(tmp_path / "r.tsv", cuts, **DECIDED)]))
    assert (
        not exportable(result[1]) and "cannot be approved" in result[1]["custom"]["review_problem"]
    )
    assert select(bare, ["review", "rejected"], 3, 1) == []


def test_the_doubtful_come_first_then_a_stable_sample_of_the_accepted(cuts):
    chosen = [c["id"] for c in select(cuts, ["review"], 2, seed=1)]
    assert chosen[:3] == ["m-1", "m-3", "m-5"] and len(chosen) == 5
    assert chosen == [c["id"] for c in select(cuts, ["review"], 2, seed=1)]
