"""Types of all settings, taken from the dataclasses and constructors that the settings are for.

What no part of the library takes as it is (paths, choices that a script makes) has its types here.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Union

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from echoharvester.errors import UserError
from echoharvester.options import Options, did_you_mean, options_of
from echoharvester.pipeline.settings import MISSING, select

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


@dataclass(frozen=True)
class Part:
    """Settings that something of the library takes.

    Attributes:
        where: `module:name` of a dataclass or a class, imported when it is needed.
        without: of its arguments, those that are no settings.
    """

    where: str
    without: tuple[str, ...] = ()

    def load(self) -> Callable[..., Any]:
        module, _, name = self.where.partition(":")
        return typing.cast("Callable[..., Any]", getattr(import_module(module), name))

    def options(self) -> Options:
        return {k: v for k, v in options_of(self.load()).items() if k not in self.without}


@dataclass(frozen=True)
class Kind:
    """What a group of one kind takes.

    Attributes:
        parts: of the library.
        more: settings that its script uses.
    """

    parts: tuple[Part, ...] = ()
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def options(self) -> Options:
        found: Options = {}
        for part in self.parts:
            found |= part.options()
        return found | dict(self.more)


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
        "synthetic": Kind(more={"duration_sec": float, "library_seed": int}),
    }),
    "prepare": ("", {"": Kind()}),
    "collect": ("", {"": Kind()}),
    "report": ("", {"": Kind(more={"beside": str | None})}),
    "download": ("", {"": Kind(more={"keep_original": bool})}),
    "segment": ("", {"": Kind(
        (Part(f"{_OURS}.captions.utterances:SegmentConfig"), Part(f"{_OURS}.review.decision:TextRules")),
    )}),
    "align": ("kind", {
        "ctc": Kind(
            (_BOUNDARIES, Part(f"{_OURS}.align.ctc:CtcAligner", ("model", "boundaries"))),
            {"model": str, "tokens": str | None, "num_threads": int, **_ALIGN},
        ),
        "whisper": Kind((_BOUNDARIES, Part(f"{_OURS}.models.whisper:Whisper")), _ALIGN),
        "qwen3": Kind((_BOUNDARIES, Part(f"{_OURS}.align.qwen3:Qwen3Aligner", ("boundaries",))), _ALIGN),
        "auto": Kind(more={"cpu": dict, "gpu": dict}),
        "none": Kind(more=_ALIGN),
    }),
    "measure": ("", {"": Kind((Part(f"{_OURS}.audio.vad:VadConfig"),))}),
    "duplicates": ("", {"": Kind((Part(f"{_OURS}.dataset.duplicates:DuplicateFinder"),))}),
    "filter": ("", {"": Kind((Part(f"{_OURS}.dataset.filter:FilterConfig"),))}),
    "asr": ("kind", _RECOGNISERS),
    "second_asr": ("kind", _RECOGNISERS),
    "validate": ("", {"": Kind(
        (Part(f"{_OURS}.asr.validate:CerThresholds", ("classifier", "curve")),),
        {"acceptance": str | None, "evidence": str | None},
    )}),
    "review": ("", {"": Kind(
        (_SELECTION, Part(f"{_OURS}.review.layout:Layout", ("seed",)),
         Part(f"{_OURS}.review.hand_out:Handout", ("title",)), Part("schema:SampleConfig")),
        {"sample_strata": Sequence[str]},
    )}),
    "export": ("", {"": Kind((Part("schema:ExportConfig"),))}),
    "split": ("", {"": Kind(more={"dev": float, "test": float, "by": str, "max_containment": float})}),
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


def wrong_settings(settings: Mapping[str, Any]) -> list[str]:
    """What is wrong with a whole configuration: a line for every setting, nothing if all is right."""
    top = {k: v for k, v in settings.items() if k not in GROUPS and k not in UNTYPED}
    lines, typed = _check_types("", top, options_of(TopConfig))
    lines = [
        _no_setting(name, options_of(TopConfig))
        for name in sorted(set(top) - {*options_of(TopConfig)})
    ] or lines
    lines = lines or list(_check_values([Part("schema:TopConfig")], typed))
    for group, (key, kinds) in GROUPS.items():
        lines += _check_group(group, settings.get(group), key, kinds)
    return lines


def _check_group(group: str, values: Any, key: str, kinds: Mapping[str, Kind]) -> list[str]:
    if not isinstance(values, Mapping):
        how = f"asr@{group}=NAME" if group == "second_asr" else f"{group}=NAME"
        return [f"{group} is a group of settings, chosen by '{how}' from conf/, not {values!r}"]
    if unknown := _unknown(group, values, key, kinds):
        return unknown
    kind = values.get(key, "") if key else ""
    if kind not in kinds:
        return [f"{group}.{key} is one of {', '.join(kinds)}, not {kind!r}"]
    own = {name: value for name, value in values.items() if name != key or not key}
    if kind == "auto":
        return [
            line
            for name in kinds[kind].more
            for line in _check_group(f"{group}.{name}", own[name], key, kinds)
        ]
    lines, typed = _check_types(f"{group}.", own, kinds[kind].options())
    return lines or list(_check_values(kinds[kind].parts, typed, f"{group}."))


def _unknown(
    group: str, values: Mapping[str, Any], key: str, kinds: Mapping[str, Kind]
) -> list[str]:
    """A line for every setting that no kind of a group has: a recipe can bring in any name."""
    known = set().union(*(kind.options() for kind in kinds.values())) | {key}
    renamed = {old: new for new, old in FORMER_NAMES.items()}
    lines = []
    for name in sorted(set(values) - known):
        old = f"{group}.{name}"
        if old in GONE or old in renamed:
            lines.append(
                f"{old} is no setting: {GONE.get(old) or f'it is called {renamed[old]} now'}"
            )
        else:
            lines.append(_no_setting(old, [f"{group}.{other}" for other in known]))
    return lines


def _no_setting(name: str, known: Iterable[str]) -> str:
    return f"{name} is no setting{did_you_mean(name, known) or ': misspelt?'}"


def _check_types(
    prefix: str, values: Mapping[str, Any], options: Options
) -> tuple[list[str], dict[str, Any]]:
    """A line for every value of another type, and the values as what they are meant to be (Hydra
    reads 119 as a number where a text is wanted); what is set for another kind is let be."""
    lines, typed = [], dict(values)
    known = {name: _plain_type(wanted) for name, wanted in options.items() if name in values}
    schema = OmegaConf.structured(
        dataclasses.make_dataclass(
            "Schema",
            [(k, t, dataclasses.field(default=MISSING)) for k, t in known.items()],
            eq=False,
        )
    )
    for name in known:
        if values[name] == MISSING:
            continue
        try:
            if not _is_written_as(values[name], known[name]):
                raise OmegaConfBaseException
            schema[name] = values[name]
            typed[name] = OmegaConf.to_container(schema)[name]  # type: ignore[call-overload,index]
        except OmegaConfBaseException:
            wanted = _described(f"{prefix}{name}", options[name])
            lines.append(f"{prefix}{name} is {wanted}, not {values[name]!r}")
    return lines, typed


def _is_written_as(value: Any, wanted: Any) -> bool:
    """Whether a value may be converted: OmegaConf makes a number of "8" and a text of True, which
    whoever reads the setting as it was written would not."""
    if isinstance(value, bool):
        return wanted not in (str, str | None)
    return not (isinstance(value, str) and wanted in _NO_TEXT)


_NO_TEXT = (int, float, bool, int | None, float | None, bool | None)


def _check_values(
    parts: Iterable[Part], values: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    """What dataclasses themselves say of values of the right type, and what none has."""
    for part in parts:
        taker = part.load()
        if not dataclasses.is_dataclass(taker):
            continue
        own = {k: v for k, v in values.items() if k in part.options() and v != MISSING}
        needed = [
            f.name
            for f in dataclasses.fields(taker)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        if absent := [name for name in needed if name not in own]:
            known = part.options()
            yield from (f"{prefix}{n} has to be given" for n in absent if n in known)
            continue
        try:
            taker(**own)
        except UserError as error:
            yield str(error)


def _plain_type(wanted: Any) -> Any:
    """A type as OmegaConf knows it."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        plain = [a if a is type(None) else _plain_type(a) for a in arguments]
        return Any if Any in plain else functools.reduce(operator.or_, plain)
    if wanted is Path:
        return str
    if wanted is dict or origin is dict:
        return dict[str, Any]
    if origin is not None and issubclass(origin, Collection):
        element = _plain_type(arguments[0]) if arguments else Any
        return list[element]  # type: ignore[valid-type]
    return wanted if wanted in (int, float, str, bool) else Any


def _described(key: str, wanted: Any) -> str:
    plain = _plain_type(wanted)
    arguments = [a for a in typing.get_args(wanted) if a is not type(None)]
    if typing.get_origin(wanted) in (Union, types.UnionType) and len(arguments) == 1:
        return f"{_described(key, arguments[0])} or null"
    if typing.get_origin(plain) is list:
        return f"a list, written '{key}=[a,b]'"
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return names.get(plain, "something else")


def is_missing(settings: Mapping[str, Any], key: str) -> bool:
    """Whether a setting has to be given and is not."""
    group, _, leaf = key.rpartition(".")
    owner = select(settings, group)
    return isinstance(owner, Mapping) and owner.get(leaf) == MISSING
