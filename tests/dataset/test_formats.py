"""Cards and the forms of other toolkits."""

import json
import re
import shlex
import subprocess

import numpy as np
import pytest
import soundfile

from echoharvester.dataset.card import Statistics, card_markdown, data_card
from echoharvester.dataset.formats import write_formats
from echoharvester.review.sample import LabelError


@pytest.fixture
def stats(cuts):
    result = Statistics()
    for cut in cuts:
        result.add(cut)
    return result.to_dict()


def test_a_cer_of_zero_counts_in_the_mean(stats):
    assert stats["mean_cer"] == pytest.approx(0.3)
    assert stats["cer_bins"] == {"0-5 %": 1, "5-10 %": 1, "10-15 %": 0, "15+ %": 5}
    assert stats["hours_by_license"] == {"CC BY": pytest.approx(5.6 / 3600, abs=1e-4)}


YIELDS = {
    "segment": {"items": 2, "accepted": 1, "review": 0, "rejected": {"no_captions": 1}, "errors": {}, "accepted_sec": 9.0, "item": "media"},
    "filter": {"items": 9, "accepted": 7, "review": 0, "rejected": {"low_snr": 2}, "errors": {}, "accepted_sec": 6.0, "item": "cut"},
    "validate": {"items": 9, "accepted": 6, "review": 1, "rejected": {"low_snr": 2, "cer_too_high": 1}, "errors": {}, "accepted_sec": 5.0, "item": "cut"},
}  # fmt: skip


def test_the_card_says_what_a_user_must_know(stats):
    error = LabelError(0.02, 0.005, 0.08, 0.004, 40, 50, 700, 12, 0.95)
    card = data_card(
        "talks", stats, YIELDS, {"filter": {"min_snr_db": 10}}, "abc", error, ["kim and lee: ..."]
    )
    text = card_markdown(json.loads(json.dumps(card)))
    for part in (
        "# talks", "7 utterances", "from 1 media", "| c\\|1 | 7 |", "| CC BY | 7 |",
        "2.0 % of utterances (95 % interval 0.5 to 8.0)", "12 are of strata", "kim and lee",
        "| filter.min_snr_db | 10 |", "| filter | low_snr | 2 utterances |", "| validate | cer_too_high | 1 utterances |",
        "| segment | no_captions | 1 media |", "lhotse", "Without a stated licence: 0 media",
    ):  # fmt: skip
        assert part in text, part
    assert "| validate | low_snr" not in text  # said once, where it happened


def test_an_empty_data_set_has_a_card():
    text = card_markdown(data_card("none", Statistics().to_dict(), {}, {}))
    assert "0 utterances" in text and "nobody has reviewed" in text


def test_audiofolder_nemo_and_kaldi_hold_every_cut(tmp_path, cuts):
    write_formats(lambda: iter(cuts), tmp_path, ["audiofolder", "nemo", "kaldi"])
    original = soundfile.read(cuts[0]["recording"]["sources"][0]["source"], dtype="int16")[0]
    lines = (tmp_path / "audiofolder" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["text"] for row in rows] == [f"가{i}" for i in range(7)]
    sound, rate = soundfile.read(tmp_path / "audiofolder" / rows[3]["file_name"], dtype="int16")
    assert rate == 16000
    names = [row["file_name"] for row in rows]
    assert len(set(names)) == 7 and not any(re.search("train|test|dev|val", name) for name in names)
    assert all(isinstance(row["words"], list) for row in rows)
    card = (tmp_path / "audiofolder" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n") and "metadata.jsonl" in card
    np.testing.assert_array_equal(sound, original[48000:60800])

    lines = (tmp_path / "nemo" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[3])
    assert (row["offset"], row["duration"], row["text"]) == (3, 0.8, "가3")
    assert soundfile.info(row["audio_filepath"]).frames == 160000

    table = {
        name: [
            line.split(" ", 1)
            for line in (tmp_path / "kaldi" / name).read_text(encoding="utf-8").splitlines()
        ]
        for name in ("wav.scp", "segments", "text", "utt2spk", "spk2utt")
    }
    assert all(rows == sorted(rows) for rows in table.values())
    assert dict(table["text"])["m-3"] == "가3" and dict(table["segments"])["m-3"] == "m 3.000 3.800"
    ((_, command),) = table["wav.scp"]
    assert shlex.split(command)[-2] == cuts[0]["recording"]["sources"][0]["source"]
    assert subprocess.run(["bash", "-nc", command.rstrip("|")], check=False).returncode == 0


def test_a_form_no_longer_wanted_goes_and_an_unknown_one_is_named(tmp_path, cuts):
    write_formats(lambda: iter(cuts), tmp_path, ["nemo"])
    write_formats(lambda: iter(cuts), tmp_path, ["kaldi"])
    assert not (tmp_path / "nemo").exists() and (tmp_path / "kaldi" / "text").exists()
    with pytest.raises(ValueError, match=r"export\.extra_formats: espnet"):
        write_formats(lambda: iter(cuts), tmp_path, ["espnet"])


def licensed(stats, licences):
    hours, media = dict.fromkeys(licences, 0.1), dict.fromkeys(licences, 1)
    return {**stats, "license": licences, "hours_by_license": hours, "media_by_license": media}


@pytest.mark.parametrize(
    ("licences", "known"),
    [({"CC BY 4.0": 3}, "cc-by-4.0"), ({"CC-BY-SA 4.0": 1}, "cc-by-sa-4.0"), ({"CC BY 4.0": 1, "not stated": 1}, "other"), ({}, "other")],
)  # fmt: skip
def test_the_card_begins_with_what_the_hub_reads(stats, licences, known):
    import yaml

    card = data_card(
        "내 말: 뭉치 #1", licensed(stats, licences), YIELDS, {"align": {"kind": "none"}}
    )
    _, front, body = card_markdown(card).split("---\n", 2)
    found = yaml.safe_load(front)
    assert found["license"] == known and found["language"] == ["ko"]
    assert found["pretty_name"] == "내 말: 뭉치 #1" and found["size_categories"] == ["n<1K"]
    assert found["task_categories"] == ["automatic-speech-recognition"]
    assert "Nobody measured the times of words" in body and "forced alignment" not in body


def test_an_empty_set_has_no_means():
    empty = Statistics().to_dict()
    text = card_markdown(data_card("x", empty, {}, {"align": {"kind": "ctc"}}))
    assert "mean not measured" in text and "0.0 dB" not in text and "CTC forced alignment" in text
