"""A recipe at work: its stages, its settings, and the state of what they have left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.collected import check_num_shards, num_shards_of
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.runner import StageRun, input_identity, why_stale
from echoharvester.manifests.shards import (
    find_shards,
    read_cuts,
    read_info,
    shard_path,
)
from echoharvester.pipeline.paths import Paths
from echoharvester.pipeline.settings import (
    changes,
    counted_settings,
    flat,
    model_digests,
    remember,
    remembered,
)
from echoharvester.pipeline.stage import StageTable

OTHER_SETTINGS = "made with other settings"


@dataclass(frozen=True)
class Recipe:
    """Stages bound to settings and folders.

    Attributes:
        stages: the table.
        settings: the whole configuration as plain values.
        former_names: settings by their names of today, and what they were called before.
    """

    stages: StageTable
    settings: Mapping[str, Any]
    former_names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def paths(self) -> Paths:
        return Paths.of(self.settings)

    def stage_settings(self, name: str) -> dict[str, Any]:
        """What a stage's output depends on: settings, and digests of models."""
        stage = self.stages[name]
        return {
            **counted_settings(stage, self.settings, self.former_names),
            **{f"{key} (content)": d for key, d in model_digests(stage, self.settings).items()},
        }

    def stage_fingerprint(self, name: str, *inputs: Any) -> str:
        """Digest of the settings, models and version of a stage, and of what else it depends on."""
        stage = self.stages[name]
        counted = counted_settings(stage, self.settings, self.former_names)
        digests = model_digests(stage, self.settings)
        return fingerprint(name, stage.version, counted, digests, *inputs)

    def fingerprint(self, name: str) -> str:
        """Digest of everything that the output of a stage without shards depends on."""
        return self.stage_fingerprint(name, *self.stages[name].inputs(self))

    def has(self, name: str) -> bool:
        """Whether this recipe has a stage."""
        wanted = self.stages[name].wanted
        return wanted is None or wanted(self)

    def source_of(self, name: str) -> str:
        """The manifest that a sharded stage reads: what its settings leave out is passed over."""
        source = self.stages[name].source
        makers = {stage.target: maker for maker, stage in self.stages.items() if stage.target}
        while source in makers and not self.has(makers[source]):
            source = self.stages[makers[source]].source
        return source

    def run_of(self, name: str) -> StageRun:
        """A sharded stage as the runner takes it."""
        stage = self.stages[name]
        return StageRun(
            name,
            self.stage_fingerprint(name),
            self.source_of(name),
            stage.target,
            self.paths.manifests,
            "media" if stage.one_to_many else "cut",
        )

    def extra_input(self, name: str) -> str:
        """Identity of what a sharded stage reads besides its shard; "" where that is nothing.

        Raises:
            UserError: if it is missing.
        """
        other = self.stages[name].extra_input
        output = self.stages[other].output if other else None
        if output is None or not self.has(other):
            return ""
        path = output.path(self.paths)
        info = read_info(path)
        if info is None:
            raise UserError(f"{path} is missing or damaged; run {self.stages[other].title}")
        return info.identity

    def extra(self, name: str) -> Any:
        """What every media item of a sharded stage depends on besides its cuts, as plain values."""
        of_all = self.stages[name].extra
        return of_all(self) if of_all else None

    def num_shards(self) -> int:
        """Of the data folder.

        Raises:
            UserError: if there is none, or it was begun with another number.
        """
        found = num_shards_of(self.paths.manifests)
        if found is None:
            raise UserError(f"{self.paths.manifests}: nothing collected yet; run stage 1")
        check_num_shards(self.paths.manifests, self.settings["num_shards"])
        return found

    def stale_shards(self, name: str) -> dict[int, str]:
        """Shards of a stage that have to be made, and why."""
        run, extra, holds = self.run_of(name), self.extra_input(name), self.stages[name].holds
        found = {}
        for k in range(self.num_shards()):
            why = why_stale(run, k, extra)
            if not why and holds and not all(map(holds, read_cuts(self._shard(name, k)))):
                why = "audio missing"
            if why:
                found[k] = why
        return found

    def unmade(self, name: str) -> Callable[[Iterable[int]], list[int]]:
        """Tells which of some shards are not there, of today's settings and input; items of those that
        are may be errors.  Settings and extra input are looked at once."""
        run, extra = self.run_of(name), self.extra_input(name)

        def is_made(shard: int) -> bool:
            info = read_info(shard_path(run.folder, run.target, shard))
            made_from = info and (info.fingerprint, info.input)
            return made_from == (run.fingerprint, input_identity(run, shard, extra))

        return lambda shards: [k for k in shards if not is_made(k)]

    def _shard(self, name: str, shard: int) -> Path:
        return shard_path(self.paths.manifests, self.stages[name].target, shard)

    def fresh_summary(self, name: str) -> str | None:
        """What the output of a stage without shards is, if it still holds; None: it must run."""
        output = self.stages[name].output
        return output.summary(self, self.fingerprint(name)) if output else None

    def why_unmade(self, name: str) -> str:
        """Why a stage without shards has to run, as far as what it left tells."""
        output = self.stages[name].output
        if output is None or not output.is_wanted(self):
            return "it does every time"
        path = output.path(self.paths)
        if not path.exists():
            return f"{path} is missing"
        made_from = output.made_from(path)
        if made_from is None:
            return f"{path} is damaged"
        if made_from == self.fingerprint(name):
            return f"files that belong to {path} are missing or changed"
        return self.what_changed(name, made_from) or "what it reads changed"

    def what_changed(self, name: str, made_from: str) -> str:
        """The settings of a stage that differ from those of a fingerprint; "" if none do.

        Where nobody has kept what it stood for, it can only be told that something did.
        """
        before = remembered(self.paths.manifests, name, made_from)
        if before is None:
            return "its settings, or what it reads, changed"
        return ", ".join(changes(before, dict(flat(self.stage_settings(name)))))

    def remember_settings(self, name: str) -> None:
        """Keeps what the fingerprint of a stage stands for, for `what_changed`."""
        digest = (
            self.stage_fingerprint(name) if self.stages[name].sharded else self.fingerprint(name)
        )
        values = dict(flat(self.stage_settings(name)))
        remember(self.paths.manifests, name, digest, values)

    def made_with(self, name: str) -> dict[str, Any]:
        """The settings, by dotted name, that the shards of a stage were made with, whatever today's are."""
        stage = self.stages[name]
        infos = map(read_info, find_shards(self.paths.manifests, stage.target))
        made_from = next((info.fingerprint for info in infos if info), "")
        found = remembered(self.paths.manifests, name, made_from)
        return found if found is not None else dict(flat(self.stage_settings(name)))

    def counts(self, name: str) -> Counts | None:
        """What became of the items of a stage that has shards; None if there is none yet."""
        target = self.stages[name].target
        paths = sorted(self.paths.manifests.glob(f"{target}.[0-9]*.jsonl.gz")) if target else []
        infos = [read_info(path) for path in paths]
        found = [Counts.from_dict(i.counts) for i in infos if i and "items" in i.counts]
        return total(found) if found else None

    def yields(self) -> dict[str, dict[str, Any]]:
        """The accounting of every stage that has shards, as plain values."""
        return {
            name: {**counts.to_dict(), "item": self.stages[name].item}
            for name, counts in self.accounting().items()
        }

    def accounting(self) -> dict[str, Counts]:
        """What became of the items of every stage that has shards.

        Raises:
            ManifestError: if a shard is missing in between.
        """
        result = {}
        for name, stage in self.stages.items():
            if stage.target and self.has(name):
                infos = map(read_info, find_shards(self.paths.manifests, stage.target))
                result[name] = total(Counts.from_dict(info.counts) for info in infos if info)
        return result
