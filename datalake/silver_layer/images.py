"""Images: what is stored and embedded of a kept frame, cropped if asked, named by its content. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from datalake.adapters.ports import ContentBox, Frame, Image
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.silver_layer.manifest import image_key
from datalake.silver_layer.pictures import inside

_SAME_SHARE = 0.01


@dataclass(frozen=True)
class FrameJpeg:
    """An encoded frame, the SHA-256 of its bytes, and where it belongs."""

    key: str
    sha256: str
    data: bytes = field(repr=False)


def lit_box(lit_boxes: list[ContentBox | None], earlier_lit_box: ContentBox | None) -> ContentBox | None:
    """The smallest box around all that was lit in this window and before, pixels; None where nothing was."""
    sides = [_sides(box) for box in (*lit_boxes, earlier_lit_box) if box is not None]
    if not sides:
        return None
    lefts, tops, rights, bottoms = zip(*sides, strict=True)
    return _box((min(lefts), min(tops), max(rights), max(bottoms)))


def crop_box(
    frames: list[Frame],
    lit_box: ContentBox | None,
    content_boxes: list[ContentBox],
    earlier_crop_box: ContentBox | None,
    crop: bool,
) -> ContentBox | None:
    """What images show of the window's frames, pixels: all, or without bars if asked.

    A side is cut where nothing has been lit yet and a straight edge was seen, in this window or before: dark
    frames change nothing, and no frame loses what it shows. So a side is cut from the first window on that
    shows its edge, and moves outwards when more is lit. Without a frame it is the box of the window before.
    """
    if not frames:
        return earlier_crop_box
    height_px, width_px = frames[0].image.shape[:2]
    whole = ContentBox(0, 0, width_px, height_px)
    if not crop or lit_box is None:
        return whole
    seen = [*content_boxes, *([earlier_crop_box] if earlier_crop_box else [])]
    near_px = (width_px * _SAME_SHARE, height_px * _SAME_SHARE) * 2
    outer = np.array(_sides(lit_box))
    is_edge = (np.abs(np.array([_sides(box) for box in seen]) - outer) <= near_px).any(axis=0)
    return _box(np.where(is_edge, outer, _sides(whole)).tolist())


def shown_boxes(content_boxes: list[ContentBox], crop_box: ContentBox | None, crop: bool) -> list[ContentBox]:
    """What each row says of its frame: the part that its image shows if cropped, else that without bars."""
    return [crop_box] * len(content_boxes) if crop and crop_box is not None else content_boxes


def cropped_frames(kept_frames: list[Frame], crop_box: ContentBox | None) -> list[Frame]:
    """What is embedded and stored of each kept frame, (height, width, 3) RGB."""
    if crop_box is None:
        return []
    return [Frame(frame.time_us, frame.pts, inside(frame.image, crop_box)) for frame in kept_frames]


def frame_jpegs(cropped_frames: list[Frame], jpeg_quality: int) -> list[FrameJpeg]:
    """Each cropped kept frame as a JPEG (quality 1 to 100), named by its bytes."""
    return [_named(_jpeg(frame.image, jpeg_quality)) for frame in cropped_frames]


def _sides(box: ContentBox) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, pixels."""
    return box.left_px, box.top_px, box.left_px + box.width_px, box.top_px + box.height_px


def _box(sides: Sequence[int]) -> ContentBox:
    """The box from left to right and top to bottom, pixels."""
    left_px, top_px, right_px, bottom_px = sides
    return ContentBox(left_px, top_px, right_px - left_px, bottom_px - top_px)


def _named(data: bytes) -> FrameJpeg:
    sha256 = hashlib.sha256(data).hexdigest()
    return FrameJpeg(image_key(sha256), sha256, data)


def _jpeg(image: Image, quality: int) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        height, width = image.shape[:2]
        evidence = f"A frame of {width}x{height} pixels cannot be a JPEG."
        raise BadVideo(finding("frame_not_encodable", evidence))
    return data.tobytes()
