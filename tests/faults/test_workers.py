"""A media item that brings workers down: named, set apart as an error, and tried again by the next run."""

import pytest
from recipe_support import Recipe, accounted, deadly

from echoharvester.manifests.shards import read_all_cuts, read_cuts


@pytest.mark.slow
def test_a_medium_that_brings_workers_down_becomes_an_error(tmp_path, monkeypatch):
    """Stage 5 of the recipe, its worker killed by the system whenever it measures one media item."""
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    recipe.run("--stop-stage", "4")
    culprit = next(
        c["custom"]["media_id"]
        for c in read_all_cuts(recipe.manifests, "cuts_aligned")
        if c["custom"]["status"] == "accepted"
    )
    monkeypatch.setenv("PYTHONPATH", str(deadly(tmp_path, culprit)))
    done = recipe.run("--stage", "5", "--stop-stage", "5", "max_error_rate=1.0")
    assert f"worked on {culprit}" in done.stderr
    counts = accounted(recipe)["cuts_measured"]
    assert (
        counts["errors"]
        and counts["in"] == counts["accepted"] + counts["rejected"] + counts["errors"]
    )
    errors = [
        c for p in recipe.manifests.glob("cuts_measured.*.errors.jsonl.gz") for c in read_cuts(p)
    ]
    assert {c["custom"]["media_id"] for c in errors} == {culprit}
    assert all("killed twice" in c["custom"]["error"]["message"] for c in errors)
    monkeypatch.delenv("PYTHONPATH")
    recipe.run("--stage", "5", "--stop-stage", "5")  # with enough memory it is done
    assert not accounted(recipe)["cuts_measured"]["errors"]
