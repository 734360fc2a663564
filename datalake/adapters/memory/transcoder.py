"""A transcoder that makes files without a codec, for unit tests of layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from datalake.adapters.ports import Transcoder
from datalake.errors import BadVideo


class MemoryTranscoder(Transcoder):
    """Writes the height and the tags as JSON; `fails_at` raises at that height, `made` is what was made."""

    def __init__(self, duration_s: float, fails_at: Mapping[int, BadVideo] | None = None) -> None:
        self._duration_s, self._fails_at = duration_s, fails_at or {}
        self.made: list[int] = []

    @property
    def duration_s(self) -> float:
        """As the test said."""
        return self._duration_s

    def proxy(self, height_px: int, folder: Path, tags: Mapping[str, str]) -> Path:
        """A small file, or what the test wants to be raised."""
        if height_px in self._fails_at:
            raise self._fails_at[height_px]
        self.made.append(height_px)
        path = folder / f"proxy_{height_px}p.mp4"
        path.write_text(json.dumps({"height_px": height_px, **tags}))
        return path
