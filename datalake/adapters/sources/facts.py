"""What a source says about its bytes: the few statements worth keeping, in a form that can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from datalake.contracts import SourceFacts
from datalake.uris import shown

# A list of what is kept, so that cookies and credentials of whatever name are not.
_KEPT = frozenset(
    {
        "cache-control",
        "content-digest",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "repr-digest",
        "x-amz-version-id",
        "x-goog-generation",
    }
)
_KEPT_PREFIXES = ("x-amz-checksum-", "x-amz-meta-", "x-goog-meta-", "x-ms-meta-")
_MOST_HEADERS = 32
_MOST_CHARS = 1000


def facts_of_answer(uri: str, headers: Mapping[str, str]) -> SourceFacts:
    """The facts in the headers of an HTTP answer; S3 answers with the same ones.

    Args:
        uri: as the message names it.
        headers: names in any case.
    """
    stated = {name.lower(): storable(value) for name, value in headers.items()}
    length = stated.get("content-length", "")
    kept = sorted(name for name in stated if name in _KEPT or name.startswith(_KEPT_PREFIXES))
    return SourceFacts(
        uri=storable(shown(uri), 4096),
        size_bytes=int(length) if length.isascii() and length.isdecimal() else None,
        etag=stated.get("etag") or None,
        modified_at=_moment(stated.get("last-modified", "")),
        content_type=stated.get("content-type") or None,
        headers={storable(name, 128): stated[name] for name in kept[:_MOST_HEADERS]},
    )


def facts_of_file(uri: str, size_bytes: int, modified_ns: int) -> SourceFacts:
    """The facts that a file system states.

    Args:
        uri: as the message names it.
        size_bytes: size at the time of opening.
        modified_ns: last modification, nanoseconds since 1970.
    """
    try:
        modified_at = datetime.fromtimestamp(modified_ns / 1e9, UTC)
    except (OverflowError, ValueError):  # a time outside of the calendar
        modified_at = None
    return SourceFacts(uri=storable(shown(uri), 4096), size_bytes=size_bytes, modified_at=modified_at)


def storable(text: str, most_chars: int = _MOST_CHARS) -> str:
    """The text without what cannot be stored or shown, cut to `most_chars`."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:most_chars])


def _moment(http_date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(http_date)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
