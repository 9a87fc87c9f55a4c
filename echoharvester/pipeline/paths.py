"""Where everything lies in a data folder and an experiment folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Paths:
    """Folders of a run, and the files that stages leave in them.

    Attributes:
        data_dir: sound, manifests, review files, Shar.
        exp_dir: models and the report; `train_dir`: of one model and tokenizer.
        recipe_dir: of the recipe, below egs/.
        tokenizer: its kind, which names the lang folder.
        decode_method, decode_sets: name the record of stage 12.
    """

    data_dir: Path
    exp_dir: Path
    train_dir: Path
    recipe_dir: Path
    tokenizer: str = "char"
    decode_method: str = "ctc_greedy"
    decode_sets: tuple[str, ...] = ("dev", "test")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Paths:
        """The paths that a whole configuration describes."""
        return cls(
            Path(str(settings["data_dir"])),  # Hydra reads 2024 as a number
            Path(str(settings["exp_dir"])),
            Path(str(settings["train_dir"])),
            Path(str(settings["recipe_dir"])),
            settings["tokenizer"]["kind"],
            str(settings["decode"]["method"]),
            tuple(map(str, settings["decode"]["sets"])),
        )

    @property
    def name(self) -> str:
        """What the data are called: the recipe, or the folder that was named instead of the recipe's."""
        if self.data_dir == self.recipe_dir / "data":
            return self.recipe_dir.name
        folder = self.data_dir.absolute()
        return (folder.parent if folder.name == "data" else folder).name or folder.name

    @property
    def manifests(self) -> Path:
        return self.data_dir / "manifests"

    @property
    def audio(self) -> Path:
        return self.data_dir / "audio"

    @property
    def review(self) -> Path:
        return self.data_dir / "review"

    @property
    def shar(self) -> Path:
        return self.data_dir / "shar"

    @property
    def library(self) -> Path:
        """The media that stage 0 makes."""
        return self.data_dir / "library"

    @property
    def truth(self) -> Path:
        """The truth about the synthetic library; no stage reads it."""
        return self.data_dir / "truth" / "cuts_truth.0.jsonl.gz"

    @property
    def duplicates(self) -> Path:
        """Utterances that lie in two media, a line each."""
        return self.manifests / "duplicates.0.jsonl.gz"

    @property
    def evidence(self) -> Path:
        """The curve of evidence that was fitted on this harvest, in the one row."""
        return self.manifests / "evidence.0.jsonl.gz"

    @property
    def review_rows(self) -> Path:
        """Cuts that have a row in a review file."""
        return self.manifests / "review_rows.0.jsonl.gz"

    @property
    def review_edits(self) -> Path:
        """What the review files say, a decision or a problem a line."""
        return self.manifests / "review_edits.0.jsonl.gz"

    @property
    def left_out(self) -> Path:
        """What folders of media hold besides media, with reasons."""
        return self.data_dir / "left_out.tsv"

    @property
    def dataset_manifest(self) -> Path:
        """All exported cuts, a line each, beside the Shar."""
        return self.data_dir / "manifest.jsonl.gz"

    def split(self, name: str) -> Path:
        return self.manifests / f"cuts_{name}.jsonl.gz"

    @property
    def lang(self) -> Path:
        return self.data_dir / f"lang_{self.tokenizer}"

    @property
    def lang_record(self) -> Path:
        return self.lang / "lang.json"

    @property
    def train_record(self) -> Path:
        return self.train_dir / "train.json"

    @property
    def decode_record(self) -> Path:
        """Sets of one's own have a record of their own, beside that of dev and test."""
        own = [name.partition("=")[0].replace("/", "_") for name in self.decode_sets if "=" in name]
        return self.train_dir / self.decode_method / ("-".join(["decode", *own]) + ".json")

    @property
    def decode_records(self) -> list[Path]:
        """Those of all methods that have decoded with this model, the configured one last."""
        others = sorted(p for p in self.train_dir.glob("*/decode*.json") if p != self.decode_record)
        return [*others, self.decode_record]

    @property
    def export_record(self) -> Path:
        return self.train_dir / "export" / "export.json"

    @property
    def report(self) -> Path:
        return self.exp_dir / "report.html"

    def of_place(self, place: str) -> Path:
        """The folder of a place: data, train or exp."""
        return {"data": self.data_dir, "train": self.train_dir, "exp": self.exp_dir}[place]

    def log(self, place: str, name: str, shard: int | None = None) -> Path:
        """The log of a stage that writes to `place`, or of one of its shards."""
        folder = (self.data_dir if place == "data" else self.exp_dir) / "log"
        return folder / (f"{name}.log" if shard is None else f"{name}.{shard}.log")
