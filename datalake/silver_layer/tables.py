"""Tables: what was found out about a window's frames, as rows. Pure."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from datalake import frame_parts
from datalake.adapters.ports import ContentBox, Embedding, Frame, FrameRow, PictureScores, Window
from datalake.common_func import PIPELINE_VERSION, point_id
from datalake.contracts import Finding, WorkIdentity
from datalake.silver_layer.images import FrameJpeg
from datalake.silver_layer.part_metadata import part_metadata
from datalake.silver_layer.signatures import Signature


def frame_rows(
    frames: list[Frame],
    shown_boxes: list[ContentBox],
    picture_scores: list[PictureScores],
    perceptual_hashes: list[int],
    duplicate_of_us: list[int | None],
    frame_jpegs: list[FrameJpeg],
    embeddings: list[Embedding],
    work: WorkIdentity,
) -> list[FrameRow]:
    """One row a frame in time order; near-duplicates point to their kept frame and hold no vector."""
    kept = zip(frame_jpegs, embeddings, strict=True)
    columns = zip(frames, shown_boxes, picture_scores, perceptual_hashes, duplicate_of_us, strict=True)
    return [
        FrameRow(
            asset_id=work.asset_id,
            settings_hash=work.settings_hash,
            pipeline_version=PIPELINE_VERSION,
            time_us=frame.time_us,
            pts=frame.pts,
            width_px=frame.image.shape[1],
            height_px=frame.image.shape[0],
            content_box=box,
            **vars(scores),
            phash=f"{phash:016x}",
            duplicate_of_us=kept_us,
            **(_kept(work, frame.time_us, *next(kept)) if kept_us is None else _NOT_KEPT),
        )
        for frame, box, scores, phash, kept_us in columns
    ]


def frame_table(
    frame_rows: list[FrameRow],
    lit_box: ContentBox | None,
    crop_box: ContentBox | None,
    window_findings: list[Finding],
    recent_kept: dict[int, Signature],
    window: Window,
    work: WorkIdentity,
    vector_dim: int,
) -> pa.Table:
    """The rows as a table whose metadata names the work, the window, its counts and its findings."""
    metadata = part_metadata(work, window, frame_rows, lit_box, crop_box, window_findings, recent_kept)
    return frame_parts.frame_table(frame_rows, vector_dim, metadata)


_NOT_KEPT: dict[str, Any] = {"point_id": None, "frame_key": None, "sha256": None}


def _kept(work: WorkIdentity, time_us: int, jpeg: FrameJpeg, embedding: Embedding) -> dict[str, Any]:
    return {
        "point_id": point_id(work, time_us),
        "frame_key": jpeg.key,
        "sha256": jpeg.sha256,
        "labels": embedding.labels,
        "vector": embedding.vector,
    }
