"""Where sound is missing from a media file that decoders pass with success.

A file cut short ends early; one whose packets were lost on the way has holes.  Decoding fills
holes with silence, so that all other times stay right (`audio.media`), and says nothing.
"""

from __future__ import annotations

from pathlib import Path

from echoharvester.audio.media import MediaError

MIN_GAP_SEC = 0.1
MIN_GAP_OF_OPUS_SEC = 0.45  # its encoders may leave out silence, all but a packet every 0.4 s


def missing_spans(path: Path, track: int = 0) -> list[tuple[float, float]]:
    """Spans of an audio track (from 0), in seconds of the file's clock, that no packet covers.

    Packets are read, not decoded.  A beginning that is late is no damage, nor is the end: see
    the declared duration for that.

    Raises:
        MediaError: if the file cannot be read at all.
    """
    import av

    gaps = []
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.audio[track]
            codec = stream.codec_context
            least = MIN_GAP_OF_OPUS_SEC if codec.name in ("opus", "libopus") else MIN_GAP_SEC
            # mp4 stretches the packet in front of a hole over it; a codec's frames are of one size.
            stretched = codec.frame_size and "mp4" in container.format.name
            longest = codec.frame_size / codec.sample_rate if stretched else float("inf")
            zero = (container.start_time or 0) / av.time_base  # where decoding begins to count
            covered: float | None = None
            for packet in container.demux(stream):
                if packet.pts is None or packet.time_base is None or packet.is_corrupt:
                    continue
                start = float(packet.pts * packet.time_base) - zero
                if covered is not None and start - covered >= least:
                    gaps.append((round(covered, 3), round(start, 3)))
                length = min(float((packet.duration or 0) * packet.time_base), longest)
                covered = max(covered or start, start + length)
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise MediaError(f"{path}: not a readable media file ({error})") from error
    return gaps
