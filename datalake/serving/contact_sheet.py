"""A contact sheet: what searches found, as one picture with the frames, their times and scores."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from datalake.adapters.ports import Lake
from datalake.contracts import SearchHit
from datalake.serving.clock import clock

_FRAME = (320, 180)
_GAP_PX = 16
_CAPTION_PX = 46
_TITLE_PX = 44
_PAPER, _INK, _FAINT, _MATTE = "#f7f7f5", "#1c1c1c", "#6b6b6b", "#111111"
_TITLE_FONT, _CAPTION_FONT, _SMALL_FONT = (ImageFont.load_default(size) for size in (22, 17, 14))


def contact_sheet(found: Mapping[str, Sequence[SearchHit]], lake: Lake) -> bytes:
    """A PNG with a row for each query, best hit first.

    Args:
        found: hits by the words that found them; the frames are read from the lake.
        lake: holds the frames.

    Raises:
        StoreUnavailable: a frame cannot be read.
        ValueError: nothing was found by any of the words.
    """
    columns = max((len(hits) for hits in found.values()), default=0)
    if not columns:
        raise ValueError("a contact sheet needs at least one hit")
    width_px = _GAP_PX + columns * (_FRAME[0] + _GAP_PX)
    row_px = _TITLE_PX + _FRAME[1] + _CAPTION_PX + _GAP_PX
    sheet = Image.new("RGB", (width_px, len(found) * row_px + _GAP_PX), _PAPER)
    for row, (words, hits) in enumerate(found.items()):
        _draw_row(sheet, row * row_px + _GAP_PX, words, hits, lake)
    png = io.BytesIO()
    sheet.save(png, "PNG", optimize=True)
    return png.getvalue()


def _draw_row(sheet: Image.Image, top: int, words: str, hits: Sequence[SearchHit], lake: Lake) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP_PX, top), f"“{words}”", _INK, _TITLE_FONT)
    if not hits:
        draw.text((_GAP_PX, top + _TITLE_PX), "nothing found", _FAINT, _CAPTION_FONT)
    for column, hit in enumerate(hits):
        left = _GAP_PX + column * (_FRAME[0] + _GAP_PX)
        sheet.paste(_thumbnail(lake.read_bytes(hit.frame_key)), (left, top + _TITLE_PX))
        below = top + _TITLE_PX + _FRAME[1]
        moment = f"{hit.video_id} · {clock(hit.time_s)}"
        draw.text((left, below + 4), _fitted(draw, moment, _CAPTION_FONT), _INK, _CAPTION_FONT)
        what = " · ".join([f"score {hit.score:.2f}", ", ".join(hit.labels[:2])]).rstrip(" ·")
        draw.text((left, below + 26), _fitted(draw, what, _SMALL_FONT), _FAINT, _SMALL_FONT)


def _thumbnail(jpeg: bytes) -> Image.Image:
    """The whole frame, centred on a dark ground."""
    ground = Image.new("RGB", _FRAME, _MATTE)
    with Image.open(io.BytesIO(jpeg)) as frame:
        frame.draft("RGB", _FRAME)
        fitted = ImageOps.contain(frame, _FRAME)
    ground.paste(fitted, ((_FRAME[0] - fitted.width) // 2, (_FRAME[1] - fitted.height) // 2))
    return ground


def _fitted(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """The text in one line, cut where the frame above it ends."""
    line = " ".join(text.split())
    while draw.textlength(line, font) > _FRAME[0]:
        line = line.rstrip("…")[:-1] + "…"
    return line
