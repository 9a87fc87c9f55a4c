"""All stages on a miniature library, and what a second run makes of them."""

import json
import re
import shutil

import numpy as np
import pytest

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.shards import find_shards, read_all_cuts, read_cuts, read_info
from echoharvester.report.truth import judge
from echoharvester.review.merge import exportable

STAGES = {
    "cuts_media": 15, "cuts_downloaded": 15, "cuts_segmented": 15, "cuts_aligned": None,
    "cuts_filtered": None, "cuts_validated": None, "cuts_reviewed": None,
}  # fmt: skip
FIELDS = (
    "media_id", "media_path", "media_start_sec", "media_end_sec", "caption_kind", "text_raw",
    "text_orthographic", "align_score", "snr_db", "speech_ratio", "hyp_text", "cer", "status", "license",
)  # fmt: skip


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.mark.parametrize(("name", "items"), STAGES.items())
def test_every_item_is_accounted_for(finished, name, items):
    counts = [Counts.from_dict(read_info(p).counts) for p in find_shards(finished.manifests, name)]
    assert len(counts) == 3
    everything = total(counts)
    everything.check(name)
    assert everything.items > 0 and items in (None, everything.items)


def test_nothing_is_lost_from_stage_to_stage(finished):
    names = list(STAGES)[2:]
    ids = [[c["id"] for c in read_all_cuts(finished.manifests, name)] for name in names]
    assert all(other == ids[0] for other in ids[1:]) and len(set(ids[0])) == len(ids[0])


def test_plain_lhotse_reads_the_shar_and_every_cut_is_complete(finished):
    from lhotse import CutSet

    cuts = list(CutSet.from_shar(in_dir=str(finished.data_dir / "shar")))
    kept = [c for c in read_all_cuts(finished.manifests, "cuts_reviewed") if exportable(c)]
    assert len(cuts) == len(kept) > 10
    for cut in cuts:
        (supervision,) = cut.supervisions
        words = supervision.alignment["word"]
        assert [w.symbol for w in words] == supervision.text.split()
        assert all(w.start >= 0 and w.end <= cut.duration + 0.01 and w.duration > 0 for w in words)
        assert not [field for field in FIELDS if field not in cut.custom]
        audio = cut.load_audio()
        assert audio.shape == (1, round(cut.duration * 16000)) and np.abs(audio).max() > 0.01


def test_shar_is_cut_from_the_media_where_it_says(finished):
    """The exported sound is that of the source between media_start_sec and media_end_sec."""
    from echoharvester.audio.media import load_flac
    from echoharvester.dataset.shar import open_shar

    cut = next(iter(open_shar(finished.data_dir / "shar")))
    media = cut.custom["media_id"]
    samples = load_flac(finished.data_dir / "audio" / media[:2] / f"{media}.flac")
    start = round(cut.custom["media_start_sec"] * 16000)
    audio = cut.load_audio()[0]
    np.testing.assert_array_equal(audio, samples[start : start + len(audio)])


def test_what_was_kept_was_said(finished):
    truth = read_cuts(finished.data_dir / "truth" / "cuts_truth.0.jsonl.gz")
    kept = filter(exportable, read_all_cuts(finished.manifests, "cuts_reviewed"))
    row = judge(kept, truth)["total"].row()
    assert row["label_precision"] >= 0.9 and row["harvested"] > 0.3
    assert row["boundary_median_ms"] < 60
    kept = [c for c in read_all_cuts(finished.manifests, "cuts_reviewed") if exportable(c)]
    titles = {cut["custom"]["title"] for cut in kept}
    assert not titles & {"wrong_captions", "no_captions", "noisy_street"}
    assert {"late_captions", "drifting_clock"} & titles


def test_training_decoding_and_export_left_their_files(finished):
    folder = finished.exp_dir / "conformer_ctc_tiny_jamo"
    for pattern in (
        "best.pt", "last.pt", "epoch-1.pt", "tensorboard/events*", "ctc_greedy/recogs-test-*.txt",
        "ctc_greedy/errs-test-*.txt", "ctc_greedy/cer-summary-test-*.txt", "export/model.onnx",
        "export/model.int8.onnx", "export/model.fp16.onnx", "export/model.jit", "export/tokens.txt",
        "export/pretrained.pt", "export/README.md",
    ):  # fmt: skip
        assert list(folder.glob(pattern)), pattern
    record = json.loads((folder / "ctc_greedy" / "decode.json").read_text(encoding="utf-8"))
    assert record["sets"]["test"]["rows"][0]["rate"] < 0.4


@pytest.mark.slow
def test_other_methods_and_other_sets(finished, tmp_path):
    """A language model over tokens and a graph, on the test set as a Shar and as a manifest."""
    folder, recipe = finished.exp_dir / "conformer_ctc_tiny_jamo", finished.beside(tmp_path)
    shutil.copytree(folder, recipe.exp_dir / folder.name)
    folder = recipe.exp_dir / folder.name
    shar, manifest = recipe.data_dir / "shar", recipe.manifests / "cuts_test.jsonl.gz"
    for method in ("ctc_prefix_beam", "hlg"):
        recipe.run(
            "--stage", "12", "--stop-stage", "12", f"decode={method}",
            f"decode.sets=['mine={manifest}','all={shar}']",
        )  # fmt: skip
        names = {path.name for path in (folder / method).iterdir()}
        assert "recogs-mine-best-lm_scale-0.3.txt" in names and "cer-summary-all-best.txt" in names
        record = json.loads((folder / method / "decode-mine-all.json").read_text(encoding="utf-8"))
        assert record["sets"]["all"]["utterances"] > record["sets"]["mine"]["utterances"] > 0
        assert record["sets"]["all"]["rows"][0]["rate"] < 0.6


def test_no_media_is_shared_between_the_sets(finished):
    media = {
        name: {
            c["custom"]["media_id"] for c in read_cuts(finished.manifests / f"cuts_{name}.jsonl.gz")
        }
        for name in ("train", "dev", "test")
    }
    assert all(media.values())
    assert not media["train"] & media["dev"] and not (media["train"] | media["dev"]) & media["test"]


def test_the_report_and_card_say_what_there_is(finished):
    page = (finished.exp_dir / "report.html").read_text(encoding="utf-8")
    assert (
        page.count("<svg") >= 9
        and "Against the truth" in page
        and "How far the confidence can be trusted" in page
    )
    stats = json.loads((finished.data_dir / "stats.json").read_text(encoding="utf-8"))
    assert f"{stats['cuts']} utterances" in (finished.data_dir / "data_card.md").read_text(
        encoding="utf-8"
    )


def test_a_second_run_redoes_nothing(finished):
    before = {
        p: p.stat().st_mtime_ns
        for p in finished.data_dir.rglob("*.gz")
        if "cuts_media" not in p.name
    }
    done = finished.run()
    assert done.stdout.count("up to date") == 18 and "shards run" not in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in before}


def test_a_deleted_shard_is_remade_and_nothing_else(finished):
    before = bytes_of(finished.manifests)
    times = {p.name: p.stat().st_mtime_ns for p in finished.manifests.iterdir()}
    (finished.manifests / "cuts_aligned.1.jsonl.gz").unlink()
    done = finished.run("--stage", "3", "--stop-stage", "5")
    assert "1 of 3 shards run" in done.stdout and done.stdout.count("up to date") == 4
    assert bytes_of(finished.manifests) == before
    changed = [n for n, t in times.items() if (finished.manifests / n).stat().st_mtime_ns != t]
    assert changed == ["cuts_aligned.1.jsonl.gz"]


def test_a_lost_audio_file_is_made_again(finished):
    before = bytes_of(finished.manifests)
    sound = next((finished.data_dir / "audio").rglob("*.flac"))
    content = sound.read_bytes()
    sound.unlink()
    done = finished.run("--stage", "2", "--stop-stage", "3")
    assert "1 of 3 shards run" in done.stdout and sound.read_bytes() == content
    assert bytes_of(finished.manifests) == before


def test_status_and_dry_run_only_look(finished):
    before = bytes_of(finished.manifests)
    status = finished.run("--status").stdout
    of_shards = re.findall(r"^ *\d+ (\w+) +3 +\. +\. +(\d+) ", status, re.MULTILINE)
    assert [name for name, _ in of_shards] == [
        "collect", "download", "segment", "align", "measure", "filter", "validate", "merge",
    ]  # fmt: skip
    assert "rejected up to stage 8: " in status and "no_captions 1" in status
    done = finished.run("--dry-run", "--stage", "4", "--stop-stage", "6")
    assert done.stdout.count("up to date") == 5
    assert bytes_of(finished.manifests) == before


def test_dry_run_says_what_would_run_and_why(finished, tmp_path):
    recipe = finished.beside(tmp_path)
    said = recipe.run("--dry-run", "--stage", "1", "--stop-stage", "14").stdout
    assert "what it takes: python scripts/plan_training.py --recipe mini_ko " in said
    assert "1 collect: would run: it does every time" in said
    assert "11 train: would run: " in said and "train.json is missing" in said
    assert "12 decode: would run: " in said and "decode.json is missing" in said
    (recipe.manifests / "cuts_filtered.0.jsonl.gz").write_bytes(b"half")
    (recipe.manifests / "cuts_filtered.2.jsonl.gz").unlink()
    stage = ("--dry-run", "--stage", "5", "--stop-stage", "5")
    said = recipe.run(*stage).stdout
    assert "filter: would run 2 of 3 shards (" in said and "damaged: 0; missing: 2" in said
    said = recipe.run(*stage, "measure.min_silence_ms=120").stdout
    assert "measure: would run 3 of 3 shards (" in said
    assert "with other settings (measure.min_silence_ms 100 → 120): 0, 1, 2" in said
    assert "duplicates: may run, after stage 5 measure, which would" in said
    said = recipe.run(*stage, "duplicates.by=[audio]").stdout
    assert 'duplicates: would run: duplicates.by ["audio", "text"] → ["audio"]' in said
    said = recipe.run("--dry-run", "--stage", "11", "--stop-stage", "11", "train.lr=0.002").stdout
    assert "train: would run: " in said and "train.json is missing" in said


@pytest.mark.slow
def test_three_edited_rows_change_three_cuts_and_a_second_run_none(finished):
    from echoharvester.dataset.shar import open_shar
    from echoharvester.review.tsv import read_rows, write_rows

    def texts():
        return {c.id: c.supervisions[0].text for c in open_shar(finished.data_dir / "shar")}

    before, path = texts(), finished.data_dir / "review" / "review.tsv"
    original = path.read_bytes()
    rows = [row for _, row in read_rows(path)]
    accepted, *others = rows  # the first is doubtful where any is
    exported = [row for row in others if row["id"] in before]
    fixed, dropped = exported[0], exported[-1]
    accepted["decision"] = "ok"
    fixed["decision"], fixed["text"] = "fix", fixed["text"] + " 정말로"
    dropped["decision"] = "drop"
    write_rows(path, rows)
    done = finished.run("--stage", "7", "--stop-stage", "9")
    after = texts()
    assert set(before) - set(after) == {dropped["id"]}
    changed = {i for i in before if i in after and before[i] != after[i]}
    assert changed == {fixed["id"]} and accepted["id"] in after
    done = finished.run("--stage", "7", "--stop-stage", "9")
    assert done.stdout.count("up to date") == 4
    done = finished.run("--stage", "7", "--stop-stage", "8", "review.accepted_sample=19")
    assert "3 decided" in done.stdout  # another export keeps what was written
    path.write_bytes(original)
    finished.run("--stage", "7")
    assert texts() == before


@pytest.mark.slow
def test_conflicts_are_kept_for_somebody_to_settle(finished):
    from echoharvester.review.tsv import read_rows, write_rows

    folder = finished.data_dir / "review"
    (_, row) = read_rows(folder / "review.tsv")[0]
    try:
        for name, decision in (("kim", "ok"), ("lee", "drop")):
            write_rows(folder / f"{name}.tsv", [{**row, "decision": decision, "reviewer": name}])
        done = finished.run("--stage", "8", "--stop-stage", "8")
        assert "kim and lee: 1 cuts decided by both, 0 alike" in done.stdout
        assert f"{row['id']} is decided otherwise in kim.tsv:2" in done.stderr
        assert len(read_rows(folder / "conflicts.tsv")) == 2
        assert "up to date" in finished.run("--stage", "8", "--stop-stage", "8").stdout
    finally:
        for name in ("kim.tsv", "lee.tsv"):
            (folder / name).unlink()
    finished.run("--stage", "8")
    assert not (folder / "conflicts.tsv").exists()


def test_num_shards_never_changes_in_a_data_folder(finished):
    done = finished.run("--stage", "3", "--stop-stage", "3", "num_shards=5", check=False)
    assert done.returncode == 1 and "was begun with 3" in done.stderr
