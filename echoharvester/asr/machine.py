"""Labels that a recogniser wrote: kept where another, unlike one bears them out.

What the transcriber thinks of its own text says nothing.  Unlike ones are a second recogniser, the
aligner and a witness, as far as their model is another, and the recogniser of a site that has captioned
the media; a text is accepted where one of them hears the same, or where the aligner's evidence makes it
all but certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.asr.evidence import EvidenceCurve, TextEvidence
from echoharvester.errors import UserError
from echoharvester.manifests.accounting import REVIEW
from echoharvester.manifests.cuts import rejected, text_of, with_custom
from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import cer, nearest_words_cer, normalize_for_scoring
from echoharvester.text.spoken import candidates

STAGE = "validate"
MIN_SITE_LETTERS = 6  # fewer are found by chance among what is said around
SITE_TEXT = "site_text"  # of a cut: what a site's recogniser wrote there
SECOND, ALIGNER, WITNESS = UNLIKE = ("second_asr", "align", "witness")


@dataclass(frozen=True)
class MachineRule:
    """What a machine's label needs.

    Attributes:
        max_cer: between it and what an unlike model heard.
        min_probability: by the evidence of an unlike aligner; that alone suffices, too.
        review_margin: so much more CER goes to review.
        unlike: of `UNLIKE` those whose model is another than the transcriber's.
    """

    max_cer: float = 0.03
    min_probability: float = 0.98
    review_margin: float = 0.10
    unlike: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.min_probability <= 1:
            raise UserError(
                f"validate.min_probability_machine is from 0 to 1, not {self.min_probability}"
            )


def unlike(settings: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Who of `UNLIKE` listens with another model than `asr`.

    Args:
        settings: of `asr` and of these, as chosen for this machine.
    """
    transcriber = _model_of("asr", settings["asr"])
    found = {name: _model_of(name, settings[name]) for name in UNLIKE}
    return frozenset(name for name, model in found.items() if model not in ("", transcriber))


def _model_of(group: str, settings: Mapping[str, Any]) -> str:
    """What tells a model from others; "" where none listens."""
    if settings["kind"] == "none" or (group == ALIGNER and settings["kind"] == "qwen3"):
        return ""  # that aligner gives times, and hears no text
    name = str(settings.get("model") or settings.get("repo") or "")
    path = Path(name)
    if name and path.is_file():
        whole = path.with_name(
            f"{path.name.partition('.')[0]}.onnx"
        )  # of model.int8.onnx, model.onnx
        return file_digest(whole if path.suffix == ".onnx" and whole.is_file() else path)
    if name and path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file()]
        if files:
            weights = max(files, key=lambda file: (file.stat().st_size, file.name))
            return _ends_of(weights)
    # Systran/faster-whisper-large-v3 is what large-v3 stands for.
    return name.rpartition("/")[2].removeprefix("faster-whisper-").lower()


def _ends_of(path: Path) -> str:
    """Size and last bytes of a file of gigabytes: copies have the same, other weights do not."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65536))
        return fingerprint(size, file.read().hex())


def judged_machine(
    cut: Cut, hypotheses: Sequence[str], rule: MachineRule, curve: EvidenceCurve | None
) -> Cut:
    """The cut accepted, for review, or rejected; `machine_cer`: how far the nearest unlike model heard
    otherwise."""
    text = text_of(cut)
    rates = [_rate(text, other, _cer) for other in _heard_otherwise(cut, hypotheses, rule)]
    if SITE_TEXT in cut["custom"] and len(normalize_for_scoring(text)) >= MIN_SITE_LETTERS:
        rates.append(_rate(text, cut["custom"][SITE_TEXT], nearest_words_cer))
    if not rates:
        return rejected(cut, STAGE, "unconfirmed")
    rate = min(rates)
    cut = with_custom(cut, machine_cer=rate)
    evidence = TextEvidence.of_cut(cut) if ALIGNER in rule.unlike else None
    if curve and curve.judges(cut) and evidence and not curve.of_witness:
        probability = round(curve.probability(evidence.figures()), 4)
        cut = with_custom(cut, label_probability=probability)
        if probability >= rule.min_probability:
            return cut
    if rate <= rule.max_cer:
        return cut
    if rate <= rule.max_cer + rule.review_margin:
        return with_custom(cut, status=REVIEW, reason="machine_doubtful")
    return rejected(cut, STAGE, "unconfirmed")


def _heard_otherwise(cut: Cut, hypotheses: Sequence[str], rule: MachineRule) -> Iterator[str]:
    custom = cut["custom"]
    found = {
        SECOND: hypotheses[1] if len(hypotheses) > 1 else None,
        ALIGNER: custom.get("heard_text"),
        WITNESS: custom.get("witness_heard_text"),
    }
    yield from (text for who, text in found.items() if who in rule.unlike and text is not None)


def _rate(text: str, heard: str, rate: Callable[[str, str], float]) -> float:
    return round(min(rate(text, reading) for reading in (heard, *candidates(heard))), 4)


def _cer(text: str, heard: str) -> float:
    return cer(text, heard).rate
