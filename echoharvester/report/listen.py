"""A few utterances to hear, inside the page."""

from __future__ import annotations

import base64
import io

from echoharvester.manifests.shards import Cut

MAX_SEC = 12.0


def sound_of(cut: Cut) -> str:
    """The sound of a cut as a `data:` address (MP3); "" where its recording is gone."""
    import soundfile

    own = cut["recording"]
    first = round(cut["start"] * own["sampling_rate"])
    stop = first + round(min(cut["duration"], MAX_SEC) * own["sampling_rate"])
    try:
        samples, rate = soundfile.read(own["sources"][0]["source"], start=first, stop=stop)
    except (soundfile.SoundFileError, OSError):
        return ""
    out = io.BytesIO()
    soundfile.write(
        out, samples, rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.6
    )
    return "data:audio/mpeg;base64," + base64.b64encode(out.getvalue()).decode()
