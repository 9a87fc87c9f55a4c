"""Types of settings, checked before anything runs."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf


class UserError(Exception):
    """Something that the user can mend; printed without a traceback."""


# Settings that a wrong type would make something odd of, far from where it was written.
_LISTS = (
    "source.paths", "source.urls", "review.statuses", "review.media", "review.reasons",
    "review.reviewers", "review.sample_strata", "export.join", "export.also", "decode.sets", "lm.text",
    "train.speed_factors",
)  # fmt: skip
_NUMBERS = (
    "review.min_cer", "review.max_cer", "review.min_duration_sec", "review.max_duration_sec",
    "review.min_snr_db", "review.max_snr_db", "review.overlap", "review.clip_padding_sec",
    "split.dev", "split.test", "split.max_containment",
)  # fmt: skip
_COUNTS = {
    "num_shards": 1, "review.batch_rows": 1, "review.max_rows": 0, "review.accepted_sample": 0,
    "export.cuts_per_shard": 1, "lm.order": 0, "lm.token_order": 0, "lm.synthetic_sentences": 0,
    "decode.avg": 1, "export_model.avg": 1, "export_model.check_utterances": 1,
}  # fmt: skip
_MAY_BE_NULL = {"review.batch_rows", "review.max_rows"}


def check_types(cfg: DictConfig) -> None:
    """
    Raises:
        UserError: for a setting of another type than it has, saying how it is written.
    """
    for key in _LISTS:
        value = OmegaConf.select(cfg, key, default=None)
        is_list = OmegaConf.is_list(value) and all(not OmegaConf.is_config(x) for x in value)
        if not (is_list or (value is None and _missing(cfg, key))):
            raise UserError(f"{key} is a list, written '{key}=[a,b]', not {value!r}")
    for key in _NUMBERS:
        value = OmegaConf.select(cfg, key, default=None)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise UserError(f"{key} is a number, not {value!r}")
    for key, least in _COUNTS.items():
        value = OmegaConf.select(cfg, key, default=None)
        if value is None and (key in _MAY_BE_NULL or _missing(cfg, key)):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserError(f"{key} is a whole number from {least} on, not {value!r}")


def _missing(cfg: DictConfig, key: str) -> bool:
    """Whether this configuration has no such setting at all."""
    group, _, leaf = key.rpartition(".")
    return leaf not in (OmegaConf.select(cfg, group, default=None) or cfg)
