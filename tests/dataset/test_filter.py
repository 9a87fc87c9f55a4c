import pytest

from echoharvester.dataset.filter import FilterConfig, judge_media, without_foreign_captions
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


FINE = {
    "align_score": 0.9, "snr_db": 30.0, "speech_ratio": 0.9, "syllables_per_sec": 5.0,
    "clipped_share": 0.0, "bandwidth_hz": 8000, "hangul_share": 1.0,
}  # fmt: skip


def judged(*custom, config=None):
    """Reasons of a media item's utterances of a second each, of which each differs from `FINE`."""
    media = media_cut("m", recording("m", "/m.flac", 16000, 1600000), {})
    cuts = [
        utterance_cut(media, f"m-{i}", i, i + 1.0, "네", {**FINE, **fields})
        for i, fields in enumerate(custom)
    ]
    return [c["custom"].get("reason") for c in judge_media(cuts, config or FilterConfig())]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"snr_db": 9.9}, "low_snr"),
        ({"speech_ratio": 0.4}, "low_speech_ratio"),
        ({"clipped_share": 0.02}, "clipped"),
        ({"bandwidth_hz": 4600}, "narrow_band"),
        ({"hangul_share": 0.1}, "not_korean"),
        ({"align_score": 0.2}, "low_align_score"),
        ({"syllables_per_sec": 13.0}, "too_fast"),
        ({"syllables_per_sec": 0.5}, "too_slow"),
        ({"media_gaps": [[0.9, 1.4]]}, "damaged_audio"),
        ({"media_gaps": [[1.0, 1.4], [7.0, 8.0]]}, None),
    ],
)
def test_every_reason(fields, reason):
    assert judged(fields) == [reason]


def test_an_unusual_rate_is_one_that_this_medium_does_not_have():
    usual = [{"syllables_per_sec": rate} for rate in (4.5, 5.0, 5.5, 4.8, 5.2, 5.1, 4.9, 5.3, 4.7)]
    assert judged(*usual, {"syllables_per_sec": 10.0}) == [None] * 9 + ["unusual_rate"]
    lively = [{"syllables_per_sec": rate} for rate in (3, 4, 5, 6, 7, 8, 4.5, 5.5, 6.5)]
    assert judged(*lively, {"syllables_per_sec": 10.0}) == [None] * 10
    assert judged({}, {"syllables_per_sec": 10.0}) == [None] * 2  # too few to tell


def test_duplicates_do_not_make_the_rest_look_foreign():
    """Five of twenty fit badly; that fourteen others are in another upload changes nothing."""
    media = media_cut("m", recording("m", "/m.flac", 16000, 1600000), {})
    fields = [{"align_score": 0.1}] * 5 + [{}] * 15
    cuts = [
        utterance_cut(media, f"m-{i}", i, i + 1.0, "네", {**FINE, **f})
        for i, f in enumerate(fields)
    ]
    copies = {f"m-{i}": "other" for i in range(5, 19)}
    reasons = [c["custom"].get("reason") for c in judge_media(cuts, FilterConfig(), copies)]
    assert reasons == ["low_align_score"] * 5 + ["duplicate"] * 14 + [None]


def test_limits_change_without_measuring_again():
    loose = FilterConfig(min_snr_db=0.0, min_bandwidth_hz=0.0)
    assert judged({"snr_db": 1.0, "bandwidth_hz": 3400}, config=loose) == [None]
