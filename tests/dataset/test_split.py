"""Sets that share nothing."""

import random

import pytest

from echoharvester.dataset.duplicates import alike_media
from echoharvester.dataset.sets import write_sets
from echoharvester.dataset.split import SplitError, apart_from, split_media
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.manifests.shards import ShardWriter, read_cuts

WORDS = "오늘 날씨 바다 친구 학교 우산 노래 기차 사과 시간 마음 하늘 나무 골목 편지 의자 창문 구름 바람 저녁".split()


def of_no_channel(media):
    return dict.fromkeys(media, "")


def test_no_media_is_in_two_sets_and_each_stays_where_it_is():
    media = [f"m{i}" for i in range(300)]
    belongs = split_media(of_no_channel(media), 0.1, 0.1, seed=1)
    counts = {name: list(belongs.values()).count(name) for name in ("train", "dev", "test")}
    assert counts["train"] > 200 and 15 < counts["dev"] < 50 and 15 < counts["test"] < 50
    more = split_media(of_no_channel([*media, *(f"n{i}" for i in range(100))]), 0.1, 0.1, seed=1)
    assert all(more[m] == belongs[m] for m in media)


def test_few_media_give_one_each_and_two_are_refused():
    for count in (3, 4, 10):
        belongs = split_media(of_no_channel(f"m{i}" for i in range(count)), 0.05, 0.05, seed=1)
        assert set(belongs.values()) == {"train", "dev", "test"}
    with pytest.raises(SplitError, match="2 media left"):
        split_media(of_no_channel("ab"), 0.05, 0.05, seed=1)


def test_channels_are_kept_apart_where_there_are_enough():
    channels = {f"m{i}": f"c{i % 40}" for i in range(400)}
    belongs = split_media(channels, 0.1, 0.1, seed=3)
    sets = {
        c: {belongs[m] for m, channel in channels.items() if channel == c}
        for c in channels.values()
    }
    assert all(len(found) == 1 for found in sets.values())
    assert set(belongs.values()) == {"train", "dev", "test"}
    few = {f"m{i}": f"c{i % 2}" for i in range(400)}
    assert set(split_media(few, 0.1, 0.1, seed=3).values()) == {"train", "dev", "test"}
    with pytest.raises(SplitError, match="form 2 groups.*split.by=media"):
        split_media(few, 0.1, 0.1, seed=3, by="channel")


def test_a_channel_that_is_half_of_the_data_is_never_held_out():
    for seed in range(60):
        channels = {f"m{i}": "big" if i % 2 else f"c{i % 60}" for i in range(600)}
        belongs = split_media(channels, 0.05, 0.05, seed=seed)
        assert belongs["m1"] == "train"


def test_the_same_speech_is_never_across_even_through_others():
    media = [f"m{i}" for i in range(100)]
    pairs = [(f"m{i}", f"m{i + 1}") for i in range(0, 90, 3)] + [("m1", "m50"), ("x", "m1")]
    for seed in range(20):
        belongs = split_media(of_no_channel(media), 0.1, 0.1, seed, alike=pairs)
        assert len(belongs) == 100
        assert all(belongs[a] == belongs[b] for a, b in pairs if a in belongs)


@pytest.mark.parametrize(
    ("dev", "test", "by"), [(0.0, 0.1, "auto"), (0.6, 0.6, "auto"), (0.1, 0.1, "year")]
)
def test_settings_that_cannot_be(dev, test, by):
    with pytest.raises(SplitError, match="split"):
        split_media(of_no_channel("abcde"), dev, test, 1, by)


def speech(name, start, count):
    """Sentences start .. start + count of an endless speech."""
    media = media_cut(name, recording(name, "/x.flac", 16000, 16000), {})
    for i in range(start, start + count):
        text = " ".join(random.Random(i).choices(WORDS, k=8))
        yield utterance_cut(media, f"{name}-{i}", 0, 1, text, {})


def test_excerpts_and_copies_are_found_and_others_are_not():
    cuts = [
        *speech("a", 0, 40),
        *speech("b", 100, 40),
        *speech("copy", 0, 40),
        *speech("part", 110, 12),
    ]
    pairs = {(p.first, p.second) for p in alike_media(cuts, 0.5)}
    assert pairs == {("a", "copy"), ("b", "part")}
    assert alike_media(speech("a", 0, 40), 0.5) == []


def test_what_was_split_stays_as_it_was_whatever_comes():
    """Few media, where the smallest stand in; a twentieth channel; media that join others."""
    for seed in range(40):
        channels = {f"m{i}": f"c{i}" for i in range(12)}
        before = split_media(channels, 0.05, 0.05, seed)
        more = {**channels, **{f"n{i}": f"d{i}" for i in range(30)}}
        after = split_media(more, 0.05, 0.05, seed, before=before)
        assert {m: after[m] for m in before} == before and set(after.values()) == {
            "train",
            "dev",
            "test",
        }
    media = of_no_channel([f"m{i}" for i in range(60)])
    before = split_media(media, 0.2, 0.2, 1)
    train = next(m for m, part in before.items() if part == "train")
    test = next(m for m, part in before.items() if part == "test")
    after = split_media(
        {**media, "new": ""}, 0.2, 0.2, 1, alike=[("new", train), ("new", test)], before=before
    )
    assert after["new"] == after[train] == after[test] == "test"


def held(folder, name, cuts):
    with ShardWriter(folder / f"cuts_{name}.jsonl.gz") as writer:
        for cut in cuts:
            writer.write(cut)
        writer.close("split", "of before", "", {})


def spoken(media, number, text, channel="", **more):
    of = media_cut(
        media,
        recording(media, f"/{media}.flac", 16000, 320000),
        {"caption_kind": "manual", "channel": channel},
    )
    return {**utterance_cut(of, f"{media}-{number}", 0.0, 2.0, text, {}), **more}


def test_fixed_sets_stay_utterance_by_utterance_and_nothing_of_theirs_is_trained_on(tmp_path):
    rng = random.Random(3)
    text_of = {m: [" ".join(rng.choices(WORDS, k=8)) for _ in range(12)] for m in "abcde"}
    dev = [spoken("a", k, text, mark="as it was") for k, text in enumerate(text_of["a"])]
    test = [spoken("b", 0, text_of["b"][0])]
    held(tmp_path, "dev", dev)
    held(tmp_path, "test", test)
    now = [
        *(spoken("a", k, "다른 글") for k in range(5)),  # other labels, more of them
        *(spoken("c", k, text) for k, text in enumerate(text_of["c"])),
        *(spoken("d", k, text) for k, text in enumerate(text_of["d"])),
        *(spoken("e", k, text) for k, text in enumerate(text_of["a"])),  # the same speech as dev
    ]
    manifest = tmp_path / "manifest.jsonl.gz"
    with ShardWriter(manifest) as writer:
        for cut in now:
            writer.write(cut)
        writer.close("export", "x", "", {})
    out = tmp_path / "out"

    def path_of(name):
        return out / f"cuts_{name}.jsonl.gz"

    (line,) = write_sets(manifest, path_of, "new", "s", 0.1, 0.1, "auto", 0.5, 1, str(tmp_path))
    assert list(read_cuts(path_of("dev"))) == dev and list(read_cuts(path_of("test"))) == test
    assert {c["custom"]["media_id"] for c in read_cuts(path_of("train"))} == {"c", "d"}
    assert "dev and test as they were" in line and "2 media" in line
    with pytest.raises(SplitError, match="cuts_dev.jsonl.gz is missing or damaged"):
        list(
            write_sets(
                manifest, path_of, "new", "s", 0.1, 0.1, "auto", 0.5, 1, str(out.parent / "none")
            )
        )


def test_a_channel_that_is_held_out_stays_out_where_channels_count():
    channels = {f"m{i}": f"c{i % 30}" for i in range(120)}
    free = apart_from(["m0", "gone"], channels, "auto")
    assert free == {m for m, channel in channels.items() if channel != "c0"}
    assert apart_from(["m0"], channels, "media") == set(channels) - {"m0"}
    with pytest.raises(SplitError, match=r"split\.by"):
        apart_from(["m0"], channels, "speaker")


def test_machine_labels_are_trained_on_and_never_judge(tmp_path):
    rng = random.Random(4)
    cuts = []
    for number in range(40):
        kind = "machine" if number % 2 else "manual"
        for k in range(6):
            cut = spoken(
                f"m{number:02d}", k, " ".join(rng.choices(WORDS, k=8)), channel=f"c{number // 2}"
            )
            cuts.append({**cut, "custom": {**cut["custom"], "caption_kind": kind}})
    manifest, out = tmp_path / "manifest.jsonl.gz", tmp_path / "out"
    with ShardWriter(manifest) as writer:
        for cut in cuts:
            writer.write(cut)
        writer.close("export", "x", "", {})

    def path_of(name):
        return out / f"cuts_{name}.jsonl.gz"

    lines = list(write_sets(manifest, path_of, "f", "s", 0.2, 0.2, "auto", 0.9, 1))
    kinds = {
        n: {c["custom"]["caption_kind"] for c in read_cuts(path_of(n))}
        for n in ("train", "dev", "test")
    }
    assert kinds["dev"] == kinds["test"] == {"manual"} and kinds["train"] == {"manual", "machine"}
    channels = {n: {c["custom"]["channel"] for c in read_cuts(path_of(n))} for n in kinds}
    assert not channels["train"] & (channels["dev"] | channels["test"])  # the machine's, too
    assert (
        "media with machine labels in train" in lines[-2]
        or "media with machine labels in train" in lines[0]
    )
    only = [c for c in cuts if c["custom"]["caption_kind"] == "machine"]
    with ShardWriter(manifest) as writer:
        for cut in only:
            writer.write(cut)
        writer.close("export", "x", "", {})
    with pytest.raises(SplitError, match="0 media left"):
        list(write_sets(manifest, path_of, "g", "s", 0.2, 0.2, "auto", 0.9, 1))


def test_fixed_sets_keep_channels_apart_as_they_were_kept_apart_then(tmp_path):
    """Twenty channels, and one fewer in the next round: still by channel."""
    rng = random.Random(6)

    def harvest(num_channels):
        manifest = tmp_path / f"manifest{num_channels}.jsonl.gz"
        with ShardWriter(manifest) as writer:
            for number in range(2 * num_channels):
                for k in range(3):
                    text = " ".join(rng.choices(WORDS, k=8))
                    writer.write(spoken(f"m{number:02d}", k, text, channel=f"c{number // 2:02d}"))
            writer.close("export", "x", "", {})
        return manifest

    first, second = tmp_path / "first", tmp_path / "second"
    list(
        write_sets(
            harvest(20), lambda n: first / f"cuts_{n}.jsonl.gz", "f", "s", 0.2, 0.2, "auto", 0.9, 1
        )
    )
    dev = {c["custom"]["channel"] for c in read_cuts(first / "cuts_dev.jsonl.gz")}
    list(
        write_sets(
            harvest(19),
            lambda n: second / f"cuts_{n}.jsonl.gz",
            "g",
            "s",
            0.2,
            0.2,
            "auto",
            0.9,
            1,
            str(first),
        )
    )
    assert dev and not dev & {
        c["custom"]["channel"] for c in read_cuts(second / "cuts_train.jsonl.gz")
    }
