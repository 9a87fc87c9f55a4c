"""A second witness: what it says of texts that another aligner has placed."""

import json

import numpy as np
import pytest

from echoharvester.align.ctc import CtcAligner
from echoharvester.align.media import MediaAlignment, align_media
from echoharvester.align.witness import AlignedBefore, Witness, WitnessConfig, witnessed_media
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, rejected, utterance_cut, with_custom
from echoharvester.manifests.shards import ShardWriter, shard_path
from echoharvester.models.acoustic import load_acoustic_model

CONFIG = WitnessConfig("model.onnx")


@pytest.fixture(scope="module")
def aligner(recogniser_dir):
    return CtcAligner(load_acoustic_model(recogniser_dir / "model.int8.onnx"))


@pytest.fixture(scope="module")
def aligned(aligner, spoken_sentences):
    samples, sentences = spoken_sentences
    media = media_cut(
        "m", recording("m", "/x.flac", 16000, len(samples)), {"caption_kind": "manual"}
    )
    cuts = [
        utterance_cut(
            media, f"m-{i}", words[0].start_sec, words[-1].end_sec, " ".join(w.text for w in words),
            {"caption_start_sec": words[0].start_sec, "caption_end_sec": words[-1].end_sec},
        )
        for i, words in enumerate(sentences)
    ]  # fmt: skip
    return align_media(cuts, aligner, MediaAlignment(0.15), lambda cut: samples)


def heard(cuts, aligner, samples, config=CONFIG):
    return witnessed_media(cuts, Witness(aligner), config, lambda cut: samples)


def word_times(cut):
    return np.array(
        [[cut["start"] + w[1], w[2]] for w in cut["supervisions"][0]["alignment"]["word"]]
    )


def test_it_agrees_with_a_right_text_and_not_with_a_changed_one(aligned, aligner, spoken_sentences):
    samples, _ = spoken_sentences
    changed = json.loads(json.dumps(aligned[0]))
    changed["supervisions"][0]["text"] = changed["supervisions"][0]["text"].replace("강에", "산에")
    right, wrong = (heard([cut], aligner, samples)[0]["custom"] for cut in (aligned[0], changed))
    least = [min(map(min, c["witness_word_log_probs"])) for c in (right, wrong)]
    assert least[0] > -1.5 and least[1] < least[0] - 3
    assert right["witness_text"].split() == aligned[0]["supervisions"][0]["text"].split()
    assert right["witness_score"] > 0.9 > wrong["witness_score"]
    assert "강에" in wrong["witness_heard_text"].replace(" ", "")


def test_words_that_lie_wrong_are_placed_anew_and_the_first_witness_is_kept(
    aligned, aligner, spoken_sentences
):
    samples, _ = spoken_sentences
    moved = json.loads(json.dumps(aligned))
    for cut in moved:
        cut["start"] += 0.2
    done = heard(moved, aligner, samples)
    kept = heard(moved, aligner, samples, WitnessConfig("model.onnx", times=False))
    for before, off, after, same in zip(aligned, moved, done, kept, strict=True):
        np.testing.assert_allclose(word_times(after), word_times(before), atol=0.03)
        assert word_times(same).tolist() == word_times(off).tolist()
        assert same["start"] == off["start"] and "witness_score" in same["custom"]
        for name in (
            "align_score",
            "word_log_probs",
            "heard_text",
            "heard_by",
            "text_log_prob_min",
        ):
            assert after["custom"][name] == before["custom"][name]


def test_what_was_trimmed_away_does_not_come_back(aligned, aligner, spoken_sentences):
    """The first word does not belong to the text any more: its sound stays out."""
    samples, sentences = spoken_sentences
    part = json.loads(json.dumps(aligned[0]))
    (first, *rest) = part["supervisions"][0]["alignment"]["word"]
    cut_at = rest[0][1] - 0.02
    part["start"] += cut_at
    part["duration"] -= cut_at
    part["supervisions"][0]["text"] = " ".join(word[0] for word in rest)
    part["supervisions"][0]["alignment"]["word"] = [[w, at - cut_at, d, s] for w, at, d, s in rest]
    part["custom"]["text_whole"] = aligned[0]["supervisions"][0]["text"]
    (done,) = heard([part], aligner, samples)
    assert done["start"] >= part["start"] > sentences[0][0].end_sec - 0.1
    assert done["start"] + done["duration"] <= part["start"] + part["duration"]
    words = done["supervisions"][0]["alignment"]["word"]
    assert [w[0] for w in words] == [w[0] for w in rest] and "witness_score" in done["custom"]


def test_it_chooses_the_verbalisation_that_was_left_open(aligned, aligner, spoken_sentences):
    samples, _ = spoken_sentences
    text = aligned[2]["supervisions"][0]["text"]
    other = text.replace("배를", "벼를")
    cut = with_custom(aligned[2], text_candidates=[other, text])
    cut["supervisions"][0]["text"] = other
    (done,) = heard([cut], aligner, samples)
    assert done["supervisions"][0]["text"] == text and "text_candidates" not in done["custom"]


def test_what_it_cannot_place_and_what_is_rejected_stay_as_they_are(
    aligned, aligner, spoken_sentences
):
    samples, _ = spoken_sentences
    long = json.loads(json.dumps(aligned[0]))
    long["supervisions"][0]["text"] = " ".join(["아주긴말"] * 60)  # in two seconds
    gone = rejected(aligned[1], "align", "not_alignable")
    done = heard([long, gone], aligner, samples)
    assert done[0]["supervisions"] == long["supervisions"] and done[1] == gone
    assert not [c for c in done if "witness_score" in c["custom"]]


def test_a_syllable_that_its_vocabulary_lacks_costs_no_utterance(
    aligned, aligner, spoken_sentences
):
    samples, _ = spoken_sentences
    strange = json.loads(json.dumps(aligned[0]))
    text = strange["supervisions"][0]["text"].replace("강에", "Q에")
    strange["supervisions"][0]["text"] = text
    (done,) = heard([strange], aligner, samples)
    assert done["custom"]["witness_text"] == text


def written(folder, aligned):
    with ShardWriter(shard_path(folder, "cuts_aligned", 0)) as writer:
        for media in "abd":
            for cut in aligned:
                own = json.loads(json.dumps(cut).replace('"m-', f'"{media}-'))
                own["custom"]["media_id"] = media
                writer.write(own)
        writer.close("align", "x", "", {})


def segment(media, number):
    return {"id": f"{media}-{number}", "custom": {"media_id": media, "status": "accepted"}}


def test_what_was_aligned_before_is_found_media_item_by_media_item(tmp_path, aligned):
    written(tmp_path, aligned)
    before = AlignedBefore(tmp_path, 0)
    for media in ("a", "d"):  # the one between is known from before
        found = before.of([segment(media, k) for k in range(3)])
        assert [cut["id"] for cut in found] == [f"{media}-{k}" for k in range(3)]
        assert all("alignment" in cut["supervisions"][0] for cut in found)
    nothing = [{**segment("z", 0), "custom": {"media_id": "z", "status": "rejected"}}]
    assert before.of(nothing) == nothing


@pytest.mark.parametrize(("media", "count"), [("a", 2), ("c", 3), ("e", 1)])
def test_other_captions_than_were_aligned_are_an_error_that_names_the_item(
    tmp_path, aligned, media, count
):
    written(tmp_path, aligned)
    with pytest.raises(UserError, match=f"{media} is not there as stage 3 has left it now"):
        AlignedBefore(tmp_path, 0).of([segment(media, k) for k in range(count)])
    with pytest.raises(UserError, match="cuts_aligned.1.jsonl.gz is not there"):
        AlignedBefore(tmp_path, 1)
