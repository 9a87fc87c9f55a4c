"""Labels that a recogniser wrote need another one that bears them out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from echoharvester.asr.evidence import EvidenceCurve
from echoharvester.asr.machine import ALIGNER, SECOND, WITNESS, MachineRule, unlike
from echoharvester.asr.site_captions import SiteCaptions, site_captions
from echoharvester.asr.validate import CerThresholds, judged, validate_media
from echoharvester.captions.cues import CaptionError
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.text.scores import nearest_words_cer

TEXT = "오늘은 날씨가 좋아서 강에 갑니다"
NEARLY, OTHER = TEXT.replace("강에", "산에"), "아무 상관 없는 말을 합니다"
CURVE = EvidenceCurve(6.0, 0.5, 0.5, -0.6, 0.3, -0.5, -2.0, threshold=0.9, review_threshold=0.5)


def cut(kind="machine", probable=-0.1, **custom):
    media = media_cut("m", recording("m", "/x.flac", 16000, 160000), {"caption_kind": kind})
    words = TEXT.split()
    fields = {
        "text_as_heard": TEXT, "word_log_probs": [[probable] for _ in words], "heard_text": TEXT,
        "heard_log_probs": [-0.1] * len(words), "status": "accepted",
    }  # fmt: skip
    return utterance_cut(media, "m-1", 0.0, 3.0, TEXT, {**fields, **custom})


def verdict(one, hypotheses, unlike, curve=None):
    rule = MachineRule(unlike=frozenset(unlike))
    custom = judged(one, hypotheses, CerThresholds(machine=rule, curve=curve))["custom"]
    return custom["status"], custom.get("reason")


def test_what_the_transcriber_thinks_of_itself_says_nothing():
    assert verdict(cut(), [TEXT], ()) == ("rejected", "unconfirmed")
    assert verdict(cut(), [TEXT], (), CURVE) == ("rejected", "unconfirmed")


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (TEXT, ("accepted", None)),
        (NEARLY, ("review", "machine_doubtful")),
        (OTHER, ("rejected", "unconfirmed")),
    ],
)
def test_an_unlike_model_bears_it_out_or_does_not(heard, expected):
    assert verdict(cut(), [TEXT, heard], (SECOND,)) == expected
    assert verdict(cut(heard_text=heard), [TEXT], (ALIGNER,)) == expected
    assert verdict(cut(witness_heard_text=heard), [TEXT], (WITNESS,)) == expected
    assert (
        verdict(cut(heard_text=OTHER, witness_heard_text=heard), [TEXT], (WITNESS, ALIGNER))
        == expected
    )


def test_the_evidence_of_an_unlike_aligner_suffices_and_that_of_the_transcriber_does_not():
    unsure = cut(heard_text=NEARLY)
    assert verdict(unsure, [TEXT], (ALIGNER,), CURVE)[0] == "accepted"
    assert verdict(cut(heard_text=NEARLY, probable=-6.0), [TEXT], (ALIGNER,), CURVE)[0] == "review"
    assert verdict(cut(witness_heard_text=NEARLY), [TEXT], (WITNESS,), CURVE)[0] == "review"


def test_digits_that_one_of_them_writes_are_read():
    one = cut()
    one["supervisions"][0]["text"] = "세 번 만나요"
    assert verdict(one, ["", "3번 만나요"], (SECOND,)) == ("accepted", None)


def test_what_a_site_wrote_bears_it_out_where_it_lies_within(tmp_path):
    around = f"그래서 말이죠 {TEXT.replace(' ', '')} 그리고 내일은"
    assert verdict(cut(site_text=around), [TEXT], ()) == ("accepted", None)
    assert verdict(cut(site_text=around.replace("강에", "산에")), [TEXT], ())[0] == "review"
    assert verdict(cut(site_text=OTHER), [TEXT], ()) == ("rejected", "unconfirmed")
    assert verdict(cut(site_text=""), [TEXT], ()) == ("rejected", "unconfirmed")
    assert verdict(cut(site_text=OTHER), [TEXT, TEXT], (SECOND,)) == ("accepted", None)


ROLLING = """WEBVTT

00:00:01.000 --> 00:00:04.000
오늘은<00:00:01.600><c> 날씨가</c><00:00:02.200><c> 좋아서</c>

00:00:04.000 --> 00:00:04.010
오늘은 날씨가 좋아서

00:00:04.010 --> 00:00:08.000
오늘은 날씨가 좋아서
강에<00:00:04.600><c> 갑니다</c><00:00:05.200><c> [음악]</c>

00:00:40.000 --> 00:00:43.000
3번<00:00:40.600><c> 만나요</c>
"""


def test_captions_of_a_site_are_read_by_when_they_were_said(tmp_path):
    path = tmp_path / "x.ko.auto.vtt"
    path.write_text(ROLLING, encoding="utf-8")
    site = SiteCaptions(path)
    assert site.between(1.0, 6.0) == TEXT  # lines that roll once, and no sounds
    assert "만나요" not in site.between(1.0, 6.0) and site.between(20.0, 25.0) == ""
    assert site.between(40.0, 43.0) == "3번 만나요"
    late = site.between(4.4, 5.5)  # whole words, and what is near
    assert "강에 갑니다" in late and "오늘은" not in late
    one = site.beside({**cut(), "duration": 5.0})
    assert one["custom"]["site_text"] == TEXT and verdict(one, [OTHER], ())[0] == "accepted"
    (tmp_path / "empty.vtt").write_bytes(b"\x00\x01")
    with pytest.raises(CaptionError, match="empty.vtt"):
        SiteCaptions(tmp_path / "empty.vtt")
    assert site_captions(cut()) is None


def test_words_around_a_label_are_no_fault_and_parts_of_words_no_match():
    assert nearest_words_cer("학교에 갔어요", "저는 어제 학교에 갔어요 정말") == 0.0
    assert nearest_words_cer("학교에 갔어요", "저는 어제 학교에갔어요 정말") == 0.0
    assert nearest_words_cer("가요", "날씨가 요즘 참 좋네요") == 1.0
    assert nearest_words_cer("학교에 갔어요", "") == 1.0 and nearest_words_cer("", "가") == 0.0
    short = cut(site_text="그래서 네 맞아요 정말")
    short["supervisions"][0]["text"] = "네 맞아요"  # found by chance
    assert verdict(short, ["네 맞아요"], ()) == ("rejected", "unconfirmed")


@given(st.lists(st.text("가나다", min_size=1, max_size=3), max_size=6), st.text("가나다 ", min_size=1, max_size=8))  # fmt: skip
def test_the_nearest_words_are_no_farther_than_any(words, label):
    wanted = label.replace(" ", "")
    runs = ["".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]
    if wanted:
        least = min([len(wanted), *(Levenshtein.distance(wanted, run) for run in runs)])
        assert nearest_words_cer(label, " ".join(words)) == least / len(wanted)


def test_a_transcriber_that_is_asked_of_texts_does_not_confirm_its_own():
    class Itself:
        heard_by = "itself"

        def transcribe(self, utterances):
            return [TEXT for _ in utterances]

        def evidence(self, utterances, texts, heard):
            assert not texts  # of what it wrote it is not asked
            return []

    one = cut()
    for name in ("word_log_probs", "text_as_heard", "heard_text", "heard_log_probs"):
        del one["custom"][name]
    rule = MachineRule(unlike=frozenset({ALIGNER}))
    (done,) = validate_media([one], [Itself()], CerThresholds(machine=rule, curve=CURVE), lambda c: np.zeros(160000, np.float32))  # fmt: skip
    assert done["custom"]["reason"] == "unconfirmed"
    unused = {"kind": "none", "model": "another.onnx"}  # a recipe may name what is not used
    groups = {
        "asr": {"kind": "qwen3", "repo": "q"},
        SECOND: unused,
        ALIGNER: unused,
        WITNESS: unused,
    }
    assert unlike(groups) == frozenset()


def test_captions_of_a_site_that_are_gone_are_no_witness_and_no_fault(tmp_path):
    assert site_captions(cut(site_caption_path=str(tmp_path / "gone.vtt"))) is None
    (tmp_path / "broken.vtt").write_bytes(b"\x00\x01")
    assert site_captions(cut(site_caption_path=str(tmp_path / "broken.vtt"))) is None


def test_captions_by_people_are_judged_as_before():
    assert verdict(cut("manual"), [TEXT], ()) == ("accepted", None)
    with pytest.raises(UserError, match="min_probability_machine"):
        MachineRule(min_probability=1.2)


def test_models_are_told_apart_by_what_they_are_not_by_their_names(tmp_path):
    for name, content in (("a.onnx", b"one"), ("b.onnx", b"one"), ("c.onnx", b"two")):
        (tmp_path / name).write_bytes(content)
    nobody = {"kind": "none"}
    whisper = {"kind": "faster_whisper", "repo": "large-v3"}

    def ctc(name):
        return {"kind": "ctc", "model": str(tmp_path / name)}

    groups = {"asr": ctc("a.onnx"), SECOND: whisper, ALIGNER: ctc("b.onnx"), WITNESS: ctc("c.onnx")}
    assert unlike(groups) == {SECOND, WITNESS}
    groups = {
        "asr": whisper,
        SECOND: nobody,
        ALIGNER: {"kind": "whisper", "repo": "large-v3"},
        WITNESS: nobody,
    }
    assert unlike(groups) == frozenset()
    qwen = {"kind": "qwen3", "repo": "Qwen/Qwen3-ForcedAligner-0.6B"}
    assert unlike({**groups, ALIGNER: qwen}) == frozenset()
    assert unlike({**groups, SECOND: {"kind": "qwen3", "repo": "Qwen/Qwen3-ASR-1.7B"}}) == {SECOND}


def test_copies_other_precisions_and_names_of_the_same_model_are_the_same(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"whole")
    (tmp_path / "model.int8.onnx").write_bytes(b"small")
    for name in ("one", "copy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(b"x" * 100_000 + b"weights")
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "model.bin").write_bytes(b"x" * 100_000 + b"WEIGHTS")
    nobody = {"kind": "none"}

    def listens(first, second):
        return unlike({"asr": first, SECOND: second, ALIGNER: nobody, WITNESS: nobody}) == {SECOND}

    def onnx(name):
        return {"kind": "sherpa_onnx", "model": str(tmp_path / name)}

    def whisper(name):
        return {"kind": "faster_whisper", "repo": name}

    assert not listens(onnx("model.onnx"), onnx("model.int8.onnx"))
    assert not listens(whisper(str(tmp_path / "one")), whisper(str(tmp_path / "copy")))
    assert listens(whisper(str(tmp_path / "one")), whisper(str(tmp_path / "tuned")))
    assert not listens(whisper("large-v3"), whisper("Systran/faster-whisper-large-v3"))
    assert listens(whisper("large-v3"), whisper("small"))
    for name in ("x", "y"):  # folders of one name
        (tmp_path / name / "model" / "am").mkdir(parents=True)
        (tmp_path / name / "model" / "am" / "final.mdl").write_bytes(name.encode() * 50)
    kaldi = [{"kind": "vosk", "model": str(tmp_path / name / "model")} for name in ("x", "y")]
    assert listens(*kaldi) and not listens(kaldi[0], kaldi[0])
