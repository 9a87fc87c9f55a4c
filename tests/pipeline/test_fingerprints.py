"""Fingerprints never change by accident: a change makes everybody's data stale.

`fingerprints.json` has those of the version before stages were values of one table, by settings; of segment,
align and validate those of their present versions.
"""

import json
import os
from pathlib import Path

import pytest
from tests_support import ROOT

PINNED = json.loads(
    Path(__file__).with_suffix("").with_name("fingerprints.json").read_text("utf-8")
)


@pytest.mark.parametrize(
    "pinned", PINNED, ids=lambda p: ",".join([p["recipe"], *p["overrides"]])[:60]
)
def test_fingerprints_are_those_that_data_out_there_were_made_with(pinned, monkeypatch):
    import config
    from stages import FORMER_NAMES

    monkeypatch.setitem(os.environ, "ECHO_RECIPE_DIR", str(ROOT / "egs" / pinned["recipe"]))
    renamed = {old: new for new, old in FORMER_NAMES.items()}
    overrides = []
    for override in pinned["overrides"]:
        name, _, value = override.partition("=")
        value = value.replace("{recogniser}", str(ROOT / "egs/mini_ko/recogniser"))
        overrides.append(f"{renamed.get(name, name)}={value}")
    recipe = config.recipe_of(config.composed(overrides))
    found = {name: recipe.stage_fingerprint(name) for name in pinned["fingerprints"]}
    assert found == pinned["fingerprints"]
