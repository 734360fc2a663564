"""A frame's row as silver stores it: the one place in the tests that names all its fields."""

from __future__ import annotations

from typing import Any

from datalake.adapters.ports import ContentBox, FrameRow

ASSET_ID = "ab" * 32


def row(time_us: int, **changes: Any) -> FrameRow:
    """A good frame that is kept, without labels and a vector, except for the changes."""
    good = {
        "asset_id": ASSET_ID,
        "settings_hash": "0123456789abcdef",
        "pipeline_version": "2",
        "pts": time_us,
        "point_id": None,
        "frame_key": f"silver/images/{time_us}.jpg",
        "sha256": "cd" * 32,
        "width_px": 320,
        "height_px": 240,
        "content_box": ContentBox(0, 0, 320, 240),
        "blur": 300.0,
        "brightness": 120.0,
        "contrast": 40.0,
        "blank_share": 0.1,
        "difference": 5.0,
        "phash": "0" * 16,
        "duplicate_of_us": None,
    }
    return FrameRow(time_us=time_us, **{**good, **changes})
