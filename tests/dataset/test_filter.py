import pytest

from echoharvester.dataset.filter import FilterConfig, without_foreign_captions
from echoharvester.manifests.cuts import media_cut, recording, rejected, utterance_cut


def utterances(reasons):
    media = media_cut("m", recording("m", "/m.flac", 16000, 1600000), {})
    cuts = [utterance_cut(media, f"m-{i}", i, i + 1.0, "네", {}) for i in range(len(reasons))]
    return [rejected(c, "x", r) if r else c for c, r in zip(cuts, reasons, strict=True)]


LOW, NOWHERE = "low_align_score", "not_alignable"


@pytest.mark.parametrize(
    ("reasons", "foreign"),
    [
        ([LOW] * 5 + [None], True),  # one fits by chance
        ([LOW, NOWHERE] * 4, True),
        ([LOW] * 4, False),  # too few to tell
        ([LOW] * 3 + [None] * 3, False),
        (["too_short"] * 9 + [None], False),
        (["too_short"] * 9 + [LOW] * 5, True),
    ],
)
def test_media_whose_captions_fit_nowhere_are_rejected_as_such(reasons, foreign):
    found = without_foreign_captions(utterances(reasons), FilterConfig())
    after = [cut["custom"].get("reason") for cut in found]
    if foreign:
        assert after == [r if r == "too_short" else "captions_do_not_match" for r in reasons]
    else:
        assert after == reasons
