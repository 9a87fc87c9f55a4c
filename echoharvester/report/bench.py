"""The threshold bench: what other thresholds would keep, and how wrong that would be, without a run."""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from echoharvester.manifests.accounting import ACCEPTED, APPROVED, REVIEW
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut
from echoharvester.report.listen import sound_of
from echoharvester.text.scores import respaced

MAX_POINTS = 20_000  # utterances in the page
CLIPS = 2  # of each bar
# Ends of the bars of each measure.
EDGES: dict[str, tuple[float, ...]] = {
    "cer": (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
    "label_probability": (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995),
    "snr_db": (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0),
    "align_score": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
}
# Reasons that the sliders decide; whoever was rejected for another stays so.
_BY_CER = ("cer_too_high", "cer_near_limit")
_BY_PROBABILITY = ("label_unlikely", "label_doubtful")
_BY_SOUND = ("low_snr", "low_align_score")


@dataclass
class Bench:
    """Utterances that thresholds decide on, in bounded memory: a random part where there are more.

    Attributes:
        points: draws and utterances, each a list of seconds, CER, label probability, SNR, alignment
            score, kind of caption (0 by people, 1 other) and state: "kept", "not", and "always",
            "never" or "unheard" where the sliders do not decide.
        clips: by measure and bar, draws and a cut to hear.
        seen: utterances that were offered.
    """

    points: list[tuple[float, str, list[Any]]] = field(default_factory=list)
    clips: dict[tuple[str, int], list[tuple[float, str, Cut]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seen: int = 0

    def add(self, cut: Cut) -> None:
        """Offers a cut of stage 8."""
        custom = cut["custom"]
        state = _state(custom)
        if not state or not cut["supervisions"]:
            return
        self.seen += 1
        draw = random.Random(f"bench/{cut['id']}").random()
        values = [_measure(custom, name) for name in EDGES]
        point = [
            round(cut["duration"], 2), *(None if v is None else round(float(v), 4) for v in values),
            int(custom.get("caption_kind") != "manual"), state,
        ]  # fmt: skip
        _keep_first(self.points, (draw, str(cut["id"]), point), MAX_POINTS)
        for name, value in zip(EDGES, values, strict=True):
            if value is not None:
                place = (name, bisect.bisect_left(EDGES[name], value))
                _keep_first(self.clips[place], (draw, str(cut["id"]), cut), CLIPS)

    def as_data(
        self,
        limits: Mapping[str, float | None],
        judged: Mapping[str, tuple[float, bool]],
        command: str,
        judge: str = "",
    ) -> dict[str, Any]:
        """What the page works with; None of `limits`: that threshold did not decide.

        Args:
            judged: by cut, its confidence and whether its text is right, of those that somebody has judged.
            command: runs the stages that these thresholds belong to.
            judge: who that was.
        """
        drawn: dict[str, dict[int, list[str]]] = {}
        sounds: dict[str, dict[str, Any]] = {}
        for (name, k), cuts in sorted(self.clips.items(), key=lambda item: item[0]):
            drawn.setdefault(name, {})[k] = [cut_id for _, cut_id, _ in cuts]
            for _, cut_id, cut in cuts:
                if cut_id not in sounds:
                    sounds[cut_id] = _to_hear(cut)
        return {
            "measures": list(EDGES), "edges": EDGES, "limits": dict(limits), "command": command, "judge": judge,
            "points": [point for _, _, point in self.points],
            "right": [judged.get(cut_id, (0.0, None))[1] for _, cut_id, _ in self.points],
            "scale": self.seen / max(1, len(self.points)), "bars": drawn, "clips": sounds,
        }  # fmt: skip


def _keep_first(drawn: list[Any], one: tuple[float, str, Any], most: int) -> None:
    """The smallest draws, in order; the same whatever order they come in."""
    if len(drawn) < most or one[:2] < drawn[-1][:2]:
        bisect.insort(drawn, one, key=lambda item: item[:2])
        del drawn[most:]


def _state(custom: Mapping[str, Any]) -> str:
    """How far thresholds decide on a cut; "": not at all."""
    status, reason = custom["status"], custom.get("reason")
    if status == APPROVED:
        return "always"
    if reason == "dropped_by_reviewer":
        # What would have been accepted tells how wrong the accepted are.
        before = custom.get("review", {}).get("status_before")
        return "never" if before == ACCEPTED else ""
    if status == ACCEPTED:
        return "kept"
    if reason in _BY_SOUND:
        return "unheard"
    if status == REVIEW or reason in (*_BY_CER, *_BY_PROBABILITY):
        return "not"
    return ""


def _measure(custom: Mapping[str, Any], name: str) -> float | None:
    """Before review; of two recognisers the CER of the one that heard something else, if one did."""
    if name == "cer" and custom.get("review", {}).get("cer_before") is not None:
        return float(custom["review"]["cer_before"])
    if name == "cer" and custom.get("cer_second") is not None and "cer" in custom:
        return max(float(custom["cer"]), float(custom["cer_second"]))
    return custom.get(name)


def _to_hear(cut: Cut) -> dict[str, Any]:
    custom = cut["custom"]
    return {
        "text": text_of(cut), "heard": respaced(str(custom.get("hyp_text", "")), text_of(cut)), "sound": sound_of(cut),
        "figures": {name: custom.get(name) for name in EDGES},
    }  # fmt: skip
