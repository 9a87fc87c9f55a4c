from echoharvester.decoding.results import Result, summary_table, write_errs, write_recogs

RESULTS = [
    Result("b", "안녕하세요, 여러분.", "안녕하세요 여러부"),
    Result("a", "가나다", "가라다마"),
]


def test_files_in_the_form_of_icefall(tmp_path):
    write_recogs(RESULTS, tmp_path / "recogs.txt")
    lines = (tmp_path / "recogs.txt").read_text(encoding="utf-8").splitlines()
    assert (
        lines[0] == "a:\tref=['가', '나', '다']" and lines[1] == "a:\thyp=['가', '라', '다', '마']"
    )
    counts = write_errs(RESULTS, tmp_path / "errs.txt")
    text = (tmp_path / "errs.txt").read_text(encoding="utf-8")
    assert (counts.errors, counts.reference_length) == (3, 11)
    assert text.startswith(
        "%CER = 27.27\nErrors: 1 insertions, 0 deletions, 2 substitutions, over 11"
    )
    assert "a:\t가 (나->라) 다 (*->마)" in text and "1   분 -> 부" in text


def test_the_summary_names_every_measure():
    rows = {row["measure"]: row for row in summary_table(RESULTS)}
    assert rows["CER without spaces"]["rate"] == 3 / 11
    assert rows["WER"]["errors"] == 2 and rows["WER"]["reference"] == 3
    low, high = rows["CER without spaces"]["ci95"]
    assert 0 <= low <= 3 / 11 <= high
