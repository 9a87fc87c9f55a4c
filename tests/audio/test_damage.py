"""Holes in media files that decode with success."""

import av
import numpy as np
import pytest

from echoharvester.audio.damage import missing_spans
from echoharvester.audio.media import MediaError, decode_to_flac, load_flac, run_ffmpeg

CODECS = {".m4a": ["aac"], ".webm": ["libopus"], ".mp3": ["libmp3lame"]}


def clicks(duration_sec: int) -> np.ndarray:
    """Noise with a loud click every second, so that every time can be told."""
    rng = np.random.default_rng(0)
    sound = 0.01 * rng.standard_normal(duration_sec * 16_000).astype(np.float32)
    for second in range(1, duration_sec):
        sound[second * 16_000 : second * 16_000 + 160] = 0.9
    return sound


def encoded(folder, suffix, duration_sec=20):
    path = folder / f"whole{suffix}"
    pcm = (clicks(duration_sec) * 32767).astype("<i2").tobytes()
    run_ffmpeg(["-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "pipe:0", "-c:a", *CODECS[suffix],
                f"file:{path}"], "test", pcm)  # fmt: skip
    return path


def without(path, start_sec, end_sec):
    """The file with the packets between two times left out, as a bad network leaves it."""
    target = path.with_name(f"holed{path.suffix}")
    with av.open(str(path)) as source, av.open(str(target), "w") as sink:
        stream = source.streams.audio[0]
        copied = sink.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.pts is None or start_sec <= packet.pts * packet.time_base < end_sec:
                continue
            packet.stream = copied
            sink.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".m4a", ".webm"])
def test_lost_packets_are_noticed_and_shift_nothing(tmp_path, suffix):
    whole = encoded(tmp_path, suffix)
    assert missing_spans(whole) == []
    holed = without(whole, 5.5, 8.5)
    ((start, end),) = missing_spans(holed)
    assert abs(start - 5.5) < 0.1 and abs(end - 8.5) < 0.1
    decode_to_flac(holed, tmp_path / "out.flac")
    sound = load_flac(tmp_path / "out.flac")
    for second in (3, 5, 9, 15):
        around = np.abs(sound[int((second - 0.3) * 16_000) : int((second + 0.3) * 16_000)])
        assert abs(np.argmax(around) / 16_000 - 0.3) < 0.03


def test_gaps_are_on_the_clock_of_the_decoded_sound(tmp_path):
    """A recording of a live stream, whose packets count from long before."""
    whole = encoded(tmp_path, ".webm")
    late = tmp_path / "late.mkv"
    run_ffmpeg(
        ["-i", f"file:{whole}", "-c", "copy", "-output_ts_offset", "100", f"file:{late}"], "test"
    )
    holed = without(late, 105.5, 108.5)
    ((start, end),) = missing_spans(holed)
    assert abs(start - 5.5) < 0.1 and abs(end - 8.5) < 0.1


def test_formats_without_a_clock_have_no_gaps(tmp_path):
    assert missing_spans(encoded(tmp_path, ".mp3")) == []


def test_what_is_no_media_file_is_named(tmp_path):
    path = tmp_path / "text.m4a"
    path.write_text("no sound")
    with pytest.raises(MediaError, match="text.m4a"):
        missing_spans(path)
