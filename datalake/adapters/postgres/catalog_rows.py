"""Records as rows of the catalog's tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg2.extras import Json
from pydantic import BaseModel

from datalake.adapters.ports import FrameRow
from datalake.contracts import BronzeVideo, ClaimedVideo, Derivative, RefinedVideo, WorkIdentity


def columns(work: WorkIdentity) -> tuple[str, str, str]:
    """The work as the values of its three columns."""
    return work.asset_id, work.model, work.settings_hash


def video_key(claimed: ClaimedVideo) -> dict[str, Any]:
    """Parameters that name the video."""
    return {"platform": claimed.arrived.platform, "video_id": claimed.arrived.video_id}


def version(claimed: ClaimedVideo) -> dict[str, int]:
    """Parameters that order the messages about a video."""
    return dict(zip(("version", "version_partition", "version_offset"), claimed.version, strict=True))


def asset_row(bronze: BronzeVideo) -> dict[str, Any]:
    """Parameters of a row of `assets`."""
    row: dict[str, Any] = bronze.model_dump(include={"asset_id", "size_bytes", "raw_key"})
    return row | {"media": _json(bronze.media)}


def video_row(video: RefinedVideo) -> dict[str, Any]:
    """Parameters of a row of `videos`."""
    arrived = video.claimed.arrived
    row: dict[str, Any] = {
        "message_id": video.claimed.message_id,
        "uri": arrived.uri,
        "published_at": arrived.published_at,
        "kept_count": video.silver.kept_count,
        "quality_score": video.assessment.quality.overall,
        "source": _json(video.bronze.source),
        "pipeline_version": video.silver.pipeline_version,
    }
    names = video_key(video.claimed) | version(video.claimed) | video.silver.work.model_dump()
    return row | names | _metadata(video)


def _metadata(video: RefinedVideo) -> dict[str, Any]:
    """The columns of `videos` that describe what the bytes are."""
    metadata = video.assessment.metadata
    row: dict[str, Any] = metadata.model_dump(exclude={"video_codec"})
    return row | {
        "codec": metadata.video_codec,
        "colour": _json(metadata.colour),
        "tags": Json(metadata.tags),
    }


def quality_row(video: RefinedVideo) -> dict[str, Any]:
    """Parameters of a row of `quality_reports`."""
    assessment = video.assessment
    row: dict[str, Any] = assessment.quality.model_dump(exclude={"parts"})
    return row | {
        **video_key(video.claimed),
        "parts": _list(assessment.quality.parts),
        "best_frame_us": assessment.best_frame_us,
        "findings": _list(assessment.findings),
    }


def derivative_row(work: WorkIdentity, derivative: Derivative) -> dict[str, Any]:
    """Values of a row of `derivatives` by column."""
    row: dict[str, Any] = derivative.model_dump(exclude={"key"})
    return row | {**work.model_dump(), "file_key": derivative.key}


def frame_row(work: WorkIdentity, frame: FrameRow) -> dict[str, Any]:
    """Values of a row of `frames` by column: those of a part, but for the vector."""
    labels = Json([vars(label) for label in frame.labels])
    return {**frame.values(), **work.model_dump(), "labels": labels}


def _json(record: BaseModel | None) -> Json | None:
    return None if record is None else Json(record.model_dump(mode="json"))


def _list(records: Sequence[BaseModel]) -> Json:
    return Json([record.model_dump(mode="json") for record in records])
