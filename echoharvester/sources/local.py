"""Media files on disk, with the captions that lie beside them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from echoharvester.audio.media import MediaError, probe
from echoharvester.audio.tracks import Track, choose_audio, choose_subtitles
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected, media_cut, recording, rejected, with_custom
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.runner import with_error
from echoharvester.manifests.shards import Cut
from echoharvester.sources.base import REJECT, TRANSCRIBE, check_uncaptioned
from echoharvester.sources.beside import CaptionFinder
from echoharvester.sources.folders import CAPTIONS, LeftOut, look_through
from echoharvester.sources.media_list import MediaRow, read_media_list
from echoharvester.text.unicode import fold

UNKNOWN_RATE, UNKNOWN_SAMPLES = 16000, 1  # of a recording that cannot be read
_OF_CAPTIONS = ("captions_beside", "subtitle_track", "caption_path", "caption_digest")


def _nothing() -> MutableSequence[LeftOut]:
    return []  # `list` is a setting, below


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
        audio_track: of files with several: its number from 1, or its language; None: the Korean
            one, else the default, else the first.
        uncaptioned: what becomes of media without captions, see `base.UNCAPTIONED`.
        left_out: what else the folders hold, filled by `media`.
    """

    paths: Sequence[str] = ()
    pattern: str = "*"
    recursive: bool = True
    channel: str = ""
    license: str = ""
    list: str | None = None
    outside_links: bool = False
    audio_track: str | int | None = None
    uncaptioned: str = REJECT
    left_out: MutableSequence[LeftOut] = field(default_factory=_nothing, init=False)
    _finder: CaptionFinder = field(default_factory=CaptionFinder, init=False)

    def __post_init__(self) -> None:
        check_uncaptioned(self.uncaptioned)

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
            elif _worth(cut) > _worth(first):
                chosen[cut["id"]] = cut
                yield _duplicate(first, cut)
            else:
                yield _duplicate(cut, first)
        yield from chosen.values()

    def _rows(self) -> Iterator[MediaRow]:
        """The rows of the list, then the files that it does not name."""
        rows = read_media_list(Path(self.list).expanduser()) if self.list else []
        rows = [replace(row, path=self._finder.same_name(row.path)) for row in rows]
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
                yield from self._in_folder(path)
            else:
                raise FileNotFoundError(
                    f"{path}: no such file or folder; check source.paths (a name with a comma needs quotes "
                    'inside quotes: \'source.paths=["/a, b","/c"]\')'
                )

    def _in_folder(self, folder: Path) -> Iterator[Path]:
        """The media of a folder; what else it holds is left out, each with its reason."""
        media: dict[Path, list[Path]] = defaultdict(list)
        captions = []
        for found in look_through(folder, self.pattern, self.recursive):
            if isinstance(found, Path):
                media[found.parent].append(found)
                yield found
            elif found.reason == CAPTIONS:
                captions.append(found)
            else:
                self.left_out.append(found)
        names = {here: self._finder.names_of(paths) for here, paths in media.items()}
        for caption in captions:
            known = self._finder.is_of(caption.path, names.get(caption.path.parent, ()))
            self.left_out.append(caption if known else LeftOut(caption.path, "captions_of_nothing"))

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
                kept = {k: v for k, v in known["custom"].items() if k not in _OF_CAPTIONS}
                cut = {**known, "custom": {**kept, **custom}}
            else:
                cut = self._probed(path, custom)
            return self._with_caption(self._with_audio_track(cut), row)
        except FileNotFoundError as error:
            problem = f"{self.list}:{row.line}: {path}: no such media file" if row.listed else error
            return with_error(_unread_cut(path, name, custom), FileNotFoundError(problem))
        except (MediaError, OSError) as error:
            return with_error(_unread_cut(path, name, custom), error)

    def _with_caption(self, cut: Cut, row: MediaRow) -> Cut:
        """The cut with its caption file or subtitle track, or rejected for want of one."""
        if row.caption:
            caption = self._finder.same_name(row.caption)
            if not caption.is_file():
                problem = f"{self.list}:{row.line}: {row.caption}: no such caption file"
                return with_error(cut, FileNotFoundError(problem))
            return _captioned(cut, caption, row.caption_kind or "external")
        choice = self._finder.beside(row.path, lambda path: not self._leads_out(path))
        if choice.path:
            cut = _captioned(cut, choice.path, row.caption_kind or choice.kind)
            return with_custom(cut, captions_beside=[*choice.others]) if choice.others else cut
        tracks = [Track(**track) for track in cut["custom"].get("subtitle_tracks", ())]
        inside = choose_subtitles(tracks)
        if inside is not None:
            cut = _captioned(cut, row.path, row.caption_kind or "external")
            return with_custom(cut, subtitle_track=inside + 1)
        others = [*choice.others, *(f"inside of it: {track}" for track in tracks)]
        custom = {**cut["custom"], "caption_kind": "none"}
        if others:
            custom["captions_beside"] = others
        if self.uncaptioned == TRANSCRIBE:
            return _accepted(cut, custom)
        return rejected({**cut, "custom": custom}, "collect", "no_captions")

    def _probed(self, path: Path, custom: dict[str, Any]) -> Cut:
        info = probe(path)
        media_id = file_digest(path)[:16]
        rate = info.sampling_rate or UNKNOWN_RATE
        samples = max(1, round(info.duration_sec * rate))
        custom["declared_duration_sec"] = info.duration_sec
        custom["audio_tracks"] = [asdict(track) for track in info.audio]
        if info.subtitles:
            custom["subtitle_tracks"] = [asdict(track) for track in info.subtitles]
        if info.chapters:
            custom["chapters"] = [
                {"start_sec": start, "end_sec": end, "title": fold(title)}
                for start, end, title in info.chapters
            ]
        return media_cut(media_id, recording(media_id, str(path), rate, samples), custom)

    def _with_audio_track(self, cut: Cut) -> Cut:
        """
        Raises:
            UserError: if the track that is wanted is not there.
        """
        tracks = [Track(**track) for track in cut["custom"]["audio_tracks"]]
        try:
            chosen = choose_audio(tracks, self.audio_track)
        except UserError as error:
            raise MediaError(f"{cut['custom']['media_path']}: {error}") from error
        return with_custom(cut, audio_track=chosen + 1)


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


def _worth(cut: Cut) -> int:
    """Of files with the same content those with captions count, then those that can be transcribed."""
    return 0 if is_rejected(cut) else 1 if cut["custom"].get("caption_kind") == "none" else 2


def _same_file(known: Cut, custom: dict[str, Any]) -> bool:
    fields = ("file_size", "file_mtime_ns")
    same = all(known["custom"].get(f) == custom[f] for f in fields)
    return same and "audio_tracks" in known["custom"]


def _path_id(path: Path) -> str:
    import hashlib

    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _captioned(cut: Cut, caption: Path, kind: str) -> Cut:
    fields = {"caption_kind": kind, "caption_path": str(caption)}
    fields["caption_digest"] = file_digest(caption)
    return _accepted(cut, {**cut["custom"], **fields})


def _accepted(cut: Cut, custom: dict[str, Any]) -> Cut:
    """The cut with these fields, whatever was said of it before."""
    kept = {k: v for k, v in custom.items() if k not in ("reason", "rejected_by")}
    return {**cut, "custom": {**kept, "status": "accepted"}}
