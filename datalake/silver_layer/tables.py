"""Tables: what was found out about a window's frames, as rows, and the kept frames as JPEG. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import pyarrow as pa

from datalake import frame_parts
from datalake.adapters.ports import Embedding, Frame, FrameRow, Image, Window
from datalake.common_func import point_id
from datalake.contracts import WorkIdentity
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.silver_layer.manifest import frame_key


@dataclass(frozen=True)
class FrameJpeg:
    """An encoded frame and where it belongs."""

    key: str
    data: bytes = field(repr=False)


def frame_jpegs(kept_frames: list[Frame], work: WorkIdentity, jpeg_quality: int) -> list[FrameJpeg]:
    """Each kept frame as a JPEG, full size."""
    return [
        FrameJpeg(frame_key(work, frame.time_us), _jpeg(frame.image, jpeg_quality)) for frame in kept_frames
    ]


def frame_rows(
    frames: list[Frame],
    blurs: list[float],
    brightnesses: list[float],
    perceptual_hashes: list[int],
    duplicate_of_us: list[int | None],
    embeddings: list[Embedding],
    work: WorkIdentity,
) -> list[FrameRow]:
    """One row a frame in time order; near-duplicates point to their kept frame and hold no vector."""
    kept = iter(embeddings)
    columns = zip(frames, blurs, brightnesses, perceptual_hashes, duplicate_of_us, strict=True)
    return [
        FrameRow(
            time_us=frame.time_us,
            pts=frame.pts,
            width_px=frame.image.shape[1],
            height_px=frame.image.shape[0],
            blur=blur,
            brightness=brightness,
            phash=f"{phash:016x}",
            duplicate_of_us=kept_us,
            **(_kept(work, frame, next(kept)) if kept_us is None else _NOT_KEPT),
        )
        for frame, blur, brightness, phash, kept_us in columns
    ]


def frame_table(frame_rows: list[FrameRow], window: Window, work: WorkIdentity, vector_dim: int) -> pa.Table:
    """The rows as a table whose metadata names the work, the window and the counts."""
    metadata = {
        **work.model_dump(),
        "window": str(window.index),
        "start_us": str(window.start_us),
        "end_us": str(window.end_us),
        "frame_count": str(len(frame_rows)),
        "kept_count": str(sum(row.duplicate_of_us is None for row in frame_rows)),
    }
    return frame_parts.frame_table(frame_rows, vector_dim, metadata)


_NOT_KEPT: dict[str, Any] = {"point_id": None, "frame_key": None}


def _kept(work: WorkIdentity, frame: Frame, embedding: Embedding) -> dict[str, Any]:
    return {
        "point_id": point_id(work, frame.time_us),
        "frame_key": frame_key(work, frame.time_us),
        "labels": embedding.labels,
        "vector": embedding.vector,
    }


def _jpeg(image: Image, quality: int) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        height, width = image.shape[:2]
        evidence = f"A frame of {width}x{height} pixels cannot be a JPEG."
        raise BadVideo(finding("frame_not_encodable", evidence))
    return data.tobytes()
