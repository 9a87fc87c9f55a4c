"""Media and captions that are broken in every way: each an error or a reject that says why."""

import threading
import time

import pytest
from faults.broken_media import BROKEN, BROKEN_CAPTIONS, ODD_NAMES, Workshop, odd_files
from recipe_support import Recipe, accounted

from echoharvester.audio.media import run_ffmpeg
from echoharvester.manifests.shards import read_all_cuts, read_cuts

MAX_RSS_MIB = 1500


@pytest.fixture(scope="module")
def harvest(finished, tmp_path_factory):
    """All broken media, and good ones among them, through stages 1 to 9; and the good one alone."""
    library = finished.data_dir / "library"
    captions = library / "morning_news.ko.vtt"
    folder = tmp_path_factory.mktemp("broken")
    media = folder / "media"
    media.mkdir()
    good = folder / "good.m4a"
    run_ffmpeg(["-t", "11", "-i", f"file:{library}/morning_news.m4a", f"file:{good}"], "good")
    shop = Workshop(folder, good)
    text = captions.read_bytes()
    for name, make in BROKEN.items():
        (media / name).write_bytes(make(shop))
        (media / name).with_suffix(".ko.vtt").write_bytes(text)
    for i, (name, content) in enumerate(BROKEN_CAPTIONS.items()):
        (media / f"{name}.m4a").write_bytes(shop.data + bytes([i]))  # else they are one media item
        (media / f"{name}.ko.vtt").write_bytes(content)
    odd = odd_files(media, text)
    mp3 = shop.encoded("x.mp3")
    for i, name in enumerate(ODD_NAMES):
        (media / name).write_bytes(mp3 + bytes([i]))
        (media / name).with_suffix(".vtt").write_bytes(text)  # .ko.vtt is too long for one of them
    (media / "good.m4a").write_bytes(shop.data)
    (media / "good.ko.vtt").write_bytes(text)
    grows = _Growing(media / "grows.mp3", mp3, text)
    settings = ("source=local", f"source.paths=[{media}]", "num_shards=3", "duplicates.by=[]")
    recipe = Recipe(folder / "data", folder / "exp", settings)
    with grows:
        done, peak_mib = recipe.run_measured("--stop-stage", "9", "max_error_rate=1.0")
    alone = Recipe(
        folder / "alone",
        folder / "exp",
        ("source=local", f"source.paths=[{media}/good.m4a]", "num_shards=3"),
    )
    alone.run("--stop-stage", "9")
    return recipe, alone, done, odd, peak_mib


class _Growing:
    """A file that somebody is still writing."""

    def __init__(self, path, data, captions):
        self.path, self.data, self.done = path, data, threading.Event()
        path.write_bytes(data[: len(data) // 2])
        path.with_suffix(".ko.vtt").write_bytes(captions)
        self.writer = threading.Thread(target=self._write)

    def _write(self):
        with open(self.path, "ab") as file:
            for k in range(len(self.data) // 2, len(self.data), 2000):
                if self.done.wait(0.2):
                    return
                file.write(self.data[k : k + 2000])
                file.flush()

    def __enter__(self):
        self.writer.start()

    def __exit__(self, *_):
        self.done.set()
        self.writer.join()


def fates(recipe):
    """What became of every file, by name: (status, reason or message)."""
    found = {}
    for cut in read_all_cuts(recipe.manifests, "cuts_reviewed"):
        name = cut["custom"]["media_path"].rpartition("/")[2]
        found.setdefault(name, set()).add(
            (cut["custom"]["status"], cut["custom"].get("reason", ""))
        )
    for path in recipe.manifests.glob("*.errors.jsonl.gz"):
        for cut in read_cuts(path):
            name = cut["custom"]["media_path"].rpartition("/")[2]
            found.setdefault(name, set()).add(("error", cut["custom"]["error"]["message"]))
    return found


@pytest.mark.slow
def test_every_file_has_a_fate_and_a_reason(harvest):
    recipe, _, done, odd, _ = harvest
    assert "Traceback" not in done.stdout + done.stderr
    found = fates(recipe)
    named = [*BROKEN, *(f"{n}.m4a" for n in BROKEN_CAPTIONS), *ODD_NAMES, "good.m4a", "grows.mp3"]
    assert len(named) >= 50
    for name in named:
        assert name in found, name
        assert all(reason for status, reason in found[name] if status not in ("accepted", "review"))
    # Links that lead nowhere, folders and pipes are no media files; a pipe is never opened.
    assert not set(odd) - {"forbidden.mp3"} & set(found)


@pytest.mark.slow
def test_what_is_no_sound_is_an_error_that_names_it(harvest):
    found = fates(harvest[0])
    for name in ("empty.mp3", "text.mp3", "noise.mp4", "zeros.m4a", "truncated_index.m4a", "gzip.mp3",
                 "no_audio_track.mp4", "header_only.wav", "playlist.mp3", "concat.mp4", "sdp.wav",
                 "captions_text.m4a", "captions_empty.m4a"):  # fmt: skip
        ((status, message),) = found[name]
        assert status == "error" or message.startswith("captions"), (name, found[name])
        assert status != "error" or name.rpartition(".")[0] in message, (name, message)


@pytest.mark.slow
def test_what_can_be_used_is_used(harvest):
    found = fates(harvest[0])
    for name in ("good.m4a", "eight_channels.wav", "rate_192k.flac", "wrong_suffix.mp3", "huge_tag.mp3",
                 "video_of_two_tracks.mp4", "says_27_hours.wav", "truncated.mp3", "lost_packets.m4a",
                 "lost_packets.webm", "corrupt_middle.mp3", *ODD_NAMES):  # fmt: skip
        assert any(status in ("accepted", "review") for status, _ in found[name]), (
            name,
            found[name],
        )
    for name, reason in (
        ("silence.flac", "not_alignable"),
        ("tone.wav", ""),
        ("rate_8k.wav", "narrow_band"),
    ):
        assert not any(status == "accepted" for status, _ in found[name]), (name, found[name])
        assert any(reason in why or "low" in why or "match" in why for _, why in found[name])
    cuts = list(read_all_cuts(harvest[0].manifests, "cuts_reviewed"))
    for name in ("lost_packets.m4a", "lost_packets.webm"):
        of_it = [c for c in cuts if c["custom"]["media_path"].endswith(f"/{name}")]
        ((start, end),) = of_it[0]["custom"]["media_gaps"]
        assert 3.9 < start < 4.1 and 6.9 < end < 7.1
        kept = [c for c in of_it if c["custom"]["status"] != "rejected"]
        assert kept and all(c["start"] + c["duration"] <= start or c["start"] >= end for c in kept)


@pytest.mark.slow
def test_the_rest_is_unharmed_and_everything_accounted_for(harvest):
    recipe, alone, *_ = harvest
    for name, counts in accounted(recipe).items():
        assert counts["in"] == counts["accepted"] + counts["rejected"] + counts["errors"], name

    def of_good(run):
        cuts = [
            c
            for c in read_all_cuts(run.manifests, "cuts_reviewed")
            if c["custom"]["media_path"].endswith("/good.m4a")
        ]
        return [(c["start"], c["duration"], c["supervisions"], c["custom"]["status"]) for c in cuts]

    assert of_good(recipe) == of_good(alone) and of_good(alone)


@pytest.mark.slow
def test_memory_is_bounded(harvest):
    assert 100 < harvest[-1] < MAX_RSS_MIB


@pytest.mark.slow
def test_again_only_the_errors_are_tried(harvest):
    recipe = harvest[0]
    before = fates(recipe)
    started = time.time()
    recipe.run("--stop-stage", "9", "max_error_rate=1.0")
    after = fates(recipe)
    before.pop("grows.mp3"), after.pop("grows.mp3")
    assert after == before
    assert time.time() - started < 120
