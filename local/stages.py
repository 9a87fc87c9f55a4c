"""THE table of stages: what each reads and leaves, what its output depends on, what it needs.

A new stage is a row here, a script of its name beside this file, and a line in run.sh.
"""

from __future__ import annotations

from echoharvester.pipeline import inputs, outputs
from echoharvester.pipeline.outputs import ManifestOutput, PageOutput, RecordOutput
from echoharvester.pipeline.stage import Stage, stage_table
from echoharvester.sources.download import is_there

_ALIGNERS = ("align", "align.cpu", "align.gpu")
_ALIGNER_FILES = ("model", "tokens", "calibration", "repo")
_ALIGNER_MODELS = tuple(f"{align}.{file}" for align in _ALIGNERS for file in _ALIGNER_FILES)
_RECOGNISERS = ("asr", "asr.cpu", "asr.gpu", "second_asr", "second_asr.cpu", "second_asr.gpu")
_RECOGNISER_FILES = ("model", "tokens", "decoder", "joiner", "repo")
_ASR_MODELS = tuple(f"{asr}.{file}" for asr in _RECOGNISERS[:3] for file in _RECOGNISER_FILES)
_INTRODUCED_TO_ASR = {f"{asr}.evidence": True for asr in _RECOGNISERS}
_INTRODUCED_TO_FILTER = {"filter.max_overlap_ratio": 0.1}
_INTRODUCED_TO_VALIDATE = {
    "validate.refit": False, "validate.refit_hours": 3.0, "validate.refit_precision": 0.994,
    "validate.max_cer_machine": 0.03, "validate.min_probability_machine": 0.98,
}  # fmt: skip

STAGES = stage_table(
    Stage(
        0, "prepare",
        settings=("source", "prepare"), introduced={"source.uncaptioned": "reject"},
        output=ManifestOutput(lambda p: p.truth, outputs.library, outputs.is_synthetic),
    ),
    Stage(
        1, "collect",
        settings=("source", "collect"), introduced={"source.uncaptioned": "reject"},
        target="cuts_media", item="media",
    ),
    Stage(
        2, "download",
        settings=("download",),
        source="cuts_media", target="cuts_downloaded", item="media", holds=is_there,
        version=3,
    ),
    Stage(
        3, "transcribe",
        settings=("transcribe", "asr"), models=_ASR_MODELS,
        introduced={"transcribe.automatic": "captions", **_INTRODUCED_TO_ASR},
        source="cuts_downloaded", target="cuts_transcribed", item="media", holds=is_there,
        gpu=True, wanted=outputs.is_transcribing,
    ),
    Stage(
        3, "segment",
        settings=("segment",), models=("segment.lexicon",),
        source="cuts_transcribed", target="cuts_segmented", item="media", one_to_many=True,
        version=5,
    ),
    Stage(
        4, "align",
        settings=("align", "witness"),
        models=(*_ALIGNER_MODELS, "witness.model", "witness.aligned"),
        introduced={
            "align.chunk_sec": 20.0, "align.tokens": None, "align.join_sec": None, "witness": {"kind": "none"},
        },
        source="cuts_segmented", target="cuts_aligned",
        gpu=True, version=7,
    ),
    Stage(
        5, "measure",
        settings=("measure",),
        source="cuts_aligned", target="cuts_measured", version=3,
    ),
    Stage(
        5, "speakers",
        settings=("speakers",), models=("speakers.segmentation", "speakers.embedding"),
        source="cuts_measured", target="cuts_diarised", wanted=outputs.is_diarised,
    ),
    Stage(
        5, "duplicates",
        settings=("duplicates", "filter"), introduced=_INTRODUCED_TO_FILTER,
        reads=("cuts_measured",), inputs=inputs.of_duplicates,
        output=ManifestOutput(lambda p: p.duplicates, outputs.duplicates),
        long=True, after_takedown=True, version=2,
    ),
    Stage(
        5, "filter",
        settings=("filter",), introduced=_INTRODUCED_TO_FILTER,
        source="cuts_diarised", target="cuts_filtered", extra_input="duplicates",
        after_takedown=True, version=4,
    ),
    Stage(
        6, "refit",
        settings=("align", "asr", "witness", "validate.refit_hours", "validate.refit_precision", "seed"),
        models=(*_ALIGNER_MODELS, *_ASR_MODELS, "witness.model"),
        reads=("cuts_filtered",), inputs=inputs.of_refit,
        output=ManifestOutput(lambda p: p.evidence, outputs.evidence),
        wanted=outputs.is_refitted,
        gpu=True, long=True,
    ),
    Stage(
        6, "validate",
        settings=("validate", "asr", "second_asr"),
        introduced=_INTRODUCED_TO_VALIDATE | _INTRODUCED_TO_ASR | {"validate.min_probability": None},
        models=(
            *(f"{asr}.{file}" for asr in _RECOGNISERS for file in _RECOGNISER_FILES),
            "validate.acceptance",
        ),
        files=("validate.evidence",),
        source="cuts_filtered", target="cuts_validated", extra_input="refit",
        extra=inputs.fitted_evidence,
        gpu=True, version=6,
    ),
    Stage(
        7, "review",
        settings=("review", "validate", "seed"),
        files=("validate.evidence",),
        introduced=_INTRODUCED_TO_VALIDATE | {
            "validate.read_hypotheses": False, "validate.evidence": "auto", "validate.min_probability": None,
        },
        reads=("cuts_validated",), inputs=inputs.of_review,
        output=ManifestOutput(lambda p: p.review_rows, outputs.review_rows),
        after_takedown=True, version=3,
    ),
    Stage(
        8, "review_edits",
        settings=("segment.min_chars", "segment.min_hangul_share"), models=("segment.lexicon",),
        reads=("review/*.tsv", "cuts_validated"), inputs=inputs.of_review_edits,
        output=ManifestOutput(lambda p: p.review_edits, outputs.review_edits),
        after_takedown=True,
    ),
    Stage(
        8, "merge",
        settings=("segment.min_chars", "segment.min_hangul_share"), models=("segment.lexicon",),
        source="cuts_validated", target="cuts_reviewed", extra_input="review_edits",
        after_takedown=True, version=3,
    ),
    Stage(
        9, "export",
        settings=("export",),
        reads=("cuts_reviewed", "review_edits"), inputs=inputs.of_export,
        output=ManifestOutput(lambda p: p.dataset_manifest, outputs.dataset),
        long=True, after_takedown=True, version=3,
    ),
    Stage(
        10, "split",
        settings=("split", "seed"), models=("split.fixed",), introduced={"split.fixed": None},
        reads=("manifest.jsonl.gz",), inputs=inputs.of_split,
        output=ManifestOutput(lambda p: p.split("train"), outputs.split),
        long=True, after_takedown=True, version=3,
    ),
    Stage(
        10, "prepare_lang",
        settings=("tokenizer", "lm"), models=("segment.lexicon",),
        reads=("cuts_train",), inputs=inputs.of_prepare_lang,
        output=RecordOutput(lambda p: p.lang_record), version=2,
    ),
    Stage(
        11, "train",
        settings=("train", "model", "tokenizer", "seed"), models=("train.init",),
        reads=("cuts_train", "cuts_dev", "lang"), inputs=inputs.of_train,
        output=RecordOutput(lambda p: p.train_record),
        place="train", gpu=True, long=True, trains_together=True,
    ),
    Stage(
        12, "decode",
        settings=("decode",),
        reads=("cuts_dev", "cuts_test", "lang", "train.json"), inputs=inputs.of_decode,
        output=RecordOutput(lambda p: p.decode_record),
        place="train", gpu=True, long=True, version=3,
    ),
    Stage(
        13, "export_model",
        settings=("export_model",),
        reads=("train.json", "decode.json"), inputs=inputs.of_export_model,
        output=RecordOutput(lambda p: p.export_record),
        place="train",
    ),
    Stage(
        14, "report",
        settings=("report",),
        reads=("cuts_reviewed", "manifest.jsonl.gz", "review_edits", "train.json", "decode.json", "export.json"),
        inputs=inputs.of_report,
        output=PageOutput(lambda p: p.report),
        place="exp", version=4,
    ),
)  # fmt: skip

# Settings that were renamed: name of today, name of before.
FORMER_NAMES = {
    "export.extra_formats": "export.also",
    "export.merge_shar_dirs": "export.join",
    "align.trim": "align.salvage",
}
# Settings that went, and why.
GONE = {"launcher.gpu_stages": "which stages use a GPU stands in local/stages.py"}

LAST = max(stage.number for stage in STAGES.values())
