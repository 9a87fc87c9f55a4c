import numpy as np
import pytest
import soundfile
import torch

from echoharvester.manifests.cuts import media_cut, recording, to_lhotse, utterance_cut
from echoharvester.text.tokenizers import CharTokenizer
from echoharvester.training.augment import (
    AcousticEnvironments,
    AudioFolder,
    add_noise,
    augment,
    spec_augment,
    time_warp,
)
from echoharvester.training.cuts import CutData, CutDataConfig


@pytest.fixture
def cuts(tmp_path):
    from lhotse import CutSet

    rng, result = np.random.default_rng(0), []
    for i in range(24):
        path = tmp_path / f"{i}.flac"
        sec = 1.0 + 0.1 * i
        soundfile.write(path, rng.standard_normal(int(16000 * sec)) * 0.1, 16000)
        media = media_cut(f"m{i}", recording(f"m{i}", str(path), 16000, int(16000 * sec)), {})
        text = "가" * 60 if i == 5 else "가나다"
        result.append(to_lhotse(utterance_cut(media, f"u{i}", 0.0, sec, text, {})))
    return CutSet.from_cuts(result)


def make(cuts, **options):
    config = CutDataConfig(batch_sec=8.0, num_workers=0, num_buckets=2, **options)
    return CutData(cuts, CharTokenizer.train(["가나다"]), config)


def test_an_epoch_holds_every_usable_cut_once_and_the_rest_is_counted(cuts):
    data = make(cuts, max_sec=3.0)
    ids = sorted(i for batch in data.batches(0) for i in batch.ids)
    assert data.dropped == {"more_tokens_than_frames": 1, "duration": 3}
    assert ids == sorted(f"u{i}" for i in range(24) if i != 5 and 1.0 + 0.1 * i <= 3.0)
    assert len(data) == sum(1 for _ in data.batches(0))


def test_another_epoch_has_another_order_and_the_same_epoch_the_same(cuts):
    data = make(cuts)
    order = [tuple(b.ids) for b in data.batches(0)]
    assert order == [tuple(b.ids) for b in data.batches(0)]
    assert order != [tuple(b.ids) for b in data.batches(1)]
    assert order[2:] == [tuple(b.ids) for b in data.batches(0, start=2)]


def test_augmentation_differs_by_epoch_and_repeats(cuts):
    data = make(cuts, augment=True)
    first, again = (next(iter(data.batches(0))).features for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(next(iter(make(cuts).batches(0))).features, first)


def test_nothing_is_too_loud_and_noise_has_the_level_asked_for():
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(16000) / 5).astype(np.float32)
    assert max(np.abs(augment(tone, rng)).max() for _ in range(20)) <= 1.0
    noise = rng.standard_normal(16000).astype(np.float32)
    added = add_noise(tone, noise, 20.0) - tone
    snr = 10 * np.log10(np.mean(tone**2) / np.mean(added**2))
    assert abs(snr - 20) < 3


def test_masks_leave_the_input_alone_and_padding_untouched():
    import torch

    features, lens = torch.randn(2, 300, 80), torch.tensor([300, 100])
    before = features.clone()
    masked = spec_augment(features, lens, torch.Generator().manual_seed(0))
    assert torch.equal(features, before) and not torch.equal(masked, before)
    assert torch.equal(masked[1, 100:], before[1, 100:])


@pytest.mark.parametrize("shuffle", [True, False])
def test_processes_share_an_epoch_without_gaps_or_doubles(cuts, monkeypatch, shuffle):
    def ids(*share):
        return [tuple(b.ids) for b in make(cuts, shuffle=shuffle).batches(1, *share)]

    whole, parts = ids(), []
    monkeypatch.setenv("WORLD_SIZE", "2")  # as torchrun says it, which Lhotse's samplers read
    for rank in (0, 1):
        monkeypatch.setenv("RANK", str(rank))
        parts.append(ids(rank, 2))
    assert len(whole) > 2 and parts == [whole[0::2], whole[1::2]]


def test_batches_of_many_cuts_are_well_filled(tmp_path):
    from lhotse import CutSet

    rng, path, result = np.random.default_rng(0), tmp_path / "a.flac", []
    soundfile.write(path, rng.standard_normal(16000 * 12) * 0.1, 16000)
    for i in range(600):
        sec = float(np.clip(rng.lognormal(1.0, 0.6), 0.5, 12.0))
        media = media_cut(f"m{i}", recording(f"m{i}", str(path), 16000, 16000 * 12), {})
        result.append(to_lhotse(utterance_cut(media, f"u{i}", 0.0, sec, "가나다", {})))
    config = CutDataConfig(batch_sec=60.0, num_workers=0, num_buckets=10)
    data = CutData(CutSet.from_cuts(result), CharTokenizer.train(["가나다"]), config)
    fills = [batch.fill for batch in data.batches(0)]
    assert sum(fills) / len(fills) >= 0.85
    largest = data.largest()
    assert largest.features.size(0) * largest.features.size(1) <= 6100
    assert largest.features.size(1) == max(b.features.size(1) for b in data.batches(0))


def test_cuts_that_are_read_lazily_give_the_very_batches_of_those_in_memory(tmp_path, cuts):
    """Speeds and what does not fit among it; and an epoch begun in its middle goes on exactly."""
    from lhotse import CutSet

    cuts.to_file(tmp_path / "cuts.jsonl.gz")
    for options in ({}, {"speed_factors": (0.9, 1.1)}, {"shuffle": False}):
        lazy = make(CutSet.from_jsonl_lazy(tmp_path / "cuts.jsonl.gz"), **options)
        held = make(CutSet.from_file(tmp_path / "cuts.jsonl.gz").to_eager(), **options)
        assert len(lazy) == len(held) > 2
        assert lazy.dropped == held.dropped and lazy.largest().ids == held.largest().ids
        for epoch in (0, 3):
            ids = [batch.ids for batch in held.batches(epoch)]
            assert [batch.ids for batch in lazy.batches(epoch)] == ids
            assert [batch.ids for batch in lazy.batches(epoch, start=2)] == ids[2:]


def test_speeds_multiply_the_cuts_and_count_what_no_longer_fits(cuts):
    data = make(cuts, speed_factors=(0.9, 1.0, 1.1))
    ids = {i for batch in data.batches(0) for i in batch.ids}
    assert {"u3", "u3_sp0.9", "u3_sp1.1"} <= ids
    assert data.dropped["more_tokens_than_frames"] == 3
    lens = {i: int(n) for b in data.batches(0) for i, n in zip(b.ids, b.lens, strict=True)}
    assert lens["u9_sp0.9"] == pytest.approx(lens["u9"] / 0.9, abs=2)


def test_noise_and_rooms_come_from_folders_where_given(tmp_path, cuts):
    rng = np.random.default_rng(0)
    for folder, rate in (("musan/noise", 16000), ("musan/music", 22050), ("rirs", 16000)):
        (tmp_path / folder).mkdir(parents=True)
        sound = np.sin(np.arange(rate) * 2 * np.pi * 1000 / rate) * 0.5
        if folder == "rirs":
            sound = np.zeros(rate)
            sound[400], sound[2000] = 0.8, 0.3
        soundfile.write(tmp_path / folder / "a.wav", sound, rate)
    environments = AcousticEnvironments(
        AudioFolder(tmp_path / "musan"), AudioFolder(tmp_path / "rirs")
    )
    noise = environments.noise(40000, rng)
    assert len(noise) == 40000 and np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, rel=1e-3)
    peak = np.abs(np.fft.rfft(noise)).argmax() * 16000 / 40000
    assert peak == pytest.approx(1000, abs=2)
    click = np.zeros(4000, np.float32)
    click[100] = 1.0
    heard = environments.reverberate(click, rng)
    assert np.flatnonzero(np.abs(heard) > 0.1).tolist() == [100, 1700]
    with_folders = make(cuts, augment=True, noise_dir=str(tmp_path / "musan"))
    plain = make(cuts, augment=True)
    first, other = (next(iter(d.batches(0))).features for d in (with_folders, plain))
    assert first.shape == other.shape and not np.array_equal(first, other)
    with pytest.raises(FileNotFoundError, match="no .wav"):
        AudioFolder(tmp_path / "none")


def test_stored_features_are_taken_as_they_are(tmp_path, cuts):
    from lhotse import CutSet
    from lhotse.features import Fbank, FbankConfig

    with_features = CutSet.from_cuts(
        cut.compute_and_store_features(
            Fbank(FbankConfig(num_mel_bins=80)), _storage(tmp_path, cut.id)
        )
        for cut in cuts
    )
    stored, computed = (
        {i: f for b in make(c).batches(0) for i, f in zip(b.ids, b.features, strict=True)}
        for c in (with_features, cuts)
    )
    assert np.allclose(stored["u7"], computed["u7"], atol=1e-3)


def _storage(folder, name):
    from lhotse.features.io import NumpyFilesWriter

    return NumpyFilesWriter(folder / "fbank" / name)


def test_time_warp_keeps_the_length_and_moves_what_is_inside():
    features = torch.arange(100.0)[None, :, None].repeat(2, 1, 3)
    lens = torch.tensor([100, 8])
    warped = time_warp(features, lens, torch.Generator().manual_seed(0), 10)
    assert warped.shape == features.shape and torch.equal(warped[1], features[1])
    moved = (warped[0] - features[0]).abs().amax(dim=1)
    assert 1.0 < moved.max() <= 10.5 and moved[0] < 1.0 and moved[-1] < 1.0
    assert (warped[0, 1:] >= warped[0, :-1]).all()
