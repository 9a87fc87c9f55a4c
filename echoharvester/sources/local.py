"""Media files on disk, with the captions that lie beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.audio.media import MEDIA_SUFFIXES, MediaError, probe
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected, media_cut, recording, rejected, with_custom
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.runner import with_error
from echoharvester.manifests.shards import Cut
from echoharvester.sources.media_list import MediaRow, read_media_list
from echoharvester.text.unicode import fold

# What lies beside x.mp4, in order of preference, and how such captions came to be.
CAPTION_LOOKUP = (
    (".ko.vtt", "manual"),
    (".ko.srt", "manual"),
    (".vtt", "external"),
    (".srt", "external"),
    (".ko.auto.vtt", "auto"),
    (".ko.auto.srt", "auto"),
)
UNKNOWN_RATE, UNKNOWN_SAMPLES = 16000, 1  # of a recording that cannot be read


@dataclass(frozen=True)
class LocalSource:
    """Files and folders.

    Attributes:
        paths: files, or folders to look through.
        pattern: glob that file names in folders must match.
        recursive: whether folders inside folders count.
        channel, license: recorded on every item, where known.
        list: a TSV or CSV of media with what is known of each, see `media_list`.
        outside_links: whether symbolic links may lead out of the folders.
    """

    paths: Sequence[str] = ()
    pattern: str = "*.*"
    recursive: bool = True
    channel: str = ""
    license: str = ""
    list: str | None = None
    outside_links: bool = False

    def media(self, known: dict[str, Cut]) -> Iterator[Cut]:
        """One cut for every media file.  Of files with the same content, one with captions
        counts; the others are rejected as `duplicate_media`.

        Raises:
            FileNotFoundError: if one of `paths`, or the list, does not exist.
            ValueError: if the list is not of its form.
        """
        if not (self.paths or self.list):
            raise UserError("source.paths is empty: name files or folders, 'source.paths=[/media]'")
        chosen: dict[str, Cut] = {}
        for row in self._rows():
            cut = self._cut(row, known.get(str(row.path)))
            first = chosen.get(cut["id"])
            if first is None:
                chosen[cut["id"]] = cut
            elif is_rejected(first) and not is_rejected(cut):
                chosen[cut["id"]] = cut
                yield _duplicate(first, cut)
            else:
                yield _duplicate(cut, first)
        yield from chosen.values()

    def _rows(self) -> Iterator[MediaRow]:
        """The rows of the list, then the files that it does not name."""
        rows = read_media_list(Path(self.list).expanduser()) if self.list else []
        seen = set()
        for row in [*rows, *map(MediaRow, self._files())]:
            if row.path not in seen:
                seen.add(row.path)
                yield row

    def _files(self) -> Iterator[Path]:
        for name in self.paths:
            path = Path(name).expanduser().resolve()
            if path.is_file():
                yield path
            elif path.is_dir():
                found = path.rglob(self.pattern) if self.recursive else path.glob(self.pattern)
                yield from sorted(p for p in found if _is_media(p))
            else:
                raise FileNotFoundError(f"{path}: no such file or folder; check source.paths")

    def _leads_out(self, path: Path) -> bool:
        """Whether a link in a folder leads to a file that is in none of the folders."""
        if self.outside_links or path.resolve() == path:
            return False
        roots = [Path(name).expanduser().resolve() for name in self.paths]
        return not any(path.resolve().is_relative_to(root) for root in roots)

    def _cut(self, row: MediaRow, known: Cut | None) -> Cut:
        path, name = row.path, str(row.path)
        try:
            name.encode()
        except UnicodeEncodeError:
            return _unnameable(path)
        custom: dict[str, Any] = {
            "media_path": name,
            "title": fold(path.stem),
            "channel": self.channel or fold(path.parent.name),
            "license": self.license or "not stated",
            **row.fields,
        }
        if not row.listed and self._leads_out(path):
            return rejected(_unread_cut(path, name, custom), "collect", "link_out_of_folder")
        try:
            stat = path.stat()
            custom["file_size"], custom["file_mtime_ns"] = stat.st_size, stat.st_mtime_ns
            if known and "duplicate_of" not in known["custom"] and _same_file(known, custom):
                cut = {**known, "custom": {**known["custom"], **custom}}
            else:
                cut = self._probed(path, custom)
            return self._with_caption(cut, row)
        except (MediaError, OSError) as error:
            return with_error(_unread_cut(path, name, custom), error)

    def _with_caption(self, cut: Cut, row: MediaRow) -> Cut:
        """The cut with its caption file, or rejected for want of one."""
        if row.caption:
            if not row.caption.is_file():
                problem = f"{row.caption}: no such file; it is named in {self.list}"
                return with_error(cut, FileNotFoundError(problem))
            return _captioned(cut, row.caption, row.caption_kind or "external")
        for suffix, kind in CAPTION_LOOKUP:
            caption = row.path.with_name(row.path.stem + suffix)
            if _is_file(caption) and not self._leads_out(caption):
                return _captioned(cut, caption, row.caption_kind or kind)
        custom = {**cut["custom"], "caption_kind": "none"}
        return rejected({**cut, "custom": custom}, "collect", "no_captions")

    def _probed(self, path: Path, custom: dict[str, Any]) -> Cut:
        info = probe(path)
        media_id = file_digest(path)[:16]
        rate = info.sampling_rate or UNKNOWN_RATE
        samples = max(1, round(info.duration_sec * rate))
        custom["declared_duration_sec"] = info.duration_sec
        return media_cut(media_id, recording(media_id, str(path), rate, samples), custom)


def _is_media(path: Path) -> bool:
    return (
        path.suffix.lower() in MEDIA_SUFFIXES and not path.name.startswith(".") and _is_file(path)
    )


def _is_file(path: Path) -> bool:
    """Also for names too long to be one, and in folders that may not be entered."""
    try:
        return path.is_file()
    except OSError:
        return False


def _duplicate(cut: Cut, of: Cut) -> Cut:
    """A file with the content of another, under an id of its own."""
    path_id = _path_id(Path(cut["custom"]["media_path"]))
    media_id = f"{cut['id']}-copy-{path_id}"
    cut = with_custom(cut, media_id=media_id, duplicate_of=of["custom"]["media_path"])
    return rejected({**cut, "id": media_id}, "collect", "duplicate_media")


def _unnameable(path: Path) -> Cut:
    """An error for a name that is not UTF-8, as old archives leave them."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    cut = _unread_cut(path, name, {"media_path": name, "title": name})
    return with_error(cut, MediaError(f"{name}: its name is not UTF-8; rename it (convmv helps)"))


def _unread_cut(path: Path, name: str, custom: dict[str, Any]) -> Cut:
    """A cut for a file whose content is not known; its path stands in for it."""
    path_id = _path_id(path)
    sound = recording(path_id, name, UNKNOWN_RATE, UNKNOWN_SAMPLES)
    return media_cut(f"unread-{path_id}", sound, custom)


def _same_file(known: Cut, custom: dict[str, Any]) -> bool:
    fields = ("file_size", "file_mtime_ns")
    return all(known["custom"].get(f) == custom[f] for f in fields)


def _path_id(path: Path) -> str:
    import hashlib

    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _captioned(cut: Cut, caption: Path, kind: str) -> Cut:
    fields = {"caption_kind": kind, "caption_path": str(caption)}
    fields["caption_digest"] = file_digest(caption)
    custom = {k: v for k, v in cut["custom"].items() if k not in ("reason", "rejected_by")}
    return {**cut, "custom": {**custom, "status": "accepted", **fields}}
