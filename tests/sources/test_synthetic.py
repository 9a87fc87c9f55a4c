import random
import zlib

import numpy as np

from echoharvester.captions.parse import read_track
from echoharvester.captions.utterances import segment
from echoharvester.sources.synthetic.espeak import Voice, espeak
from echoharvester.sources.synthetic.grammar import Grammar, Lexicon, invented_word
from echoharvester.sources.synthetic.library import MediaSpec, make_media
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.spoken import candidates


def test_words_lie_where_the_sound_is():
    with espeak() as speaker:
        speech = speaker.say("나무는 물을 마시고 새는 노래합니다", Voice("ko", 150))
    assert [w.text for w in speech.words] == ["나무는", "물을", "마시고", "새는", "노래합니다"]
    times = [w.start_sec for w in speech.words]
    assert times == sorted(times) and times[0] == 0
    for word in speech.words:
        a, b = (int(t * speech.sampling_rate) for t in (word.start_sec, word.end_sec))
        assert np.abs(speech.samples[a:b]).max() > 0.05


def test_the_same_seed_gives_the_same_library_to_the_byte(tmp_path):
    for suffix in (".m4a", ".webm", ".mp4", ".mp3"):
        spec = MediaSpec("a", suffix, Voice("ko+f3"), noise="white", snr_db=20)
        first = make_media(spec, tmp_path / "1", 5, 6.0)
        again = make_media(spec, tmp_path / "2", 5, 6.0)
        names = sorted(p.name for p in (tmp_path / "1").iterdir())
        assert all(
            (tmp_path / "1" / n).read_bytes() == (tmp_path / "2" / n).read_bytes() for n in names
        )
        assert [c["id"] for c in first] == [c["id"] for c in again]


def test_captions_of_the_library_say_what_the_truth_says(tmp_path):
    for captions in (".ko.vtt", ".srt", ".ko.auto.vtt"):
        encoding = "cp949" if captions == ".srt" else "utf-8"
        spec = MediaSpec("a", ".wav", Voice("ko+m1"), captions, encoding=encoding)
        truth = make_media(spec, tmp_path, 5, 20.0)
        said = normalize_for_scoring("".join(c["supervisions"][0]["text"] for c in truth))
        texts = [u.text for u in segment(read_track(tmp_path / ("a" + captions))).utterances]
        best = [
            min(candidates(t), key=lambda r: normalize_for_scoring(r) not in said) for t in texts
        ]
        assert "".join(map(normalize_for_scoring, best)) == said


def test_held_out_words_are_in_no_training_sentence():
    heldout, train = set(Lexicon("heldout").nouns), set(Lexicon("train").nouns)
    assert len(heldout) > 30 and not heldout & train
    assert all(zlib.crc32(w.encode()) % 8 == 0 for w in heldout)
    spoken = Grammar(1, "train").sentence().spoken
    assert spoken == Grammar(1, "train").sentence().spoken != Grammar(2, "train").sentence().spoken


def test_invented_words_cover_many_syllables():
    rng = random.Random(0)
    assert len({s for _ in range(3000) for s in invented_word(rng)}) > 600
