"""Caption files that lie beside media: by name, as downloaders, editors and people write them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import SUFFIXES, read_track

# In this order: what people wrote in Korean, what tells no language, what a recogniser wrote.
MANUAL, EXTERNAL, AUTO = "manual", "external", "auto"
_ORDER = (MANUAL, EXTERNAL, AUTO)
# Of files of one kind: formats that tell more, or that people mend last, first.
_FORMATS = (
    ".vtt",
    ".srt",
    ".ass",
    ".ssa",
    ".ttml",
    ".dfxp",
    ".smi",
    ".sami",
    ".sbv",
    ".srv3",
    ".json3",
)
_KOREAN = r"ko|ko[-_]kr|ko[-_]kore(?:[-_]kr)?|kor|kr|korean|한국어|한글|국문|한글자막|한국어자막"
_TAG = re.compile(
    rf"(?:(?P<orig>ko-orig)|(?P<korean>{_KOREAN}|ko-[a-z0-9_-]{{11}})|(?P<auto>auto|asr|generated|자동)"
    r"|(?P<plain>sdh|cc|hi|full|default|subtitles?|sub|자막))"
)


def compared(name: str) -> str:
    """A file name as names are compared: composed, without regard to case.

    >>> compared("강의.KO.SRT") == compared(unicodedata.normalize("NFD", "강의.ko.srt"))
    True
    """
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True)
class CaptionChoice:
    """The caption file of a media file.

    Attributes:
        path: None where there is none.
        kind: manual, external or auto.
        others: what else lies beside, with the reason why it was not taken.
    """

    path: Path | None
    kind: str = "none"
    others: tuple[str, ...] = ()


@dataclass
class CaptionFinder:
    """Looks through folders, each once."""

    _folders: dict[Path, dict[str, list[Path]]] = field(default_factory=dict)

    def same_name(self, path: Path) -> Path:
        """The file of this name in its folder, however its letters are composed; else `path`."""
        if path.exists():
            return path
        wanted = compared(path.name)
        try:
            return next(p for p in path.parent.iterdir() if compared(p.name) == wanted)
        except (OSError, StopIteration):
            return path

    def beside(
        self, media: Path, usable: Callable[[Path], bool] = lambda path: True
    ) -> CaptionChoice:
        """The captions of a media file; of several the first that can be read, in the order above."""
        stems = [compared(media.name), compared(media.stem)]
        files = self._captions(media.parent)
        found: list[tuple[int, int, str, Path, str]] = []
        others: list[str] = []
        for path in dict.fromkeys(p for stem in stems for p in files.get(stem, ())):
            name = compared(path.name)
            stem = next(s for s in stems if name.startswith(s + "."))
            kind = _kind(name[len(stem) + 1 : -len(path.suffix)])
            if kind and not usable(path):
                others.append(f"{path.name} (leads out of the folder)")
            elif kind:
                place = (_ORDER.index(kind), _FORMATS.index(path.suffix.lower()))
                found.append((*place, path.name, path, kind))
            else:
                others.append(f"{path.name} (not Korean by its name)")
        found.sort()
        chosen: tuple[Path, str] | None = None
        for *_, path, kind in found:
            if chosen:
                others.append(path.name)
            elif len(found) == 1 or not (fault := _fault(path)):
                chosen = path, kind
            else:
                others.append(f"{path.name} ({fault})")
        if chosen is None and found:  # stage 3 says what is wrong with it
            chosen = found[0][3], found[0][4]
        return (
            CaptionChoice(*chosen, tuple(others))
            if chosen
            else CaptionChoice(None, others=tuple(others))
        )

    @staticmethod
    def names_of(media: Sequence[Path]) -> set[str]:
        """What captions of these media files may begin with."""
        return {compared(name) for path in media for name in (path.name, path.stem)}

    @staticmethod
    def is_of(caption: Path, names: Collection[str]) -> bool:
        """Whether a caption file is named like one of the media that `names_of` is of."""
        parts = compared(caption.name).split(".")
        return any(".".join(parts[:k]) in names for k in range(1, len(parts)))

    def _captions(self, folder: Path) -> dict[str, list[Path]]:
        """Caption files of a folder, by every beginning of their names that ends at a point."""
        if folder not in self._folders:
            by_stem: dict[str, list[Path]] = defaultdict(list)
            try:
                paths = sorted(folder.iterdir())
            except OSError:
                paths = []
            for path in paths:
                if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                    parts = compared(path.name).split(".")
                    for k in range(1, min(len(parts), 6)):
                        by_stem[".".join(parts[:-k])].append(path)
            self._folders[folder] = dict(by_stem)
        return self._folders[folder]


def _kind(tags: str) -> str | None:
    """What the tags between the name of the media and the suffix say; None for another language."""
    kind = EXTERNAL
    for tag in filter(None, tags.split(".")):
        found = _TAG.fullmatch(tag)
        if not found:
            return None
        if found["orig"] or found["auto"]:
            kind = AUTO
        elif found["korean"] and kind == EXTERNAL:
            kind = MANUAL
    return kind


def _fault(path: Path) -> str:
    """Why a caption file gives nothing; "" if it does."""
    try:
        return "" if read_track(path).cues else "empty"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except CaptionError:
        return "cannot be read"
