"""Tags of a container, as they can be stored: so many, so long, valid text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

_MOST_TAGS = 50
_LONGEST_NAME, _LONGEST_VALUE = 100, 500
_MOST_JSON_BYTES = 48 * 1024  # the child's answer is one packet, of 128 KiB at most
_CREATION = ("com.apple.quicktime.creationdate", "creation_time", "date")  # the first one knows its time zone
_UNSET_CLOCK = datetime(1970, 1, 2, tzinfo=UTC)  # cameras start at 1904 or 1970
_OTHER_FORMATS = ("%Y:%m:%d %H:%M:%S", "%a %b %d %H:%M:%S %Y")  # Exif; RIFF's IDIT


def storable_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """The first tags, long ones cut; what is no text is replaced."""
    kept: dict[str, str] = {}
    room = _MOST_JSON_BYTES
    for name, value in metadata.items():
        tag = {_text(name)[:_LONGEST_NAME]: _text(value)[:_LONGEST_VALUE]}
        room -= len(json.dumps(tag))
        if len(kept) == _MOST_TAGS or room < 0:
            break
        kept |= tag
    return kept


def recorded_at(metadata: Mapping[str, str], now: datetime) -> datetime | None:
    """When the video was recorded, by its tags; None where they do not say or cannot be true.

    Args:
        metadata: tags of the container.
        now: nothing was recorded much later than that.
    """
    tags = {name.lower(): value.strip() for name, value in metadata.items()}
    moments = (moment for name in _CREATION if name in tags for moment in _moments(tags[name]))
    return next((one for one in moments if _UNSET_CLOCK < one < now + timedelta(days=1)), None)


def _moments(text: str) -> Iterator[datetime]:
    """The text as a moment, UTC where it names no zone; nothing when it is none."""
    for layout in (None, *_OTHER_FORMATS):
        try:
            moment = datetime.strptime(text, layout) if layout else datetime.fromisoformat(text)
            yield moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):  # OverflowError: the calendar ends before UTC does
            continue


def _text(raw: str) -> str:
    """Bytes that are no UTF-8 come as lone surrogates; they become U+FFFD."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\x00", "")
