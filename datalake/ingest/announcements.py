"""What `producer.py` may be given: files, folders, globs, URIs or a CSV; each becomes checked messages."""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from pydantic import ValidationError

from datalake.contracts import VideoArrived
from datalake.errors import ConfigurationError
from datalake.ingest.announced_uris import AllowedUris
from datalake.settings import SourceSettings
from datalake.uris import shown

VIDEO_SUFFIXES = frozenset(
    [
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    ]
)
_OPTION_COLUMNS = ("sampling", "interval_s", "max_frames")
CSV_COLUMNS = (
    *("uri", "video_id", "platform", "published_at", "version", "sha256", "notify"),
    *_OPTION_COLUMNS,
)


@dataclass(frozen=True)
class Wishes:
    """What holds for every message of one call, unless a CSV row says otherwise."""

    platform: str = "instagram"
    notify: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Announcement:
    """One video to announce: the fields of a message, without its event id."""

    fields: Mapping[str, Any]

    @property
    def key(self) -> bytes:
        """Key of the message, so that messages about one video keep their order."""
        return f"{self.fields['platform']}/{self.fields['video_id']}".encode()

    def payload(self) -> bytes:
        """A message under a random event id."""
        return json.dumps({"event_id": str(uuid4()), **self.fields}).encode()

    def copy(self, number: int) -> Announcement:
        """The same video under another id, for loads; number 1 is the video itself."""
        if number == 1:
            return self
        return Announcement({**self.fields, "video_id": f"{self.fields['video_id']}-{number}"})


class Announcer:
    """Finds videos and says where the pipeline sees them.

    Args:
        sources: what the pipeline may read, and how host folders map to where it sees them.
        wishes: defaults of every message.
        strict: refuse CSV columns that are no fields; otherwise they are sent along.
    """

    def __init__(self, sources: SourceSettings, wishes: Wishes, strict: bool = False) -> None:
        self._uris = AllowedUris(sources)
        self._wishes = wishes
        self._strict = strict

    def announcements(self, arguments: Sequence[str]) -> list[Announcement]:
        """Every video that the arguments name, checked.

        Raises:
            ConfigurationError: nothing there, a path or URI the pipeline may not read, a CSV row that is no
                message, or two videos under one id; says which, and what to do.
        """
        found = [announcement for argument in arguments for announcement in self._named_by(argument)]
        seen: dict[bytes, Any] = {}
        for announcement in found:
            uri = announcement.fields["uri"]
            other = seen.setdefault(announcement.key, uri)
            if other != uri:
                raise ConfigurationError(
                    f"{shown(other)} and {shown(uri)} would both be {announcement.key.decode()}: give them "
                    "ids of their own in a CSV with the columns uri and video_id"
                )
        return found

    def _named_by(self, argument: str) -> Iterator[Announcement]:
        path = Path(argument)
        if "://" in argument:
            uri = self._uris.of_uri(argument)
            yield self._checked({"uri": uri, "video_id": _stem(uri)}, argument)
        elif path.is_dir():
            yield from self._in_folder(path)
        elif path.suffix.lower() == ".csv":
            yield from self._in_csv(path)
        elif path.is_file():
            yield self._file(path)
        elif glob.has_magic(argument):
            yield from self._matching(argument)
        else:
            raise ConfigurationError(f"{argument}: no such file or folder")

    def _in_folder(self, folder: Path) -> Iterator[Announcement]:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES)
        if not files:
            raise ConfigurationError(
                f"{folder}: no video in this folder ({', '.join(sorted(VIDEO_SUFFIXES))})"
            )
        for path in files:
            yield self._file(path)

    def _matching(self, pattern: str) -> Iterator[Announcement]:
        files = sorted(Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207
        files = [path for path in files if path.is_file()]
        if not files:
            raise ConfigurationError(f"{pattern}: nothing matches")
        for path in files:
            yield self._file(path)

    def _file(self, path: Path) -> Announcement:
        return self._checked({"uri": self._uris.of_path(path), "video_id": path.stem}, str(path))

    def _in_csv(self, path: Path) -> Iterator[Announcement]:
        try:
            with path.open(newline="", encoding="utf-8-sig") as lines:
                reader = csv.DictReader(lines, strict=True)
                self._check_columns(path, reader.fieldnames)
                count = 0
                for count, row in enumerate(reader, 1):  # noqa: B007
                    yield self._row(path, reader.line_num, row)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(f"{path}: not a readable CSV ({error})") from error
        if not count:
            raise ConfigurationError(f"{path}: no rows after the header")

    def _check_columns(self, path: Path, columns: Sequence[str] | None) -> None:
        if not columns or "uri" not in columns:
            raise ConfigurationError(
                f"{path} line 1: expected a header with uri, and any of {', '.join(CSV_COLUMNS)}"
            )
        unknown = [column for column in columns if column not in CSV_COLUMNS]
        if self._strict and unknown:
            raise ConfigurationError(f"{path} line 1: unknown columns {', '.join(unknown)}")

    def _row(self, path: Path, line: int, row: Mapping[str | None, Any]) -> Announcement:
        where = f"{path} line {line}"
        if None in row or None in row.values():
            raise ConfigurationError(f"{where}: not as many values as columns")
        given = {str(column): text.strip() for column, text in row.items() if text.strip()}
        if "uri" not in given:
            raise ConfigurationError(f"{where}: uri is empty")
        given["uri"] = self._uri_in(path.parent, given["uri"], where)
        given.setdefault("video_id", _stem(given["uri"]))
        fields: dict[str, Any] = {key: text for key, text in given.items() if key not in _OPTION_COLUMNS}
        if "notify" in given:
            fields["notify"] = [address.strip() for address in given["notify"].split(";")]
        if options := {key: given[key] for key in _OPTION_COLUMNS if key in given}:
            fields["options"] = options
        return self._checked(fields, where)

    def _uri_in(self, folder: Path, uri: str, where: str) -> str:
        try:
            return self._uris.of_uri(uri) if "://" in uri else self._uris.of_path(folder / uri)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error}") from None

    def _checked(self, fields: Mapping[str, Any], where: str) -> Announcement:
        """The message as the pipeline will read it; what it would refuse is refused here."""
        wished: dict[str, Any] = {"platform": self._wishes.platform}
        if self._wishes.notify:
            wished["notify"] = list(self._wishes.notify)
        options = {**self._wishes.options, **fields.get("options", {})}
        fields = {**wished, **fields, **({"options": options} if options else {})}
        known = {name: value for name, value in fields.items() if name in VideoArrived.model_fields}
        try:
            arrived = VideoArrived.model_validate({"event_id": uuid4(), **known})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            raise ConfigurationError(f"{where}: {name}: {first['msg']}") from None
        clean = arrived.model_dump(mode="json", exclude_defaults=True, exclude={"event_id"})
        others = {name: value for name, value in fields.items() if name not in VideoArrived.model_fields}
        return Announcement({**others, **clean, "platform": arrived.platform})


def _stem(uri: str) -> str:
    return Path(unquote(urlsplit(uri).path)).stem or "video"
