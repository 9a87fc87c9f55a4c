"""A small media library whose truth is known: many formats, voices, noises and caption faults.

The truth (what was said, when, word by word, and what is wrong with the caption) goes to
a manifest of its own that no stage reads; benchmarks and the report compare with it.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfiltfilt

from echoharvester.audio.media import run_ffmpeg
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.shards import Cut
from echoharvester.sources.synthetic import captions
from echoharvester.sources.synthetic.captions import CaptionLine
from echoharvester.sources.synthetic.espeak import Espeak, Voice, Word, espeak
from echoharvester.sources.synthetic.grammar import Grammar, Sentence

RATE = 44100
ESPEAK_TO_RATE = 2  # 22050 Hz
ROOM_SEC, ROOM_DB = 0.5, 6.0  # until an echo has faded by 60 dB, and speech above all echoes
FILE_TIME = 1_767_225_600  # 2026-01-01, in seconds since 1970

_CODECS = {
    ".wav": ["-c:a", "pcm_s16le"],
    ".flac": ["-c:a", "flac"],
    ".mp3": ["-c:a", "libmp3lame", "-b:a", "96k"],
    ".m4a": ["-c:a", "aac", "-b:a", "96k"],
    ".mp4": ["-c:v", "mpeg4", "-c:a", "aac", "-b:a", "96k"],
    ".webm": ["-c:a", "libopus", "-b:a", "64k"],
}
_PICTURE = ["-f", "lavfi", "-i", "color=c=navy:s=160x90:r=5"]


@dataclass(frozen=True)
class MediaSpec:
    """One media item to make.

    Attributes:
        captions: suffix of the caption file and so its kind; "" for none.
        fault: what is wrong with the captions, "" for nothing.
        noise: "white", "hum" or "music"; "" for none.
        snr_db: of the noise.
        digits: whether captions write numbers as digits (the voice reads them out).
        encoding: of the caption file.
        through: "telephone", "room", or "" for neither.
    """

    name: str
    suffix: str
    voice: Voice
    captions: str = ".ko.vtt"
    fault: str = ""
    noise: str = ""
    snr_db: float = 60.0
    digits: bool = True
    encoding: str = "utf-8"
    through: str = ""


def default_specs() -> tuple[MediaSpec, ...]:
    """The fifteen items of mini_ko: every format, caption kind and fault at least once."""
    spec = MediaSpec
    return (
        spec("morning_news", ".m4a", Voice("ko+m1", 165, 45)),
        spec("village_story", ".mp3", Voice("ko+f3", 150, 60), ".ko.srt", encoding="utf-8-sig"),
        spec("city_walk", ".mp4", Voice("ko+m3", 175, 40), ".ko.auto.vtt"),
        spec("science_talk", ".webm", Voice("ko+f1", 160, 55), ".ko.auto.vtt", noise="white", snr_db=25),
        spec("market_prices", ".flac", Voice("ko+m5", 155, 50), ".srt", encoding="cp949"),
        spec("late_captions", ".wav", Voice("ko+f5", 165, 50), fault="shifted"),
        spec("loose_captions", ".m4a", Voice("ko+m1", 155, 60), fault="paraphrased"),
        spec("half_captioned", ".mp3", Voice("ko+f3", 170, 45), fault="missing"),
        spec("wrong_captions", ".mp4", Voice("ko+m3", 160, 55), fault="other_media"),
        spec("music_show", ".webm", Voice("ko+f1", 150, 65), fault="tags", noise="music", snr_db=15),
        spec("noisy_street", ".flac", Voice("ko+m5", 170, 45), noise="white", snr_db=4),
        spec("history_dates", ".wav", Voice("ko+f5", 145, 55)),
        spec("machine_heard", ".m4a", Voice("ko+m1", 180, 35), ".ko.auto.vtt", fault="misheard"),
        spec("drifting_clock", ".mp3", Voice("ko+f3", 160, 70), fault="drift"),
        spec("no_captions", ".wav", Voice("ko+m3", 165, 50), captions=""),
    )  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """A sentence as it lies in the media."""

    sentence: Sentence
    words: tuple[Word, ...]

    @property
    def start_sec(self) -> float:
        return self.words[0].start_sec

    @property
    def end_sec(self) -> float:
        return self.words[-1].end_sec


def make_media(spec: MediaSpec, folder: Path, seed: int, duration_sec: float) -> list[Cut]:
    """Makes one item and its captions in `folder`; returns its truth, a cut a sentence.

    The media file appears last and whole, so an interrupted call is simply repeated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"{seed}/{spec.name}")
    with espeak() as speaker:
        grammar = Grammar(f"{seed}/{spec.name}")
        samples, spoken = _speak(speaker, spec, grammar, rng, duration_sec)
    samples = _with_noise(samples, spec, np.random.default_rng(rng.getrandbits(32)))
    lines, faults = _caption_lines(spec, spoken, rng)
    _write_captions(spec, folder, lines, spoken, faults, rng)
    media = folder / (spec.name + spec.suffix)
    _encode(samples, media)
    return _truth(spec, media, spoken, faults)


def _speak(
    speaker: Espeak, spec: MediaSpec, grammar: Grammar, rng: random.Random, duration_sec: float
) -> tuple[np.ndarray, list[Spoken]]:
    """Sentences with pauses until the duration is reached, at 22,050 Hz."""
    pieces = [np.zeros(int(speaker.sampling_rate * rng.uniform(0.5, 2.0)), np.float32)]
    spoken, position = [], len(pieces[0])
    while position < duration_sec * speaker.sampling_rate:
        sentence, words = grammar.sentence(), []
        if not spec.digits:
            sentence = Sentence(sentence.spoken, sentence.spoken)
        voice = dataclasses.replace(spec.voice, rate_wpm=spec.voice.rate_wpm + rng.randint(-12, 12))
        for phrase in _breath_groups(sentence.spoken, rng):
            speech = speaker.say(phrase, voice)
            offset = position / speaker.sampling_rate
            words += [Word(w.text, w.start_sec + offset, w.end_sec + offset) for w in speech.words]
            pause = np.zeros(int(speaker.sampling_rate * rng.uniform(0.12, 0.35)), np.float32)
            pieces += [speech.samples, pause]
            position += len(speech.samples) + len(pause)
        spoken.append(Spoken(sentence, tuple(words)))
        gap = np.zeros(int(speaker.sampling_rate * rng.uniform(0.15, 1.2)), np.float32)
        pieces.append(gap)
        position += len(gap)
    return np.concatenate(pieces), spoken


def _breath_groups(text: str, rng: random.Random) -> Iterator[str]:
    words = text.split()
    while words:
        count = rng.randint(4, 8)
        count = len(words) if len(words) - count < 2 else count
        yield " ".join(words[:count])
        words = words[count:]


def _with_noise(samples: np.ndarray, spec: MediaSpec, rng: np.random.Generator) -> np.ndarray:
    """Speech at 44.1 kHz with noise at the SNR of the spec: speech power where it is not silent."""
    speech = _through(resample_poly(samples, ESPEAK_TO_RATE, 1), spec.through, rng)
    if spec.noise:
        time = np.arange(len(speech)) / RATE
        if spec.noise == "white":
            noise = rng.standard_normal(len(speech))
        elif spec.noise == "hum":
            hum = [np.sin(2 * np.pi * 60 * k * time) / k for k in (1, 2, 3, 5)]
            noise = np.sum(hum, axis=0)
        else:
            noise = _melody(len(speech), rng)
        active = speech[np.abs(speech) > 1e-3]
        level = np.sqrt(np.mean(active**2) / np.mean(noise**2)) * 10 ** (-spec.snr_db / 20)
        speech = speech + level * noise
    return (0.7 * speech / np.max(np.abs(speech))).astype(np.float32)


def _through(speech: np.ndarray, what: str, rng: np.random.Generator) -> np.ndarray:
    """Speech as a telephone line leaves it, or a room; its times stay as they are."""
    if what == "telephone":
        return sosfiltfilt(butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), speech)
    if what == "room":
        length = int(ROOM_SEC * RATE)
        tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)  # 60 dB
        echo = fftconvolve(speech, tail)[: len(speech)]
        level = np.sqrt(np.mean(speech**2) / np.mean(echo**2)) * 10 ** (-ROOM_DB / 20)
        return speech + level * echo
    return speech


def _melody(num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """A plucked tune over the whole length."""
    out = np.zeros(num_samples)
    note = int(0.4 * RATE)
    time = np.arange(note) / RATE
    for start in range(0, num_samples - note, note):
        pitch = 196.0 * 2 ** (rng.choice([0, 2, 4, 7, 9, 12]) / 12)
        for harmonic in (1, 2, 3):
            wave = np.sin(2 * np.pi * pitch * harmonic * time) / harmonic
            out[start : start + note] += wave * np.exp(-4 * time)
    return out


def _caption_lines(
    spec: MediaSpec, spoken: Sequence[Spoken], rng: random.Random
) -> tuple[list[CaptionLine], list[str]]:
    """Caption lines and, for every sentence, what is wrong with its caption."""
    other = Grammar(f"other/{spec.name}/{rng.random()}")
    faults = [spec.fault if spec.fault in ("shifted", "drift", "other_media") else ""] * len(spoken)
    lines = []
    for i, item in enumerate(spoken):
        start, end = item.start_sec + rng.uniform(-0.3, 0.1), item.end_sec + rng.uniform(0.0, 0.3)
        text = item.sentence.written
        if spec.fault == "shifted":
            start, end = start + 3.2, end + 3.2
        elif spec.fault == "drift":
            start, end = start * 1.02, end * 1.02
        elif spec.fault == "other_media" or (spec.fault == "paraphrased" and i % 3 == 1):
            text, faults[i] = other.sentence().written, spec.fault
        elif spec.fault == "missing" and len(spoken) // 3 <= i < 2 * len(spoken) // 3:
            faults[i] = "missing"
            continue
        elif spec.fault == "tags":
            text = ("[음악] ", "김민수: ", "(웃음) ", "♪ ")[i % 4] + text
        lines.append(CaptionLine(max(0.0, start), end, text))
    return lines, faults


def _write_captions(
    spec: MediaSpec,
    folder: Path,
    lines: Sequence[CaptionLine],
    spoken: Sequence[Spoken],
    faults: list[str],
    rng: random.Random,
) -> None:
    if not spec.captions:
        return
    if spec.captions.endswith("auto.vtt"):
        text = captions.rolling_vtt(_heard_words(spec, spoken, faults, rng))
    else:
        text = (captions.vtt if spec.captions.endswith("vtt") else captions.srt)(lines)
    path = folder / (spec.name + spec.captions)
    path.write_bytes(text.encode(spec.encoding))


def _heard_words(
    spec: MediaSpec, spoken: Sequence[Spoken], faults: list[str], rng: random.Random
) -> list[Word]:
    """Words as a recogniser would time them; some misheard if that is the fault."""
    words = []
    for i, item in enumerate(spoken):
        for word in item.words:
            text = word.text
            if spec.fault == "misheard" and i % 3 == 0 and rng.random() < 0.4:
                text, faults[i] = rng.choice(spoken).words[0].text, "misheard"
            words.append(
                Word(text, max(0.0, word.start_sec + rng.uniform(-0.08, 0.08)), word.end_sec)
            )
    return words


def _encode(samples: np.ndarray, path: Path) -> None:
    """Writes a media file in the format of its suffix, the same bytes every time."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    sound = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    # The picture has a length of its own: cut by ffmpeg, it would end a frame earlier or later.
    length = ["-t", f"{len(samples) / RATE:.2f}"]
    picture = [*length, *_PICTURE] if path.suffix == ".mp4" else []
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    exact = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact",
             "-flags:v", "+bitexact"]  # fmt: skip
    rate = ["-ar", "48000"] if path.suffix == ".webm" else []
    run_ffmpeg(
        [*sound, *picture, *_CODECS[path.suffix], *rate, *exact, str(temporary)], str(path), pcm
    )
    os.utime(temporary, (FILE_TIME, FILE_TIME))  # stage 1 notes it: the same for the same bytes
    shutil.move(temporary, path)


def _truth(
    spec: MediaSpec, media: Path, spoken: Sequence[Spoken], faults: Sequence[str]
) -> list[Cut]:
    media_id = file_digest(media)[:16]
    samples = round(spoken[-1].end_sec * RATE) + RATE
    whole = media_cut(
        media_id,
        recording(media_id, str(media), RATE, samples),
        {"media_path": str(media), "noise": spec.noise, "snr_db": spec.snr_db},
    )
    cuts = []
    for i, (item, fault) in enumerate(zip(spoken, faults, strict=True)):
        text = item.sentence.spoken
        custom = {
            "fault": fault,
            "written": item.sentence.written,
            "captioned": bool(spec.captions),
        }
        cut = utterance_cut(
            whole, f"{media_id}-truth-{i:04d}", item.start_sec, item.end_sec, text, custom
        )
        alignment = [
            [w.text, round(w.start_sec - item.start_sec, 4), round(w.end_sec - w.start_sec, 4), 1.0]
            for w in item.words
        ]
        cut["supervisions"][0]["alignment"] = {"word": alignment}
        cuts.append(cut)
    return cuts
