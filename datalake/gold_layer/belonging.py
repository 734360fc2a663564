"""What belongs to a video and its silver work, and what only claims to. Pure but for the reader; no node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from datalake.adapters.ports import FrameRow, FrameTable
from datalake.common_func import point_id
from datalake.contracts import SilverVideo
from datalake.errors import ForeignData

_LONGEST_VALUE = 24


def own_parts(silver: SilverVideo, frame_table: FrameTable) -> Iterator[Sequence[FrameRow]]:
    """The frame rows of a work, part by part in time order, each row checked to be of this work.

    Raises:
        ForeignData: a row names another asset, other settings, another version or another point.
        StoreUnavailable: the lake cannot be read.
    """
    for part_key in silver.part_keys:
        rows = frame_table.rows(part_key)
        for row in rows:
            refuse_foreign(f"{part_key}, frame at {row.time_us} us", vars(row), _expected(silver, row))
        yield rows


def refuse_foreign(where: str, found: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Compare values by name.

    Args:
        where: what is looked at, for the error.
        found: its values; it may have more.
        expected: what they must be.

    Raises:
        ForeignData: one differs; the error says where, which, and both values.
    """
    for name, value in expected.items():
        if found[name] != value:
            raise ForeignData(f"{where}: {name} is {_shown(found[name])} and should be {_shown(value)}")


def _expected(silver: SilverVideo, row: FrameRow) -> dict[str, object]:
    is_kept = row.duplicate_of_us is None
    return {
        "asset_id": silver.work.asset_id,
        "settings_hash": silver.work.settings_hash,
        "pipeline_version": silver.pipeline_version,
        "point_id": point_id(silver.work, row.time_us) if is_kept else None,
    }


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE + 16 else f"{text[:_LONGEST_VALUE]}..."
