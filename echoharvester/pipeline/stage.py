"""A stage as a value: a row of the table in local/stages.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echoharvester.manifests.shards import Cut
    from echoharvester.pipeline.outputs import Output
    from echoharvester.pipeline.recipe import Recipe

PLACES = ("data", "train", "exp")


@dataclass(frozen=True)
class Stage:
    """What a stage is.

    A stage with a `source` is sharded: a process a shard, `target` its output.  All others are one
    process each; `inputs` and `output` say what they read and leave.

    Attributes:
        number: as `--stage` takes it; several stages may share one, in the order of the table.
        name: of its script in local/, too.
        settings: parts of the configuration that its output depends on.
        models: settings that name model files; their content counts.
        files: settings that are a word or name a file; of a file the content counts.
        source, target: manifests that it reads and leaves, shard by shard.
        extra_input: the stage whose manifest a sharded stage reads besides its shard.
        extra: of that input the plain values that every media item depends on; None: no item depends on
            all of it.
        reads: what a stage without shards reads, as people call it.
        inputs: identities of that.
        output: what a stage without shards leaves; None: it runs every time.
        item: what its accounting counts: media or cut.
        one_to_many: whether a media item becomes many cuts in it.
        version: raised whenever the code changes what comes out.
        place: the folder that it writes to, which two runs may not share: data, train or exp.
        gpu: whether it uses one where there is one.
        long: whether it is a job of its own on Slurm; a sharded stage always is.
        trains_together: whether several processes may share it, and a queue may interrupt it.
        after_takedown: whether it is run again after a takedown; other stages lose the media alone.
        introduced: settings that did not count when data were first made with this version, and the
            value that stands for how it was then: with it the fingerprint is what it was.
        wanted: whether a recipe has this stage at all; where it has not, what reads its target reads its
            source. None: every recipe has it.
        holds: whether the files that a cut of its output names are still there.
    """

    number: int
    name: str
    settings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    source: str = ""
    target: str = ""
    extra_input: str = ""
    extra: Callable[[Recipe], Any] | None = None
    reads: tuple[str, ...] = ()
    inputs: Callable[[Recipe], list[Any]] = lambda recipe: []
    output: Output | None = None
    item: str = "cut"
    one_to_many: bool = False
    version: int = 1
    place: str = "data"
    gpu: bool = False
    long: bool = False
    trains_together: bool = False
    after_takedown: bool = False
    introduced: Mapping[str, Any] = field(default_factory=dict)
    wanted: Callable[[Recipe], bool] | None = None
    holds: Callable[[Cut], bool] | None = None

    def __post_init__(self) -> None:
        assert self.place in PLACES, self.place
        assert not (self.source and self.output), f"{self.name}: its shards are its output"

    @property
    def sharded(self) -> bool:
        return bool(self.source)

    @property
    def title(self) -> str:
        """As it is called in messages: `stage 5 filter`."""
        return f"stage {self.number} {self.name}"


StageTable = Mapping[str, Stage]  # by name, in the order in which they run


def stage_table(*stages: Stage) -> StageTable:
    """Stages by name.

    Names are those of scripts and manifests, so they must differ; numbers go up.
    """
    table = {stage.name: stage for stage in stages}
    assert len(table) == len(stages), "two stages of one name"
    numbers = [stage.number for stage in stages]
    assert numbers == sorted(numbers), "stages out of order"
    return table
