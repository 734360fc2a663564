"""Images: what is stored and embedded of a kept frame, cropped if asked, named by its content. Pure."""

from __future__ import annotations

import hashlib
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


def crop_box(
    frames: list[Frame],
    lit_boxes: list[ContentBox | None],
    content_boxes: list[ContentBox],
    crop: bool,
) -> ContentBox | None:
    """What images show of the window's frames, pixels: all, or without bars if asked; None without a frame.

    A side is cut where nothing is lit in any frame and a straight edge was seen in one: a dark frame
    takes no part, and no frame loses what it shows.
    """
    if not frames:
        return None
    height_px, width_px = frames[0].image.shape[:2]
    lit = [_sides(box) for box in lit_boxes if box is not None]
    if not crop or not lit:
        return ContentBox(0, 0, width_px, height_px)
    columns = np.array(lit)
    outer = [*columns[:, :2].min(axis=0), *columns[:, 2:].max(axis=0)]
    near = np.abs(np.array([_sides(box) for box in content_boxes]) - outer)
    seen = (near <= [width_px * _SAME_SHARE, height_px * _SAME_SHARE] * 2).any(axis=0)
    whole = [0, 0, width_px, height_px]
    left_px, top_px, right_px, bottom_px = (int(side) for side in np.where(seen, outer, whole))
    return ContentBox(left_px, top_px, right_px - left_px, bottom_px - top_px)


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
