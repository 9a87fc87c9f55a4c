import numpy as np
import pytest
import soundfile

from echoharvester.manifests.cuts import media_cut, recording, to_lhotse, utterance_cut
from echoharvester.text.tokenizers import CharTokenizer
from echoharvester.training.augment import add_noise, augment, spec_augment
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
