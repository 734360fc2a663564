"""What every record has in common, and the types of text and time that can be stored anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def _storable(text: str) -> str:
    """Refuse what PostgreSQL text and UTF-8 cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError: a lone surrogate
    return text


def storable_tree(tree: dict[str, Any]) -> dict[str, Any]:
    """Refuse the same, and numbers that are no JSON, anywhere in a JSON object."""
    left: list[Any] = [tree]
    while left:
        value = left.pop()
        if isinstance(value, str):
            _storable(value)
        elif isinstance(value, float) and not isfinite(value):
            raise ValueError("contains a number that is no JSON")
        elif isinstance(value, dict):
            left.extend((*value.keys(), *value.values()))
        elif isinstance(value, list | tuple):
            left.extend(value)
    return tree


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; refused where the calendar ends there."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside of the calendar") from None


Text = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_storable)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_storable)]
Instant = Annotated[datetime, AfterValidator(_in_utc)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
EmailAddress = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s<>,;\x00-\x1f\x7f]+@[^@\s<>,;\x00-\x1f\x7f]+$"),
    AfterValidator(_storable),
]


class Contract(BaseModel):
    """Immutable, closed and JSON-round-trippable: what a task may put in XCom."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
