"""The data dictionary holds for a whole run, and the pages made from the code are up to date."""

import subprocess
import sys

from tests_support import ROOT

from echoharvester.manifests.fields import BY_NAME, FIELDS, faults
from echoharvester.manifests.shards import read_cuts


def test_names_are_unique_and_their_stages_exist():
    from stages import STAGES

    assert len(BY_NAME) == len(FIELDS)
    assert {field.stage for field in FIELDS} <= set(STAGES)
    order = [STAGES[field.stage].number for field in FIELDS]
    assert order == sorted(order)


def test_every_field_of_every_manifest_is_in_the_dictionary_and_of_its_type(finished):
    found, seen = set(), set()
    for path in [*finished.manifests.glob("*.jsonl.gz"), finished.data_dir / "manifest.jsonl.gz"]:
        for cut in read_cuts(path):
            seen |= cut.get("custom", {}).keys()
            found |= {f"{path.name}: {fault}" for fault in faults(cut.get("custom", {}))}
    assert not found and len(seen) > 40


def test_fields_that_are_always_there_are(finished):
    """What has no `absent` is on every cut of its stage and of later ones."""
    for name in ("cuts_media", "cuts_reviewed"):
        for path in finished.manifests.glob(f"{name}.[0-9].jsonl.gz"):
            for cut in read_cuts(path):
                missing = [f.name for f in FIELDS if not f.absent and f.name not in cut["custom"]]
                assert not missing, cut["id"]


def test_faults_name_the_field():
    assert faults({"cer": "0.1"}) == ["cer is '0.1', no number"]
    assert faults({"align_score": 1.5, "colour": "red"}) == [
        "colour: not in the data dictionary", "align_score is 1.5, more than 1",
    ]  # fmt: skip


def test_pages_made_from_the_code_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/write_docs.py"), "--check"], capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
