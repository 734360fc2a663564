"""Content: where the picture is in each frame, without black bars around it. Pure.

A bar is a stretch of lines at a border that are black in all of their length, and it ends in a straight
edge of a picture of some size. Without that a face before a dark wall would be a picture with four bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from datalake.adapters.ports import ContentBox, Frame
from datalake.silver_layer.pictures import Luma, inside

# above the 16 that black has when a stream's range is stated wrongly
_BLACK = 20
_STRIPS = 64
_STRIP_PX = 16
_STRAIGHT_SHARE = 0.6
_THIN_SHARE = 0.01
_SMALLEST_SHARE = 0.2


@dataclass(frozen=True)
class Strips:
    """A luma averaged along its lines, so that grain goes and edges stay where they are.

    Attributes:
        rows: means of strips of every row, (height, strips).
        columns: means of strips of every column, (width, strips).
    """

    rows: Luma
    columns: Luma


def lumas(frames: list[Frame]) -> list[Luma]:
    """Luma (ITU-R BT.601) of each frame, (height, width), 0 to 255."""
    return [np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]


def strips(lumas: list[Luma]) -> list[Strips | None]:
    """Each luma's rows and columns as means of short strips of at most 16 px, 0 to 255.

    None for one that is lit up to all four borders: it has no bars.
    """
    return [None if _is_lit_all_around(luma) else _strips(luma) for luma in lumas]


def lit_boxes(lumas: list[Luma], strips: list[Strips | None]) -> list[ContentBox | None]:
    """The smallest box around all that is not black, pixels; None for a frame that is black all over."""
    columns = zip(lumas, strips, strict=True)
    return [_whole(luma) if one is None else _lit_box(one) for luma, one in columns]


def content_boxes(
    lumas: list[Luma], strips: list[Strips | None], lit_boxes: list[ContentBox | None]
) -> list[ContentBox]:
    """The picture without bars, pixels: the lit box, where its sides are straight edges; else all of it."""
    columns = zip(lumas, strips, lit_boxes, strict=True)
    return [
        _whole(luma) if one is None or lit is None else _content_box(one, lit) for luma, one, lit in columns
    ]


def content_lumas(lumas: list[Luma], content_boxes: list[ContentBox]) -> list[Luma]:
    """The luma inside each content box, (height, width), 0 to 255: bars are no part of any score."""
    return [inside(luma, box) for luma, box in zip(lumas, content_boxes, strict=True)]


def _column_strips(luma: Luma) -> Luma:
    """Means of strips of each column, (width, strips); NumPy adds rows several times as fast as OpenCV."""
    height, width = luma.shape
    strip_px = min(_STRIP_PX, max(1, height // _STRIPS))
    count = height // strip_px
    strips = luma[: count * strip_px].reshape(count, strip_px, width)
    means = strips.sum(axis=1, dtype=np.uint16) * np.float32(1 / strip_px)
    rounded: Luma = np.rint(means).astype(np.uint8).T
    return rounded


def _strips(luma: Luma) -> Strips:
    return Strips(_column_strips(np.asarray(cv2.transpose(luma), np.uint8)), _column_strips(luma))


def _is_lit_all_around(luma: Luma) -> bool:
    """True when the first and the last row and column are lit, as in `_lit_span`."""
    borders = (luma[:1].T, luma[-1:].T, luma[:, :1], luma[:, -1:])
    return all(bool((_column_strips(border) > _BLACK).any()) for border in borders)


def _whole(luma: Luma) -> ContentBox:
    height_px, width_px = luma.shape
    return ContentBox(0, 0, width_px, height_px)


def _lit_box(strips: Strips) -> ContentBox | None:
    top_px, bottom_px = _lit_span(strips.rows)
    left_px, right_px = _lit_span(strips.columns)
    if top_px == bottom_px or left_px == right_px:
        return None
    return ContentBox(left_px, top_px, right_px - left_px, bottom_px - top_px)


def _lit_span(lines: Luma) -> tuple[int, int]:
    """First lit line, and the one after the last; both 0 when none is lit."""
    lit = np.flatnonzero(lines.max(axis=1) > _BLACK)
    return (int(lit[0]), int(lit[-1]) + 1) if lit.size else (0, 0)


def _content_box(strips: Strips, lit: ContentBox) -> ContentBox:
    height_px, width_px = len(strips.rows), len(strips.columns)
    if min(lit.width_px / width_px, lit.height_px / height_px) < _SMALLEST_SHARE:
        return ContentBox(0, 0, width_px, height_px)
    right_px, bottom_px = lit.left_px + lit.width_px, lit.top_px + lit.height_px
    over = _share(strips.rows, lit.left_px / width_px, right_px / width_px)
    beside = _share(strips.columns, lit.top_px / height_px, bottom_px / height_px)
    top_px, bottom_px = _straight_span(over, lit.top_px, bottom_px)
    left_px, right_px = _straight_span(beside, lit.left_px, right_px)
    return ContentBox(left_px, top_px, right_px - left_px, bottom_px - top_px)


def _share(lines: Luma, first: float, past: float) -> Luma:
    """The strips of every line between two shares of its length, the outer ones included."""
    count = lines.shape[1]
    return lines[:, int(first * count) : ceil(past * count)]


def _straight_span(lines: Luma, first: int, past: int) -> tuple[int, int]:
    """The span itself, but out to the border where it does not end in a straight edge."""
    count = len(lines)
    thin = max(2, round(_THIN_SHARE * count))
    has_bar_before = first >= thin and _is_straight(lines[first : first + thin])
    has_bar_behind = count - past >= thin and _is_straight(lines[past - thin : past])
    return (first if has_bar_before else 0, past if has_bar_behind else count)


def _is_straight(edge: Luma) -> bool:
    """True when most of the length of the first few lines beside a bar is lit."""
    return float((edge.max(axis=0) > _BLACK).mean()) >= _STRAIGHT_SHARE
