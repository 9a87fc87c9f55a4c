"""Types of all settings, taken from the dataclasses and constructors that the settings are for.

What no part of the library takes as it is (paths, choices that a script makes) has its types here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from echoharvester.errors import UserError
from echoharvester.pipeline.checks import Kind, Part, Schema

from stages import FORMER_NAMES, GONE


def at_least(smallest: int, **values: Any) -> None:
    """Raises `UserError` for the first number that is smaller."""
    for name, value in values.items():
        if value is not None and value < smallest:
            raise UserError(f"{name} is at least {smallest}, not {value}")


@dataclass(frozen=True)
class TopConfig:
    """Settings outside of all groups."""

    recipe_dir: str
    data_dir: str
    exp_dir: str
    train_dir: str
    num_shards: int
    shard: int | None
    seed: int
    max_error_rate: float

    def __post_init__(self) -> None:
        at_least(1, num_shards=self.num_shards)


@dataclass(frozen=True)
class ExportConfig:
    name: str | None
    cuts_per_shard: int
    audio_format: str
    merge_shar_dirs: Sequence[str]
    extra_formats: Sequence[str]
    num_workers: int

    def __post_init__(self) -> None:
        at_least(1, **{"export.cuts_per_shard": self.cuts_per_shard})
        at_least(0, **{"export.num_workers": self.num_workers})


@dataclass(frozen=True)
class DecodeConfig:
    method: str
    checkpoint: str
    avg: int
    sets: Sequence[str]
    num_threads: int
    num_workers: int
    batch_sec: float
    device: str
    options: dict[str, Any]

    def __post_init__(self) -> None:
        at_least(1, **{"decode.avg": self.avg})


@dataclass(frozen=True)
class ExportModelConfig:
    checkpoint: str
    avg: int
    fp16: bool
    int8: bool
    streaming: str | bool
    chunk_size: int
    left_context: int
    check_utterances: int
    max_difference: float

    def __post_init__(self) -> None:
        at_least(
            1,
            **{f"export_model.{name}": getattr(self, name) for name in ("avg", "check_utterances")},
        )


@dataclass(frozen=True)
class SampleConfig:
    accepted_sample: int

    def __post_init__(self) -> None:
        at_least(0, **{"review.accepted_sample": self.accepted_sample})


@dataclass(frozen=True)
class TextConfig:
    """What the text for language models is, beside that of the training set."""

    text: Sequence[str]
    synthetic_sentences: int

    def __post_init__(self) -> None:
        at_least(0, **{"lm.synthetic_sentences": self.synthetic_sentences})


_OURS, _ALIGN = (
    "echoharvester",
    {
        "pad_sec": float,
        "trim": bool,
        "join_sec": float | None,
        "calibration": str | None,
    },
)
_BOUNDARIES = Part(f"{_OURS}.align.base:BoundaryConfig")
_RECOGNISERS = {
    "sherpa_onnx": Kind((Part(f"{_OURS}.asr.sherpa:SherpaRecogniser"),)),
    "ctc": Kind(
        (Part(f"{_OURS}.asr.ctc:CtcRecogniser", ("model",)),), {"model": str, "num_threads": int}
    ),
    "qwen3": Kind((Part(f"{_OURS}.asr.qwen3:Qwen3Recogniser"),)),
    "faster_whisper": Kind((Part(f"{_OURS}.asr.faster_whisper:WhisperRecogniser"),)),
    "vosk": Kind((Part(f"{_OURS}.asr.vosk:VoskRecogniser"),)),
    "auto": Kind(more={"cpu": dict, "gpu": dict}),
    "none": Kind(),
}
_SELECTION = Part(f"{_OURS}.review.select:Selection")
# By group the setting that names its kind, and the kinds; "" where there is but one.
GROUPS: dict[str, tuple[str, dict[str, Kind]]] = {
    "source": ("kind", {
        "local": Kind((Part(f"{_OURS}.sources.local:LocalSource"),)),
        "youtube": Kind((
            Part(f"{_OURS}.sources.youtube.source:VideoFilter"),
            Part(f"{_OURS}.sources.youtube.source:YoutubeSource", ("site", "wanted")),
        )),
        "synthetic": Kind(more={"duration_sec": float, "library_seed": int, "uncaptioned": str}),
    }),
    "prepare": ("", {"": Kind()}),
    "collect": ("", {"": Kind()}),
    "rounds": ("", {"": Kind((Part(f"{_OURS}.pipeline.round:RoundsConfig"),))}),
    "report": ("", {"": Kind(more={"beside": str | None})}),
    "download": ("", {"": Kind(more={"keep_original": bool})}),
    "transcribe": ("", {"": Kind((Part(f"{_OURS}.asr.transcribe:TranscribeConfig"),))}),
    "segment": ("", {"": Kind(
        (Part(f"{_OURS}.captions.utterances:SegmentConfig"), Part(f"{_OURS}.review.decision:TextRules")),
    )}),
    "align": ("kind", {
        "ctc": Kind(
            (_BOUNDARIES, Part(f"{_OURS}.align.ctc:CtcAligner", ("model", "boundaries"))),
            {"model": str, "tokens": str | None, "num_threads": int, **_ALIGN},
        ),
        "whisper": Kind((_BOUNDARIES, Part(f"{_OURS}.models.whisper:Whisper")), {**_ALIGN, "read_out": bool}),
        "qwen3": Kind((_BOUNDARIES, Part(f"{_OURS}.align.qwen3:Qwen3Aligner", ("boundaries",))), _ALIGN),
        "auto": Kind(more={"cpu": dict, "gpu": dict}),
        "none": Kind(more=_ALIGN),
    }),
    "witness": ("kind", {
        "ctc": Kind((Part(f"{_OURS}.align.witness:WitnessConfig"),)),
        "none": Kind(),
    }),
    "measure": ("", {"": Kind((Part(f"{_OURS}.audio.vad:VadConfig"),))}),
    "speakers": ("kind", {
        "sherpa_onnx": Kind((Part(f"{_OURS}.asr.speakers:SpeakersConfig"),)),
        "none": Kind(),
    }),
    "duplicates": ("", {"": Kind((Part(f"{_OURS}.dataset.duplicates:DuplicateFinder"),))}),
    "filter": ("", {"": Kind((Part(f"{_OURS}.dataset.filter:FilterConfig"),))}),
    "asr": ("kind", _RECOGNISERS),
    "second_asr": ("kind", _RECOGNISERS),
    "validate": ("", {"": Kind(
        (Part(f"{_OURS}.asr.validate:CerThresholds", ("classifier", "curve", "machine")),),
        {"acceptance": str | None, "evidence": str | None, "refit": bool, "refit_hours": float,
         "refit_precision": float, "max_cer_machine": float, "min_probability_machine": float},
    )}),
    "review": ("", {"": Kind(
        (_SELECTION, Part(f"{_OURS}.review.layout:Layout", ("seed",)),
         Part(f"{_OURS}.review.hand_out:Handout", ("title",)), Part("schema:SampleConfig")),
        {"sample_strata": Sequence[str]},
    )}),
    "export": ("", {"": Kind((Part("schema:ExportConfig"),))}),
    "split": ("", {"": Kind(more={"dev": float, "test": float, "by": str, "max_containment": float, "fixed": str | None})}),
    "tokenizer": ("", {"": Kind(more={"kind": str, "keep_space": bool, "vocab_size": int})}),
    "train": ("", {"": Kind(
        (Part(f"{_OURS}.training.config:TrainConfig", ("seed",)),
         Part(f"{_OURS}.training.config:CutDataConfig", ("shuffle", "seed"))),
        {"data": str, "init": str | None, "init_weights": str, "init_prefix": str,
         "num_threads": int, "synthetic": dict | None},
    )}),
    "lm": ("", {"": Kind((Part(f"{_OURS}.decoding.lang:LangConfig"), Part("schema:TextConfig")))}),
    "decode": ("", {"": Kind((Part("schema:DecodeConfig"),))}),
    "export_model": ("", {"": Kind((Part("schema:ExportModelConfig"),))}),
    "launcher": ("kind", {
        "local": Kind((Part(f"{_OURS}.pipeline.processes:LocalConfig"),)),
        "slurm": Kind((Part(f"{_OURS}.pipeline.slurm:SlurmConfig"),)),
    }),
    "network": ("", {"": Kind((Part(f"{_OURS}.sources.youtube.site:Network"),))}),
}  # fmt: skip
UNTYPED = {"model"}  # its constructors need torch; `models.ctc.build_model` names what is wrong


def _converted(value: Any, wanted: Any) -> Any:
    """
    Raises:
        ValueError: if a value is none of a type.
    """
    try:
        holder = _holder(wanted)()
        schema = OmegaConf.structured(holder)
        schema.value = value
        return OmegaConf.to_container(schema)["value"]  # type: ignore[call-overload,index]
    except OmegaConfBaseException as error:
        raise ValueError from error


@cache
def _holder(wanted: Any) -> type:
    fields = [("value", wanted, dataclasses.field(default=MISSING))]
    return dataclasses.make_dataclass("Holder", fields, eq=False)


SCHEMA = Schema(Part("schema:TopConfig"), GROUPS, UNTYPED, FORMER_NAMES, GONE, _converted)
