"""Whether a round is used, whether it is the last, and how sure that is."""

from __future__ import annotations

from pathlib import Path

from echoharvester.decoding.compare import compare
from echoharvester.errors import UserError
from echoharvester.pipeline.records import load_record
from echoharvester.pipeline.round import Round, RoundsConfig
from echoharvester.report.decoded import recogs_of_run
from echoharvester.report.gather import best_record
from echoharvester.report.round_figures import RoundFigures


def chance_of_worse(before: Path, now: Path) -> float | None:
    """How probable it is that a round has more dev errors than another, and not by the luck of which
    utterances dev holds; None where either was not decoded.

    Args:
        before, now: folders of the models of rounds.
    """
    found = [_dev_recogs(folder) for folder in (now, before)]
    try:
        return round(compare(*found).p_second_better, 3) if all(found) else None  # type: ignore[arg-type]
    except UserError:  # other utterances, where dev was not fixed
        return None


def _dev_recogs(folder: Path) -> Path | None:
    """What the best method wrote of dev."""
    records = [record for path in sorted(folder.glob("*/decode*.json")) if (record := load_record(path))]  # fmt: skip
    best = best_record([record for record in records if "dev" in record["sets"]])
    return recogs_of_run(folder, str(best["method"]), "dev") if best else None


def verdict(now: RoundFigures, best: Round | None, config: RoundsConfig) -> tuple[bool, bool, str]:
    """Whether a round is used, whether it is the last, and why."""
    if best is None:
        return True, False, "the recipe as it is"
    before = best.figures
    luck = ""
    if now.dev is not None and before.dev is not None and now.dev > before.dev:
        sure = "" if now.p_worse is None else f"; {now.p_worse:.0%} sure, by bootstrap"
        if now.p_worse is None or now.p_worse >= config.sure_worse:
            risen = f"dev CER went up from {100 * before.dev:.2f} % (round {best.number}{sure})"
            return False, True, f"not used: {risen}"
        luck = f" (dev CER went up{sure})"
    more = now.hours / before.hours - 1 if before.hours else float(now.hours > 0)
    fewer = 1 - now.dev / before.dev if before.dev and now.dev is not None else 0.0
    gain = f"{more:+.1%} speech, {0 - fewer:+.1%} dev errors{luck}"
    if max(more, fewer) < config.min_gain:
        return True, True, f"{gain}: less than rounds.min_gain, so it is the last"
    return True, False, gain
