"""Limits of children that no good file of the tests comes near."""

from __future__ import annotations

from datalake.adapters.media.limits import Limits

ROOMY = Limits(timeout_s=30, timeout_per_video_s=5, memory_bytes=4 * 1024**3, resident_bytes=2 * 1024**3)
