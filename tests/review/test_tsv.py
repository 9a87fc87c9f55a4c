"""Cells and files, as spreadsheets read and write them."""

import csv
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_support import write_decided

from echoharvester.review.tsv import COLUMNS, EDITABLE, defused, read_rows, restored, write_rows

cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@given(cells, st.sampled_from(COLUMNS))
def test_a_cell_comes_back_and_cannot_run(cell, column):
    written = defused(cell, column)
    is_number = column not in EDITABLE and cell.lstrip("-").replace(".", "").isdigit()
    assert is_number or not written.startswith(("=", "+", "-", "@", "\t"))
    assert restored(written, column).strip() == cell.strip()


@pytest.mark.parametrize(
    "text", ["=1+2 하세요", "+82 10", "-네", "@이름", "'인용", "3번", "TRUE", " =cmd|'/c calc'!A1"]
)
def test_dangerous_and_convertible_texts(tmp_path, cuts, text):
    path = write_decided(tmp_path / "r.tsv", cuts, {"m-1": ("fix", text)})
    with open(path, encoding="utf-8-sig", newline="") as file:
        seen = {row["id"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    assert seen["m-1"].startswith("'")
    assert {row["id"]: row for _, row in read_rows(path)}["m-1"]["text"] == text


def test_what_is_written_twice_is_the_same_to_the_byte(tmp_path, cuts):
    path = write_decided(tmp_path / "r.tsv", cuts)
    before = path.read_bytes()
    rows = [row for _, row in read_rows(path)]
    write_rows(tmp_path / "again.tsv", rows)
    assert (tmp_path / "again.tsv").read_bytes() == before


def test_an_open_quote_swallows_no_rows(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text('id\tdecision\ttext\na\tok\t"안녕\nb\tdrop\t\nc\tdrop\t\n', encoding="utf-8")
    assert [row["id"] for _, row in read_rows(path)] == ["a", "b", "c"]


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("id\tdecision\n\na\tok\n\t\n\nb\tdrop\n", encoding="utf-8")
    assert [(line, row["id"]) for line, row in read_rows(path)] == [(3, "a"), (6, "b")]


BROKEN = {
    "empty": b"",
    "no id": "이름\t결정\n가\t나\n".encode(),
    "binary": bytes(range(256)) * 4,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_review_file_is_named(tmp_path, name):
    path = tmp_path / "x.tsv"
    path.write_bytes(BROKEN[name])
    with pytest.raises(ValueError, match="x.tsv"):
        read_rows(path)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice (soffice) is not installed")
@pytest.mark.parametrize("through", ["csv", "xlsx", "ods"])
def test_libreoffice_opens_and_saves_without_changing_a_cell(tmp_path, cuts, through):
    texts = ["=1+2 하세요", "3번", "1.50", "12-5", '"인용" 했다', "TRUE", "가, 나; 다"]
    decided = {f"m-{i}": ("fix", text) for i, text in enumerate(texts)}
    path = write_decided(tmp_path / "r.tsv", cuts, decided)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    as_text, tabs = "csv:Text - txt - csv (StarCalc)", "9,34,76,1"

    def convert(source, kind, read_filter, folder):
        subprocess.run(
            ["soffice", profile, "--headless", *read_filter, "--convert-to", kind, "--outdir", folder, source],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip

    verbalisation = [f"--infilter=Text - txt - csv (StarCalc):{tabs}"]
    if through != "csv":
        convert(path, through, verbalisation, tmp_path / "sheet")
        source, verbalisation = tmp_path / "sheet" / f"r.{through}", []
    else:
        source = path
    convert(source, f"{as_text}:{tabs}", verbalisation, tmp_path / "out")
    (saved,) = (tmp_path / "out").iterdir()
    before, after = ([row for _, row in read_rows(p)] for p in (path, saved))
    for name in (*EDITABLE, "id", "hypothesis", "diff", "text_digest"):
        assert [row[name] for row in after] == [row[name] for row in before], name
