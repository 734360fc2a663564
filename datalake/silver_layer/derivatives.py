"""Derivatives: the poster, which is an image that the lake has already, and the list of all that was made."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from datalake.adapters.ports import FrameRow, FrameTable, Lake
from datalake.contracts import Assessment, Derivative, Derivatives, Finding, SilverVideo
from datalake.findings import finding
from datalake.silver_layer.proxies import ProxyResult

_POSTER = "poster"


def is_poster_wanted(derivative_names: Sequence[str]) -> bool:
    """True when a poster was asked for."""
    return _POSTER in derivative_names


def poster_frame(
    is_poster_wanted: bool, assessment: Assessment, silver_video: SilverVideo, frame_table: FrameTable
) -> FrameRow | None:
    """The row of the best frame; None when no poster is wanted, or no frame was kept."""
    if not is_poster_wanted or assessment.best_frame_us is None:
        return None
    rows = (row for key in silver_video.part_keys for row in frame_table.scores(key))
    return next((row for row in rows if row.time_us == assessment.best_frame_us), None)


def poster(poster_frame: FrameRow | None, provenance_tags: dict[str, str], lake: Lake) -> Derivative | None:
    """The best frame's image, where it lies; nothing is copied."""
    if poster_frame is None or poster_frame.frame_key is None or poster_frame.sha256 is None:
        return None
    data = lake.read_bytes(poster_frame.frame_key)
    with Image.open(BytesIO(data)) as image:
        width_px, height_px = image.size
    return Derivative(
        **provenance_tags,
        name=_POSTER,
        key=poster_frame.frame_key,
        sha256=poster_frame.sha256,
        media_type="image/jpeg",
        size_bytes=len(data),
        width_px=width_px,
        height_px=height_px,
        time_us=poster_frame.time_us,
    )


def derivative_findings(
    is_poster_wanted: bool, poster: Derivative | None, proxy_results: list[ProxyResult]
) -> list[Finding]:
    """What was asked for and could not be made, and why."""
    found = [result.finding for result in proxy_results if result.finding is not None]
    if is_poster_wanted and poster is None:
        found.append(finding("derivative_failed", "poster: no frame was kept"))
    return found


def derivatives(
    silver_video: SilverVideo,
    poster: Derivative | None,
    stored_proxies: list[Derivative],
    proxy_results: list[ProxyResult],
    derivative_findings: list[Finding],
) -> Derivatives:
    """The record handed to gold, by name."""
    made = [poster, *stored_proxies, *(result.derivative for result in proxy_results)]
    items = sorted((one for one in made if one is not None), key=lambda one: one.name)
    return Derivatives(
        asset_id=silver_video.work.asset_id, items=tuple(items), findings=tuple(derivative_findings)
    )
