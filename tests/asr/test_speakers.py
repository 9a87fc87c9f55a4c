"""Who speaks when, by sherpa-onnx's diarisation run on tiny models of its form."""

import numpy as np
import pytest
from diarisation import RATE, tiny_embedding, tiny_segmentation, voice

from echoharvester.asr.speakers import Diariser, SpeakersConfig, Turn, speakers_media
from echoharvester.dataset.filter import FilterConfig, judge_media
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, rejected, utterance_cut


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "segmentation": str(tiny_segmentation(folder / "segmentation.onnx")),
        "embedding": str(tiny_embedding(folder / "embedding.onnx")),
    }


@pytest.fixture(scope="module")
def talk():
    """Two voices: the first, a pause, the second, both at once, the first again."""
    first, second = voice(1, 200, 4.0), voice(-1, 900, 4.0)
    pause = np.zeros(RATE, np.float32)
    both = first + second
    return np.concatenate([first, pause, second, pause, both, pause, first])


def cut(number, start, end, **supervision):
    media = media_cut("m", recording("m", "/x.flac", RATE, 19 * RATE), {"caption_kind": "manual"})
    found = utterance_cut(media, f"m-{number}", start, end, "글", {"media_id": "m"})
    return {**found, "supervisions": [{**found["supervisions"][0], **supervision}]}


def test_two_people_are_told_apart_and_found_again(models, talk):
    turns = Diariser(SpeakersConfig(**models, num_speakers=2)).turns(talk)

    def speaks(at):
        return {turn.speaker for turn in turns if turn.start_sec < at < turn.end_sec}

    assert len(speaks(2.0)) == len(speaks(7.0)) == 1 and speaks(2.0) != speaks(7.0)
    assert speaks(17.0) == speaks(2.0) and speaks(12.0) == speaks(2.0) | speaks(7.0)
    assert not speaks(4.5) and not speaks(9.5)


def test_cuts_get_their_speaker_and_how_much_several_speak(models, talk):
    diariser = Diariser(SpeakersConfig(**models, num_speakers=2))
    cuts = [
        cut(0, 0.5, 3.5), cut(1, 5.5, 8.5), cut(2, 10.5, 13.5), cut(3, 15.5, 18.5, speaker="김민수"),
        rejected(cut(4, 4.2, 4.8), "align", "not_alignable"),
    ]  # fmt: skip
    done = speakers_media(cuts, diariser.turns, lambda c: talk)
    custom = [c["custom"] for c in done]
    assert custom[0]["speaker"] == custom[3]["speaker"] != custom[1]["speaker"]
    assert all(c["speaker"].startswith("m-speaker") for c in custom[:4])
    assert [c["overlap_ratio"] > 0.9 for c in custom[:4]] == [False, False, True, False]
    assert done[0]["supervisions"][0]["speaker"] == custom[0]["speaker"]
    assert done[3]["supervisions"][0]["speaker"] == "김민수"  # as the captions say
    assert done[4] == cuts[4]


def test_shares_are_of_what_is_spoken_and_nobody_is_somebody(models):
    turns = [Turn(0.0, 1.5, 0), Turn(1.0, 2.0, 1), Turn(1.2, 1.4, 0)]
    one, silent = speakers_media(
        [cut(0, 0.0, 2.0), cut(1, 5.0, 6.0)], lambda s: turns, lambda c: np.zeros(1)
    )
    assert one["custom"]["speaker"] == "m-speaker0" and one["custom"]["overlap_ratio"] == 0.25
    assert one["custom"]["speaker_share"] == pytest.approx(1.7 / 2.7, abs=1e-3)
    assert silent["custom"]["overlap_ratio"] == 0.0 and "speaker" not in silent["custom"]


def test_where_several_speak_at_once_nothing_is_kept():
    measured = {
        "snr_db": 30.0, "speech_ratio": 1.0, "align_score": 0.9, "syllables_per_sec": 5.0, "clipped_share": 0.0,
        "bandwidth_hz": 8000, "hangul_share": 1.0, "text_orthographic": "글",
    }  # fmt: skip
    cuts = [cut(k, 2.0 * k, 2.0 * k + 1.5) for k in range(2)]
    for one, ratio in zip(cuts, (0.05, 0.4), strict=True):
        one["custom"] |= {**measured, "overlap_ratio": ratio}
    judged = judge_media(cuts, FilterConfig())
    assert [c["custom"].get("reason") for c in judged] == [None, "overlapped_speech"]
    assert (
        judge_media(cuts, FilterConfig(max_overlap_ratio=0.5))[1]["custom"]["status"] == "accepted"
    )


def test_models_that_are_missing_or_none_are_named(models, tmp_path):
    with pytest.raises(UserError, match=r"speakers.embedding=.*none.onnx: no such file"):
        Diariser(SpeakersConfig(models["segmentation"], str(tmp_path / "none.onnx")))
    with pytest.raises(UserError, match="num_speakers is at least 1"):
        SpeakersConfig(**models, num_speakers=0)
