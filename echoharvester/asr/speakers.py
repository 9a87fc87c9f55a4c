"""Who speaks when: speakers of a media item, told apart by sherpa-onnx's offline diarisation.

A segmentation model finds up to three voices in windows of ten seconds, an embedding model tells which
of them are the same person, and clustering counts the people (Bredin 2023, pyannote.audio 2.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.audio.media import load_sound
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.models.hub import fetch, loading

GRID_SEC = 0.01  # on which it is counted how many speak at once


@dataclass(frozen=True)
class SpeakersConfig:
    """Models, and how voices become people.

    Attributes:
        segmentation: ONNX file of pyannote's segmentation 3.0, exported for sherpa-onnx, or an address.
        embedding: ONNX file of a speaker embedding that sherpa-onnx runs, or an address.
        num_speakers: of every media item; None: as many as are told apart.
        threshold: of the distance between voices that are one person's; larger: fewer people.
        min_on_sec, min_off_sec: shorter turns go, shorter silence within a turn is filled.
        num_threads: of both models.
    """

    segmentation: str
    embedding: str
    num_speakers: int | None = None
    threshold: float = 0.5
    min_on_sec: float = 0.3
    min_off_sec: float = 0.5
    num_threads: int = 1

    def __post_init__(self) -> None:
        if self.num_speakers is not None and self.num_speakers < 1:
            raise UserError(f"speakers.num_speakers is at least 1, not {self.num_speakers}")


@dataclass(frozen=True)
class Turn:
    """A stretch in which one person speaks; others may, too."""

    start_sec: float
    end_sec: float
    speaker: int


class Diariser:
    """Both models, loaded once."""

    def __init__(self, config: SpeakersConfig) -> None:
        """
        Raises:
            UserError: if a model is missing, or is none of its kind.
        """
        import sherpa_onnx as sherpa

        paths = {name: fetch(getattr(config, name)) for name in ("segmentation", "embedding")}
        for name, path in paths.items():
            if not path.is_file():
                raise UserError(f"speakers.{name}={path}: no such file; name one, or run stage 0")
        segmentation = sherpa.OfflineSpeakerSegmentationModelConfig(
            sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(str(paths["segmentation"])),
            num_threads=config.num_threads,
        )
        embedding = sherpa.SpeakerEmbeddingExtractorConfig(
            str(paths["embedding"]), num_threads=config.num_threads
        )
        clustering = sherpa.FastClusteringConfig(
            num_clusters=config.num_speakers or -1, threshold=config.threshold
        )
        whole = sherpa.OfflineSpeakerDiarizationConfig(
            segmentation, embedding, clustering, config.min_on_sec, config.min_off_sec
        )
        with loading(config.segmentation, "a diarisation with that embedding"):
            if not whole.validate():
                raise ValueError("sherpa-onnx refuses it")
            self._model = sherpa.OfflineSpeakerDiarization(whole)

    def turns(self, samples: np.ndarray) -> list[Turn]:
        """Turns in 16 kHz samples (num_samples,), in order of their beginnings."""
        found = self._model.process(samples).sort_by_start_time()
        return [Turn(float(s.start), float(s.end), int(s.speaker)) for s in found]


def speakers_media(
    cuts: Sequence[Cut],
    turns_of: Callable[[np.ndarray], Sequence[Turn]],
    load: Callable[[Cut], np.ndarray] = load_sound,
) -> list[Cut]:
    """The cuts of one media item with who speaks in each, and for how much of it several do.

    A speaker is one of this media item: `ID-speaker0` of another is somebody else.  What captions say
    of who speaks stays.

    Args:
        load: samples (num_samples,) of the recording of a cut.

    Raises:
        MediaError: if the recording cannot be read.
    """
    if all(map(is_rejected, cuts)):
        return list(cuts)
    turns = list(turns_of(load(cuts[0])))
    return [cut if is_rejected(cut) else _with_speaker(cut, turns) for cut in cuts]


def _with_speaker(cut: Cut, turns: Sequence[Turn]) -> Cut:
    start, end = cut["start"], cut["start"] + cut["duration"]
    seconds: dict[int, float] = defaultdict(float)
    inside = list(_inside(turns, start, end))
    for turn in inside:
        seconds[turn.speaker] += turn.end_sec - turn.start_sec
    cut = with_custom(cut, overlap_ratio=round(_overlap(inside, start, end), 4))
    if not seconds:
        return cut
    most = max(seconds, key=lambda speaker: seconds[speaker])
    name = f"{cut['custom']['media_id']}-speaker{most}"
    share = round(seconds[most] / sum(seconds.values()), 4)
    cut = with_custom(cut, speaker=name, speaker_share=share)
    told = cut["supervisions"][0].get("speaker")
    return cut if told else with_supervision(cut, speaker=name)


def _inside(turns: Sequence[Turn], start: float, end: float) -> Iterator[Turn]:
    for turn in turns:
        a, b = max(turn.start_sec, start), min(turn.end_sec, end)
        if b > a:
            yield Turn(a, b, turn.speaker)


def _overlap(turns: Sequence[Turn], start: float, end: float) -> float:
    """Share of a time in which more than one person speaks."""
    count = np.zeros(max(1, round((end - start) / GRID_SEC)), int)
    speaking = {speaker: np.zeros(len(count), bool) for speaker in {turn.speaker for turn in turns}}
    for turn in turns:
        a, b = (round((t - start) / GRID_SEC) for t in (turn.start_sec, turn.end_sec))
        speaking[turn.speaker][a:b] = True
    for mask in speaking.values():
        count += mask
    return float((count > 1).mean())
