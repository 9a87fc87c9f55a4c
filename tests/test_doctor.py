"""The doctor looks at everything, survives what it looks at, and says what to do."""

import shutil
from types import SimpleNamespace

import pytest

from echoharvester import doctor


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(doctor, "TIMEOUT_SEC", 0.01)


def test_a_line_for_everything(tmp_path, offline):
    said = "\n".join(doctor.check_environment(tmp_path))
    for word in ("Python", "cores", "memory", "torch", "lhotse", "GPU", "k2", "ffmpeg: decodes", "JavaScript",
                 "Slurm", "network", "models", "licences", "free at"):  # fmt: skip
        assert word in said, word


def test_too_little_disk_is_an_error_that_says_what_to_do(tmp_path, offline, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**30))
    with pytest.raises(doctor.MachineError, match=r"1\.0 GiB free .* set data_dir"):
        list(doctor.check_environment(tmp_path / "not" / "there" / "yet"))


def test_a_check_that_fails_is_a_line_of_its_own():
    def _gpu():
        raise RuntimeError("driver gone")

    assert doctor._safely(_gpu) == "gpu: could not be looked at (RuntimeError: driver gone)"


def test_models_of_a_hub_are_named_with_their_size(tmp_path, monkeypatch):
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(tmp_path / "none"))
    assert "none downloaded from the hub yet" in doctor._models()
    snapshot = tmp_path / "hub" / "models--someone--asr-ko" / "snapshots" / "abc"
    (snapshot.parents[1] / "blobs").mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    snapshot.mkdir(parents=True)
    blob = snapshot.parents[1] / "blobs" / "1234"
    blob.write_bytes(b"x" * 5000)
    (snapshot / "model.onnx").symlink_to(blob)
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert "someone/asr-ko (5.0K)" in doctor._models()
