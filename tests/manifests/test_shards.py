import gzip
import json

import pytest

from echoharvester.manifests.shards import (
    ManifestError,
    ShardWriter,
    find_shards,
    read_cuts,
    read_info,
    shard_path,
)


def write(path, cuts, **closing):
    with ShardWriter(path) as writer:
        for cut in cuts:
            writer.write(cut)
        writer.close("align", "f", "i", closing)


def test_a_shard_is_plain_gzip_with_a_record_in_its_header(tmp_path):
    path = shard_path(tmp_path, "cuts_aligned", 0)
    write(path, [{"id": "가"}, {"id": "나"}], items=2)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["가", "나"]
    info = read_info(path)
    assert info and (info.stage, info.fingerprint, info.counts) == (
        "align",
        "f",
        {"items": 2, "cuts": 2},
    )
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.0.jsonl.gz", [{"id": "x"}] * 100)
    first, second = (tmp_path / f"{name}.0.jsonl.gz" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_a_truncated_or_edited_shard_is_known_without_reading_it(tmp_path):
    path = tmp_path / "a.0.jsonl.gz"
    write(path, [{"id": str(i)} for i in range(1000)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert read_info(path) is None
    path.write_bytes(gzip.compress(gzip.decompress(whole) + b'{"id": "forged"}\n'))
    assert read_info(path) is None


def test_damage_inside_is_an_error_that_names_file_and_line(tmp_path):
    path = tmp_path / "a.0.jsonl.gz"
    write(path, [{"id": str(i)} for i in range(5000)])
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ManifestError, match=r"a.0.jsonl.gz, after line \d+: .*delete this shard"):
        list(read_cuts(path))


def test_an_exception_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), ShardWriter(tmp_path / "a.0.jsonl.gz") as writer:
        writer.write({"id": "x"})
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_missing_index_is_noticed(tmp_path):
    for k in (0, 2):
        write(shard_path(tmp_path, "cuts", k), [])
    with pytest.raises(ManifestError, match=r"shards \[1\] of cuts are missing"):
        find_shards(tmp_path, "cuts")


def test_plain_lhotse_reads_it_lazily(tmp_path):
    from lhotse import CutSet

    from echoharvester.manifests.cuts import media_cut, recording

    path = tmp_path / "a.0.jsonl.gz"
    write(path, [media_cut("m", recording("m", "/x.flac", 16000, 16000), {"title": "가"})])
    (cut,) = CutSet.from_file(path)
    assert (cut.id, cut.duration, cut.custom["title"]) == ("m", 1.0, "가")
