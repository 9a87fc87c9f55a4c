"""The whole chain on a library of which one item has no captions, with speakers told apart."""

from pathlib import Path

import pytest
from diarisation import tiny_embedding, tiny_segmentation
from lhotse import CutSet
from recipe_support import Recipe
from tests_support import ROOT

from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import read_all_cuts, read_cuts
from echoharvester.report.truth import judge
from echoharvester.text.scores import nearest_words_cer

pytestmark = pytest.mark.slow
MODEL = ROOT / "egs/mini_ko/recogniser/pretrained.pt"


def test_a_machine_writes_another_bears_it_out_and_people_come_first(tmp_path):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    models = (tiny_segmentation(tmp_path / "s.onnx"), tiny_embedding(tmp_path / "e.onnx"))
    settings = (
        "--stop-stage", "10", "source.uncaptioned=transcribe", "asr@second_asr=ctc", f"second_asr.model={MODEL}",
        "speakers=sherpa_onnx", f"speakers.segmentation={models[0]}", f"speakers.embedding={models[1]}",
        "filter.max_overlap_ratio=1", "source.duration_sec=40",
    )  # fmt: skip
    said = recipe.run(*settings).stdout
    assert "3 transcribe: 3 of 3 shards run. in 15 = accepted 15" in said
    assert "5 speakers: 3 of 3 shards run" in said and "media with machine labels in train" in said
    machine = [
        c
        for c in read_all_cuts(recipe.manifests, "cuts_reviewed")
        if c["custom"]["caption_kind"] == "machine"
    ]
    by_site = {"city_walk", "science_talk", "machine_heard"}  # the site's captions are a witness
    assert {c["custom"]["title"] for c in machine} == {"no_captions", *by_site}
    assert {c["custom"]["title"] for c in machine if c["custom"].get("site_text")} == by_site
    kept = [c for c in machine if c["custom"]["status"] == "accepted"]
    assert len(kept) >= 12 and all(c["custom"]["machine_cer"] <= 0.03 for c in kept)
    # The second recogniser has the same weights here, and mishears alike: what it bears out is no more
    # right than the rest.  What the site, which hears otherwise, has written, too, is right.
    truth = read_cuts(recipe.data_dir / "truth" / "cuts_truth.0.jsonl.gz")
    said = [c for c in truth if Path(c["custom"]["media_path"]).stem in by_site]
    same = [
        c for c in kept if nearest_words_cer(text_of(c), c["custom"].get("site_text", "")) <= 0.03
    ]
    assert len(same) >= 3 and judge(same, said)["total"].row()["label_precision"] == 1.0
    cuts = list(CutSet.from_file(recipe.data_dir / "manifest.jsonl.gz"))
    assert {c.custom["caption_kind"] for c in cuts} >= {"manual", "machine"}
    assert all(c.custom["overlap_ratio"] >= 0 for c in cuts)
    for name in ("dev", "test"):
        kinds = {
            c["custom"]["caption_kind"]
            for c in read_cuts(recipe.manifests / f"cuts_{name}.jsonl.gz")
        }
        assert "machine" not in kinds
    card = (recipe.data_dir / "data_card.md").read_text(encoding="utf-8")
    assert "machine" in card
    again = recipe.run(*settings).stdout
    assert "shards run" not in again
    left = recipe.run("--stop-stage", "3", *settings[3:], "source.uncaptioned=reject").stdout
    assert "no_captions 1" in left and "3 transcribe: not asked for" in left
