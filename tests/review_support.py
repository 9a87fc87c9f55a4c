"""Review files as people leave them."""

from echoharvester.review.rows import row_of
from echoharvester.review.tsv import write_rows

DECIDED = {"m-1": ("ok", ""), "m-3": ("fix", "오늘은 하늘이 맑네요 라"), "m-5": ("drop", "")}


def write_decided(path, cuts, decided=DECIDED, **columns):
    """A review file in which `decided` maps ids to (decision, text)."""
    rows = [{**row_of(cut), **columns} for cut in cuts]
    for row in rows:
        if row["id"] in decided:
            row["decision"], text = decided[row["id"]]
            row["text"] = text or row["text"]
    write_rows(path, rows)
    return path
