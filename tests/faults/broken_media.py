"""Every way in which a media file, its captions or its name can be wrong that we could think of."""

from __future__ import annotations

import gzip
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import soundfile

from echoharvester.audio.media import run_ffmpeg

RATE = 44100


class Workshop:
    """Makes files in `folder` from one good recording."""

    def __init__(self, folder: Path, good: Path) -> None:
        self.folder, self.good = folder, good
        self.data = good.read_bytes()
        self.sound = self._decoded()

    def _decoded(self) -> np.ndarray:
        raw = run_ffmpeg(["-i", f"file:{self.good}", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "pipe:1"], "good")  # fmt: skip
        return np.frombuffer(raw, "<f4")

    def encoded(self, name: str, *options: str) -> bytes:
        path = self.folder / f"making{Path(name).suffix}"
        run_ffmpeg(["-i", f"file:{self.good}", *options, f"file:{path}"], name)
        data = path.read_bytes()
        path.unlink()
        return data

    def written(self, sound: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
        path = self.folder / "making.wav"
        soundfile.write(path, sound, rate, subtype=subtype)
        data = path.read_bytes()
        path.unlink()
        return data


def without_packets(shop: Workshop, name: str, start: float, end: float) -> bytes:
    whole, holed = shop.folder / f"w{Path(name).suffix}", shop.folder / f"h{Path(name).suffix}"
    whole.write_bytes(shop.encoded(name, "-vn"))
    with av.open(str(whole)) as source, av.open(str(holed), "w") as sink:
        stream = source.streams.audio[0]
        copied = sink.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.pts is not None and not start <= packet.pts * packet.time_base < end:
                packet.stream = copied
                sink.mux(packet)
    data = holed.read_bytes()
    whole.unlink()
    holed.unlink()
    return data


def scribbled(data: bytes, share: float = 0.02, seed: int = 0) -> bytes:
    """A stretch in the middle overwritten with noise."""
    length = int(len(data) * share)
    start = len(data) // 2
    return data[:start] + random.Random(seed).randbytes(length) + data[start + length :]


def declaring(data: bytes, seconds: int) -> bytes:
    """A wav whose header says that it lasts so long."""
    size = min(seconds * RATE * 2, 2**32 - 64)
    return data[:4] + struct.pack("<I", size) + data[8:40] + struct.pack("<I", size) + data[44:]


Maker = Callable[[Workshop], bytes]

# What is wrong with the sound; the captions are good.
BROKEN: dict[str, Maker] = {
    "empty.mp3": lambda s: b"",
    "text.mp3": lambda s: b"this is text, no sound\n" * 100,
    "noise.mp4": lambda s: random.Random(1).randbytes(80_000),
    "zeros.m4a": lambda s: bytes(80_000),
    "truncated_index.m4a": lambda s: s.data[: len(s.data) // 3],
    "truncated.mp4": lambda s: _half(s.encoded("x.mp4", "-movflags", "+faststart")),
    "truncated.webm": lambda s: _half(s.encoded("x.webm", "-c:a", "libopus")),
    "truncated.flac": lambda s: _half(s.encoded("x.flac")),
    "truncated.mp3": lambda s: _half(s.encoded("x.mp3")),
    "header_only.wav": lambda s: s.written(s.sound)[:44],
    "no_audio_track.mp4": lambda s: s.encoded(
        "x.mp4", "-f", "lavfi", "-i", "color=c=navy:s=64x64:r=5:d=4", "-map", "1:v", "-c:v", "mpeg4", "-t", "4"),
    "eight_channels.wav": lambda s: s.written(np.tile(s.sound[:, None], (1, 8))),
    "antiphase.wav": lambda s: s.written(np.stack([s.sound, -s.sound], axis=1)),
    "rate_8k.wav": lambda s: s.encoded("x.wav", "-ar", "8000"),
    "rate_192k.flac": lambda s: s.encoded("x.flac", "-ar", "192000"),
    "eight_bits.wav": lambda s: s.encoded("x.wav", "-c:a", "pcm_u8"),
    "not_a_number.wav": lambda s: s.written(np.where(np.arange(len(s.sound)) % 9000 < 9, np.nan, s.sound), subtype="FLOAT"),
    "far_too_loud.wav": lambda s: s.written(s.sound * 1000, subtype="FLOAT"),
    "saturated.wav": lambda s: s.written(np.sign(s.sound) * (np.abs(s.sound) > 0.001)),
    "says_27_hours.wav": lambda s: declaring(s.written(s.sound), 97_391),
    "says_nothing.wav": lambda s: declaring(s.written(s.sound), 0),
    "corrupt_middle.mp3": lambda s: scribbled(s.encoded("x.mp3")),
    "corrupt_middle.m4a": lambda s: scribbled(s.data),
    "corrupt_middle.flac": lambda s: scribbled(s.encoded("x.flac")),
    "corrupt_middle.webm": lambda s: scribbled(s.encoded("x.webm", "-c:a", "libopus")),
    "lost_packets.m4a": lambda s: without_packets(s, "x.m4a", 4.0, 7.0),
    "lost_packets.webm": lambda s: without_packets(s, "x.webm", 4.0, 7.0),
    "silence.flac": lambda s: s.encoded("x.flac", "-af", "volume=0"),
    "tone.wav": lambda s: s.written(0.5 * np.sin(np.arange(20 * RATE) * 2 * np.pi * 440 / RATE)),
    "blink.wav": lambda s: s.written(s.sound[: RATE // 20]),
    "wrong_suffix.mp3": lambda s: s.encoded("x.flac"),
    "video_of_two_tracks.mp4": lambda s: s.encoded("x.mp4", "-map", "0:a", "-map", "0:a"),
    "huge_tag.mp3": lambda s: b"ID3\x04\x00\x00\x00\x7a\x09\x00" + bytes(2_000_000) + s.encoded("x.mp3"),
    "gzip.mp3": lambda s: gzip.compress(bytes(10_000_000)),
    # Files that ask the decoder to read other files, or the network.
    "playlist.mp3": lambda s: b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat.mp4": lambda s: f"ffconcat version 1.0\nfile '{s.good}'\n".encode(),
    "sdp.wav": lambda s: b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
}  # fmt: skip

# What is wrong with the captions; the sound is good.
BROKEN_CAPTIONS: dict[str, bytes] = {
    "captions_empty": b"",
    "captions_noise": random.Random(2).randbytes(20_000),
    "captions_text": b"no times here",
    "captions_one_line": b"WEBVTT\n\n00:00.000 --> 00:05.000\n" + "가나다 ".encode() * 300_000,
    "captions_foreign": b"WEBVTT\n\n00:00.000 --> 00:05.000\nnothing of this is Korean at all\n",
    "captions_backwards": "WEBVTT\n\n00:09.000 --> 00:01.000\n거꾸로 갑니다\n".encode(),
    "captions_far_off": "WEBVTT\n\n99:00:09.000 --> 99:00:11.000\n너무 멀리 있습니다\n".encode(),
}

# Names that a shell, ffmpeg, a URL or Python may take for something else.
ODD_NAMES = (
    "-rf.mp3", "%03d.mp3", "a|b.mp3", "http:__x.mp3", "it's \"quoted\".mp3", "new\nline.mp3",
    "가" * 83 + ".mp3", "한글 이름.mp3", "\u1112\u1161\u11ab.mp3", "🎤.mp3", "a;b&c$d.mp3", " space .mp3",
    "[x]*?.mp3", "concat:a.mp3",
)  # fmt: skip


def odd_files(folder: Path, captions: bytes) -> list[str]:
    """What is no ordinary file; names of those that can be made here."""
    made = []

    def captioned(name: str) -> Path:
        path = folder / name
        path.with_suffix(".ko.vtt").write_bytes(captions)
        made.append(name)
        return path

    os.mkfifo(captioned("fifo.mp3"))
    captioned("loop.mp3").symlink_to("loop.mp3")
    captioned("dangling.mp3").symlink_to("nowhere.mp3")
    captioned("folder.mp3").mkdir()
    if os.geteuid():
        path = captioned("forbidden.mp3")
        path.write_bytes(b"x")
        path.chmod(0)
    return made


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]
