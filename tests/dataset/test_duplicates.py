"""The same speech in two media, found by sound and by text."""

import base64
import random
from itertools import combinations

import numpy as np
import pytest
import soundfile

from echoharvester.audio.media import decode_to_flac, run_ffmpeg
from echoharvester.audio.vad import VadConfig
from echoharvester.dataset import duplicates as of_duplicates
from echoharvester.dataset.duplicates import (
    MAX_SHARING,
    MIN_SHARED_VALUES,
    DuplicateFinder,
    _sampled,
    _sharing,
    alike_media,
)
from echoharvester.dataset.filter import FilterConfig, judge_media
from echoharvester.dataset.measure import measure_media
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.sources.synthetic.espeak import Voice
from echoharvester.sources.synthetic.library import MediaSpec, make_media


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Two media of 40 seconds by one voice, as flac, and their sentences."""
    folder, made = tmp_path_factory.mktemp("speech"), {}
    for name in ("talk", "other"):
        spec = MediaSpec(name, ".wav", Voice("ko+m3", 160, 50))
        truth = make_media(spec, folder, 5, 40.0)
        decode_to_flac(folder / f"{name}.wav", folder / f"{name}.flac")
        made[name] = (folder / f"{name}.flac", truth)
    return made


def reencoded(source, target, start_sec, codec, suffix):
    """As someone else would upload it: cut at the front, quieter, through another codec."""
    coded = target.with_suffix(suffix)
    run_ffmpeg(["-ss", str(start_sec), "-i", f"file:{source}", "-af", "volume=0.5", "-c:a", codec,
                "-b:a", "48k", f"file:{coded}"], str(source))  # fmt: skip
    decode_to_flac(coded, target)
    return target


def measured(name, path, sentences, shift_sec=0.0, kind="manual", texts=None):
    """Cuts of a media item with everything that stage 5 measures."""
    media = media_cut(
        name, recording(name, str(path), 16000, soundfile.info(path).frames),
        {"caption_kind": kind, "align_score": 0.9},
    )  # fmt: skip
    cuts = []
    for i, sentence in enumerate(sentences):
        start = sentence["custom"]["media_start_sec"] - shift_sec
        text = texts[i] if texts else sentence["supervisions"][0]["text"]
        if start > 0:
            end = start + sentence["duration"]
            cuts.append(utterance_cut(media, f"{name}-{i}", start, end, text, {}))
    return measure_media(cuts, VadConfig())


def duplicates(media, **options):
    finder = DuplicateFinder(**options)
    for name, cuts in media.items():
        finder.add(name, cuts)
    keepers = finder.keepers()
    for name in {keeper for found in keepers.values() for keeper, _ in found}:
        finder.remember(name, media[name])
    return [d for name, found in keepers.items() for d in finder.duplicates_of(media[name], found)]


@pytest.mark.parametrize(
    ("start_sec", "codec", "suffix"),
    [(0.06, "libopus", ".webm"), (3.37, "libmp3lame", ".mp3"), (1.0, "aac", ".m4a")],
)
def test_another_upload_is_found_by_its_sound(speech, tmp_path, start_sec, codec, suffix):
    path, sentences = speech["talk"]
    copy = reencoded(path, tmp_path / "copy.flac", start_sec, codec, suffix)
    words = random.Random(0).sample("가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허", 26)
    unlike = ["".join(random.Random(i).choices(words, k=20)) for i in range(len(sentences))]
    media = {
        "talk": measured("talk", path, sentences, kind="auto"),
        "copy": measured("copy", copy, sentences, start_sec, texts=unlike),
        "other": measured("other", *speech["other"]),
    }
    found = duplicates(media, by=["audio"])
    # The copy has the better captions, so it keeps what both have; what it lacks stays.
    in_both = {c["id"].replace("copy", "talk"): c["duration"] for c in media["copy"]}
    assert {d.of for d in found} == {"copy"} and {d.by for d in found} == {"audio"}
    names = {d.cut_id for d in found}
    assert names <= set(in_both)
    assert names >= {name for name, duration in in_both.items() if duration > 2}
    assert duplicates(media, by=["text"]) == [] and duplicates(media, by=[]) == []


def test_the_same_text_by_another_voice_is_found_by_text_alone(speech):
    (path, sentences), (other, _) = speech["talk"], speech["other"]
    media = {
        "talk": measured("talk", path, sentences),
        "reread": measured("reread", other, sentences[:-1]),
    }
    assert duplicates(media, by=["audio"]) == []
    found = duplicates(media)
    assert {(d.cut_id, d.of, d.by) for d in found} == {
        (c["id"].replace("reread", "talk"), "reread", "text") for c in media["reread"]
    }


def test_an_excerpt_is_rejected_and_says_of_what(speech, tmp_path):
    path, sentences = speech["talk"]
    excerpt = reencoded(path, tmp_path / "part.flac", 20.0, "aac", ".m4a")
    media = {
        "talk": measured("talk", path, sentences),
        "z_part": measured("z_part", excerpt, sentences, 20.0),
    }
    found = {d.cut_id: d.of for d in duplicates(media)}
    judged = judge_media(media["z_part"], FilterConfig(), found)
    assert {c["custom"]["reason"] for c in judged} == {"duplicate"}
    assert {c["custom"]["duplicate_of"] for c in judged} == {"talk"}
    kept = judge_media(media["talk"], FilterConfig(), found)
    assert all(c["custom"]["status"] == "accepted" for c in kept)
    assert not any("audio_fingerprint" in c["custom"] for c in judged + kept)


def test_silence_and_jingles_that_many_share_are_no_likeness():
    cuts = []
    rng = np.random.default_rng(0)
    for i in range(60):
        values = np.concatenate([np.arange(400), rng.integers(0, 2**32, 400)]).astype("<u4")
        coded = {"audio_fingerprint": base64.b64encode(values).decode(), "caption_kind": "auto"}
        media = media_cut(f"m{i}", recording(f"m{i}", "/x.flac", 16000, 16000), coded)
        cuts.append(utterance_cut(media, f"m{i}-0", 0, 1, f"{i}", {}))
    assert duplicates({c["custom"]["media_id"]: [c] for c in cuts}, by=["audio"]) == []


@pytest.mark.parametrize("at_once", [5_000_000, 100])
def test_sharing_is_what_comparing_all_with_all_finds(monkeypatch, at_once):
    monkeypatch.setattr(of_duplicates, "MAX_VALUES_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    for kind in (np.uint32, np.uint64):
        media = [rng.choice(4000, rng.integers(0, 60), replace=False) for _ in range(80)]
        media[5] = media[4][:20]
        media = [_sampled(values.astype(kind) * kind(999_983)) for values in media]
        expected = []
        for (i, one), (k, other) in combinations(enumerate(media), 2):
            shared, fewer = len(set(one) & set(other)), min(len(one), len(other))
            if shared >= MIN_SHARED_VALUES and shared >= 0.3 * fewer:
                expected.append((i, k, shared / fewer))
        assert _sharing(media, 0.3) == expected and (4, 5, 1.0) in expected
    assert _sharing([], 0.3) == _sharing([media[0][:0]] * 3, 0.3) == []


def test_half_a_text_in_another_is_seen_as_half():
    rng = random.Random(0)
    words = ["".join(rng.choices("가나다라마바사아자차카타파하", k=4)) for _ in range(2000)]
    known = {
        "whole": words[:1000],
        "half": [*words[:250], *words[1000:1250]],
        "part": words[300:500],
        "other": words[1300:],
    }
    cuts = []
    for name, of_it in known.items():
        media_item = media_cut(name, recording(name, "/x.flac", 16000, 16000), {})
        for i in range(0, len(of_it), 10):
            text = " ".join(of_it[i : i + 10])
            cuts.append(utterance_cut(media_item, f"{name}-{i}", 0, 1, text, {}))
    found = {(p.first, p.second): p.containment for p in alike_media(cuts, 0.3)}
    assert found == {
        ("half", "whole"): pytest.approx(0.5, abs=0.1),
        ("part", "whole"): pytest.approx(1.0),
    }


def test_a_text_that_many_read_holds_all_of_them_together():
    """So that a split keeps them on one side, and stage 5 keeps one of them."""
    rng, cuts = random.Random(0), []
    text = "".join(rng.choices("가나다라마바사아자차카타파하", k=300))
    for i in range(MAX_SHARING + 10):
        kind = {"caption_kind": ("manual", "auto", "external")[i % 3]}
        media_item = media_cut(f"m{i:02d}", recording(f"m{i:02d}", "/x.flac", 16000, 16000), kind)
        cuts.append(utterance_cut(media_item, f"m{i:02d}-0", 0, 1, text, {}))
    pairs = {(p.first, p.second) for p in alike_media(cuts, 0.5)}
    assert pairs == {(f"m{i:02d}", f"m{i + 1:02d}") for i in range(MAX_SHARING + 9)}
    media = {cut["custom"]["media_id"]: [cut] for cut in cuts}
    assert len(duplicates(media, by=["text"])) == len(cuts) - 1


def test_unknown_likeness_is_named():
    with pytest.raises(ValueError, match="speaker"):
        DuplicateFinder(by=["speaker"])
