"""Signatures: what of a picture is compared to tell whether another shows the same. Pure; no node.

A perceptual hash alone calls all pictures without large shapes the same: colours, fine textures, and pages
of little text. So colours are compared as well, and of a page, which has one shade almost everywhere, all
that a reader would see change. A scene may fade: its colours are compared in the light of the darker one.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import Image
from datalake.silver_layer.pictures import Luma, commonest_share, reduced, some_rows

_COLOURS_SIDE = 4
SMALL_SIDE_PX = 32  # of the small lumas that are hashed and compared
_PAGE_MIN_SHARE = 0.75
_PICKED = 256
# steps of the R2 sequence (Roberts 2018): even, and in step with no pattern
_STEPS = (0.7548776662466927, 0.5698402909980532)
# levels of 256
_PAGE_COLOUR_LEVELS = 8
_SCENE_COLOUR_LEVELS = 16
_CELL_LEVELS = 16  # a mouse pointer on a slide of 1080p changes a cell by 15, a figure in its title by 20
_PICKED_LEVELS = 16  # grain of a deviation of 14 changes pixels by so many in the mean

Levels = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Signature:
    """What is kept of a picture to compare others with.

    Attributes:
        phash: 64-bit perceptual hash; 0 for a picture without large shapes.
        colours: mean red, green and blue of the cells of a 4x4 grid, of some rows, cell by cell: 48 bytes.
        page: of a page only, else empty: its luma at 32x32, row by row, and 256 single pixels of it.
    """

    phash: int
    colours: bytes
    page: bytes = b""

    def as_text(self) -> str:
        """The signature as a word; `from_text` reads it."""
        # zlib: a page is mostly one shade
        page = b64encode(zlib.compress(self.page, 9)).decode() if self.page else ""
        return f"{self.phash:016x}.{self.colours.hex()}.{page}"

    @classmethod
    def from_text(cls, text: str) -> Signature:
        """The signature that `as_text` wrote."""
        phash, colours, page = text.split(".")
        return cls(int(phash, 16), bytes.fromhex(colours), zlib.decompress(b64decode(page)) if page else b"")


def signature(image: Image, luma: Luma, small: Luma, phash: int) -> Signature:
    """What is compared of a picture.

    Args:
        image: its pixels, (height, width, 3) RGB.
        luma: its luma, (height, width).
        small: that averaged to 32x32.
        phash: its perceptual hash.
    """
    colours = reduced(reduced(some_rows(image), SMALL_SIDE_PX), _COLOURS_SIDE).tobytes()
    if phash and commonest_share(small) < _PAGE_MIN_SHARE:
        return Signature(phash, colours)
    return Signature(phash, colours, small.tobytes() + _picked(luma).tobytes())


def are_alike(one: Signature, other: Signature, max_bits: int) -> bool:
    """True when two pictures show the same; their perceptual hashes may differ in `max_bits` bits."""
    if (one.phash ^ other.phash).bit_count() > max_bits or bool(one.page) != bool(other.page):
        return False
    return _are_one_page(one, other) if one.page else _are_one_scene(one, other)


def _are_one_page(one: Signature, other: Signature) -> bool:
    colours = np.abs(_levels(one.colours) - _levels(other.colours))
    changes = np.abs(_levels(one.page) - _levels(other.page))
    cells, picked = changes[:-_PICKED], changes[-_PICKED:]
    return bool(
        colours.max() <= _PAGE_COLOUR_LEVELS
        and cells.max() <= _CELL_LEVELS
        and picked.mean() <= _PICKED_LEVELS
    )


def _are_one_scene(one: Signature, other: Signature) -> bool:
    first, second = _levels(one.colours), _levels(other.colours)
    light = max(1.0, float(first.mean())) / max(1.0, float(second.mean()))
    changes = np.abs(first * min(1.0, 1 / light) - second * min(1.0, light))
    return bool(changes.max() <= _SCENE_COLOUR_LEVELS)


def _levels(data: bytes) -> Levels:
    return np.frombuffer(data, np.uint8).astype(np.int16)


def _picked(luma: Luma) -> Luma:
    """Pixels that are not averaged, from all over the picture: in these a fine texture shows."""
    places = np.outer(_STEPS, np.arange(1, _PICKED + 1)) % 1.0
    rows, columns = (places * np.array(luma.shape)[:, np.newaxis]).astype(np.intp)
    return np.asarray(luma[rows, columns], np.uint8)
