"""The data set as a hub's viewers and `load_dataset` read it: Parquet files by split, and a card."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from echoharvester.dataset.card import (
    NOT_STATED,
    Statistics,
    card_markdown,
    hub_licence,
    licence_gaps,
    plain_licence,
)
from echoharvester.dataset.formats import METADATA
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import speaker_of, text_of
from echoharvester.manifests.shards import Cut, write_atomic
from echoharvester.models.extras import require

HUB = "hub"  # folder of a data folder, unless another is named
PER_FILE = 1000  # utterances: so many are in memory at once
MOST_NAMED = 20
MANY_FILES = 100  # from so many on an upload goes on where it was cut off
# What may be cut, given on and used by others, whatever else these ask for; some state no version.
_FREE = ("cc0", "cc by", "cc by sa", "cc by nc", "cc by nc sa", "public domain")
# Where files lie here is nobody's business.
COLUMNS = tuple(name for name in METADATA if not name.endswith("path"))


@dataclass
class Publication:
    """What would be published, from one pass over the splits.

    Attributes:
        utterances, seconds: by split.
        licences: utterances by licence.
        forbidden: media that may not be given on, and the licence each states.
        statistics: of what would be published.
    """

    utterances: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    licences: Counter[str] = field(default_factory=Counter)
    forbidden: dict[str, str] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)

    def refusal(self) -> str:
        """Why it is not published; "" where it may be."""
        if not self.forbidden:
            return ""
        named = [
            f"{media} ({licence})" for media, licence in islice(self.forbidden.items(), MOST_NAMED)
        ]
        more = len(self.forbidden) - len(named)
        rest = f" and {more} more" if more > 0 else ""
        return (
            f"{len(self.forbidden)} media may not be published under the licence they state: {', '.join(named)}{rest}; "
            "publish without them (--leave-out), or allow a licence of yours (--allow 'NAME'; of files of your own --allow 'not stated')"
        )


Splits = Mapping[str, Callable[[], Iterable[Cut]]]  # by name what begins a pass over its cuts


def may_be_published(licence: str, allowed: Sequence[str] = ()) -> bool:
    """Whether a licence, as a source states it, lets others have the parts of a recording.

    >>> may_be_published("CC BY 4.0"), may_be_published("CC BY-NC-ND 4.0"), may_be_published("not stated")
    (True, False, False)
    """
    known = hub_licence(licence)
    free = bool(known) and "nd" not in known.split("-")
    return licence in allowed or free or plain_licence(licence) in _FREE


def look_over(splits: Splits, allowed: Sequence[str] = ()) -> Publication:
    """Counts what would be published, and names what may not be."""
    found = Publication()
    for name, cuts in splits.items():
        for cut in cuts():
            licence = _licence(cut)
            if not may_be_published(licence, allowed):
                media = cut["custom"]
                found.forbidden[f"{media['media_id']} {media.get('title') or ''}".strip()] = licence
                continue
            found.utterances[name] += 1
            found.seconds[name] += cut["duration"]
            found.licences[licence] += 1
            found.statistics.add(cut)
    return found


def check_splits(splits: Splits, whole: Iterable[Cut]) -> None:
    """
    Args:
        whole: the cuts of the data set (`manifest.jsonl.gz`).

    Raises:
        UserError: if a split has what the data set has no more.
    """
    known = {cut["id"] for cut in whole}
    for name, cuts in splits.items():
        gone = next((cut["id"] for cut in cuts() if cut["id"] not in known), None)
        if gone:
            raise UserError(
                f"{name} has {gone}, which the data set has no more; run stage 10 before it is published"
            )


def _licence(cut: Cut) -> str:
    return str(cut["custom"].get("license") or NOT_STATED)


def write_hub_folder(
    splits: Splits,
    folder: Path,
    card: Mapping[str, Any],
    plan: Publication,
    allowed: Sequence[str] = (),
    repo: str = "",
    contact: str = "",
) -> list[Path]:
    """Writes `README.md` and `data/SPLIT-NNNNN.parquet`: audio as FLAC, text, word times and measures.

    Args:
        card: the data card (`data_card.json`).
        plan: of `look_over`; media that it forbids are left out.

    Raises:
        UserError: without the package `datasets`, or where nothing is left to publish.
    """
    datasets = require("datasets", "publish")
    if not plan.utterances:
        raise UserError("nothing may be published; see the licences above")
    import pyarrow
    import pyarrow.parquet

    schema = features(datasets).arrow_schema
    strange = [path for path in _files(folder) if not _is_ours(path.relative_to(folder))]
    if strange:
        raise UserError(
            f"{folder} holds {strange[0].name}, which is not of a published data set; name another folder"
        )
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for old in (folder / "data").glob("*.parquet"):
        old.unlink()
    written = []
    for name in plan.utterances:
        free = (cut for cut in splits[name]() if may_be_published(_licence(cut), allowed))
        for number, part in enumerate(_parts(free)):
            path = folder / "data" / f"{name}-{number:05d}.parquet"
            # The features go with the schema; the sound is encoded already, so that nothing of what
            # `datasets` would encode with is needed.
            table = pyarrow.Table.from_pylist([_row(cut) for cut in part], schema=schema)
            pyarrow.parquet.write_table(table, path)
            written.append(path)
    readme = folder / "README.md"
    stats = plan.statistics.to_dict()
    own = {**card, "statistics": stats, "licence_gaps": licence_gaps(stats)}
    write_atomic(readme, hub_card(own, plan, repo, contact))
    return [*written, readme]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def _is_ours(path: Path) -> bool:
    """Whether a file is of a folder to be published, or of an upload of it under way (`.cache`)."""
    parquet = path.parts[0] == "data" and path.suffix == ".parquet" and len(path.parts) == 2
    return parquet or path == Path("README.md") or path.parts[0] == ".cache"


def features(datasets: Any) -> Any:
    """Types of the columns."""
    text, number = datasets.Value("string"), datasets.Value("float64")
    numbers = ("media_start_sec", "media_end_sec", "align_score", "snr_db", "speech_ratio", "cer")
    word = {"word": text, "start_sec": number, "end_sec": number}
    return datasets.Features({
        "id": text, "audio": datasets.Audio(sampling_rate=16000, decode=True), "text": text, "speaker": text,
        "duration_sec": number, "words": [word],
        **{name: number if name in numbers else text for name in COLUMNS},
    })  # fmt: skip


def _parts(cuts: Iterable[Cut]) -> Iterator[list[Cut]]:
    left = iter(cuts)
    while part := list(islice(left, PER_FILE)):
        yield part


def _row(cut: Cut) -> dict[str, Any]:
    import io

    import soundfile

    own = cut["recording"]
    start = round(cut["start"] * own["sampling_rate"])
    stop = start + round(cut["duration"] * own["sampling_rate"])
    source = own["sources"][0]["source"]
    try:
        samples, rate = soundfile.read(source, start=start, stop=stop, dtype="int16")
    except (soundfile.SoundFileError, OSError) as error:
        raise UserError(f"{source}: {error}; run stage 2 again") from error
    sound = io.BytesIO()
    soundfile.write(sound, samples, rate, format="FLAC")
    words = cut["supervisions"][0].get("alignment", {}).get("word", ())
    return {
        "id": cut["id"],
        "audio": {"bytes": sound.getvalue(), "path": f"{cut['id']}.flac"},
        "text": text_of(cut),
        "speaker": speaker_of(cut),
        "duration_sec": cut["duration"],
        "words": [
            {"word": str(word), "start_sec": float(begin), "end_sec": round(begin + length, 4)}
            for word, begin, length, *_ in words
        ],
        **{name: cut["custom"].get(name) for name in COLUMNS},
    }


def hub_card(card: Mapping[str, Any], plan: Publication, repo: str, contact: str) -> str:
    """The data card with what a hub needs beside: where the splits lie, how to load and to cite it."""
    name = repo or str(card["name"])
    configs = [f"  - split: {split}\n    path: data/{split}-*.parquet" for split in plan.utterances]
    key = "".join(c for c in name.rpartition("/")[2].lower() if c.isalnum()) or "dataset"
    lines = [
        "## Splits", "",
        "| split | utterances | hours |", "|---|---|---|",
        *(f"| {s} | {n} | {plan.seconds[s] / 3600:.2f} |" for s, n in plan.utterances.items()),
        "", "```python", "from datasets import load_dataset", "",
        f'data = load_dataset({json.dumps(name, ensure_ascii=False)}, split="{next(iter(plan.utterances))}")',
        'print(data["text"][0])', "```", "",
        "Each row: `audio` (FLAC, 16 kHz; to hear it, `datasets` wants torchcodec), `text`, `words` with their times, `speaker` where captions name one, and the measures "
        "and the source of each utterance.", "",
        "## Citation", "", "```bibtex", f"@misc{{{key},", f"  title = {{{card['name']}: Korean speech with verified captions}},",
        f"  howpublished = {{{name}}},", "  note = {Made with EchoHarvester}", "}", "```", "",
        "## Contact", "",
        (contact or "Whoever published this repository: open a discussion there.")
        + " Media are taken out on request.", "",
    ]  # fmt: skip
    text = card_markdown(card)
    front = "configs:\n- config_name: default\n  data_files:\n" + "\n".join(configs) + "\n---\n\n# "
    text = text.replace("---\n\n# ", front, 1)
    # What is read there is Parquet, not the Shar.
    before, _, behind = text.partition("## Reading it")
    return before + "\n".join(lines) + "\n" + behind[behind.rindex("Made with") :]


def push(folder: Path, repo: str, private: bool = True) -> str:
    """Uploads a folder that `write_hub_folder` wrote, and returns where it lies.

    Raises:
        UserError: with the hub's own words.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api, patterns = HfApi(), ["README.md", "data/*.parquet"]
    try:
        url = api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        if len(list(folder.rglob("*.parquet"))) > MANY_FILES:
            api.upload_large_folder(repo, folder, repo_type="dataset", allow_patterns=patterns)
            _remove_others(
                api, repo, {path.relative_to(folder).as_posix() for path in _files(folder)}
            )
        else:
            api.upload_folder(
                repo_id=repo, folder_path=folder, repo_type="dataset", allow_patterns=patterns,
                commit_message="Published with EchoHarvester", delete_patterns="data/*.parquet",
            )  # fmt: skip
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise UserError(f"{repo}: {error}; is HF_TOKEN set, and may it write there?") from error
    return str(url)


def _remove_others(api: Any, repo: str, wanted: Collection[str]) -> None:
    """Takes files of an earlier publication off the hub: what was taken out since must not stay."""
    from huggingface_hub import CommitOperationDelete

    there = api.list_repo_files(repo, repo_type="dataset")
    old = [name for name in there if name.startswith("data/") and name not in wanted]
    if old:
        operations = [CommitOperationDelete(path_in_repo=name) for name in old]
        api.create_commit(
            repo, operations, commit_message="Files of before taken out", repo_type="dataset"
        )
