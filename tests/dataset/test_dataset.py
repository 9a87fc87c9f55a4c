import numpy as np
import pytest
import soundfile

from echoharvester.audio.vad import VadConfig
from echoharvester.dataset.card import Statistics, card_markdown, data_card
from echoharvester.dataset.filter import FilterConfig, filter_media
from echoharvester.dataset.shar import DatasetError, _verify, open_shar, recover, write_shar
from echoharvester.dataset.split import SplitError, split_media
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut


@pytest.fixture
def cuts(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).standard_normal(160000) * 0.1, 16000)
    media = media_cut(
        "m", recording("m", str(path), 16000, 160000), {"license": "CC BY", "cer": 0.0}
    )
    return [
        utterance_cut(media, f"m-{i}", i, i + 0.8, f"가{i}", {"cer": 0.1 * i}) for i in range(7)
    ]


def test_shar_holds_everything_every_time(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts[:3], folder, cuts_per_shard=2)
    files = write_shar(cuts, folder, cuts_per_shard=2)
    assert files.num_cuts == 7 and sum(1 for _ in open_shar(folder)) == 7
    from lhotse import CutSet

    found = {cut.id: cut for cut in CutSet.from_shar(in_dir=str(folder))}
    assert set(found) == {cut["id"] for cut in cuts}
    assert found["m-3"].load_audio().shape == (1, 12800)
    assert found["m-3"].custom["license"] == "CC BY"


def test_a_short_tar_is_noticed(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts, folder)
    import tarfile

    tar = folder / "recording.000000.tar"
    with tarfile.open(tar) as old:
        members = [(m, old.extractfile(m).read()) for m in old.getmembers()[:-2]]
    with tarfile.open(tar, "w") as new:
        for member, data in members:
            import io

            new.addfile(member, io.BytesIO(data))
    with pytest.raises(DatasetError, match="6 recordings for 7 cuts"):
        _verify(folder, 7, [])


def test_a_swap_cut_in_two_is_undone(tmp_path, cuts):
    folder = tmp_path / "shar"
    write_shar(cuts, folder)
    folder.rename(tmp_path / ".shar.old")
    recover(folder)
    assert sum(1 for _ in open_shar(folder)) == 7


def test_a_cer_of_zero_counts_in_the_mean(cuts):
    stats = Statistics()
    for cut in cuts:
        stats.add(cut)
    values = stats.to_dict()
    assert values["mean_cer"] == pytest.approx(0.3)
    assert values["cer_bins"] == {"0-5 %": 1, "5-10 %": 1, "10-15 %": 0, "15+ %": 5}
    assert "7 utterances" in card_markdown(data_card(values, {}, {}))


def test_no_media_is_in_two_sets_and_each_stays_where_it_is():
    media = [f"m{i}" for i in range(300)]
    belongs = split_media(media, 0.1, 0.1, seed=1)
    counts = {name: list(belongs.values()).count(name) for name in ("train", "dev", "test")}
    assert counts["train"] > 200 and 15 < counts["dev"] < 50 and 15 < counts["test"] < 50
    more = split_media([*media, *(f"n{i}" for i in range(100))], 0.1, 0.1, seed=1)
    assert all(more[m] == belongs[m] for m in media)


def test_few_media_give_one_each_and_two_are_refused():
    for count in (3, 4, 10):
        belongs = split_media([f"m{i}" for i in range(count)], 0.05, 0.05, seed=1)
        assert set(belongs.values()) == {"train", "dev", "test"}
    with pytest.raises(SplitError, match="2 media left"):
        split_media(["a", "b"], 0.05, 0.05, seed=1)


def test_measures_of_known_sound(tmp_path, spoken_sentences):
    samples, sentences = spoken_sentences
    rng = np.random.default_rng(0)
    speech = samples[np.abs(samples) > 0.003]
    noisy = samples + rng.standard_normal(len(samples)) * np.sqrt(np.mean(speech**2) / 100)
    results = {}
    for name, sound in (("clean", samples), ("noisy", noisy.astype(np.float32))):
        path = tmp_path / f"{name}.flac"
        soundfile.write(path, sound, 16000)
        media = media_cut(name, recording(name, str(path), 16000, len(sound)), {"align_score": 0.9})
        words = sentences[0]
        text = " ".join(w.text for w in words)
        cut = utterance_cut(media, name, words[0].start_sec, words[-1].end_sec, text, {})
        silent = utterance_cut(media, f"{name}-z", 0.0, 0.9, "가나다라", {})
        results[name] = filter_media([cut, silent], FilterConfig(min_snr_db=25), VadConfig())
    clean, silent = (c["custom"] for c in results["clean"])
    noisy = results["noisy"][0]["custom"]
    assert clean["status"] == "accepted" and clean["snr_db"] > 30 and clean["speech_ratio"] > 0.9
    assert silent["status"] == "rejected" and silent["reason"] == "low_speech_ratio"
    assert noisy["reason"] == "low_snr" and abs(noisy["snr_db"] - 20) < 4
    assert 3 < clean["syllables_per_sec"] < 9
