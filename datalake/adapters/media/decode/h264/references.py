"""Which pictures those of an H.264 stream may refer to (ITU-T H.264, 8.2.1, 8.2.4, 8.2.5)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from datalake.adapters.media.decode.h264.headers import (
    INTRA,
    SLICE,
    WHOLE_START,
    B,
    SliceHeader,
    slice_header,
)
from datalake.adapters.media.decode.h264.parameters import PICTURE, SEQUENCE, Parameters, Untold

_MOST_SLICES = 512  # in a packet, to be looked into
_IDLE = (6, 9, 12)  # kinds that say nothing of references: messages, borders, filling


class Links(NamedTuple):
    """A picture among others.

    Attributes:
        number: in the order of decoding.
        refers_to: pictures that it may refer to.
        kept: pictures that those behind it may refer to; itself, where it is among them.
        header: of its first slice.
    """

    number: int
    refers_to: frozenset[int]
    kept: frozenset[int]
    header: SliceHeader


class _Kept(NamedTuple):
    """A picture that others may refer to: the numbers by which they name it and by which it is shown."""

    number: int
    frame_num: int
    order: int


class References:
    """Follows the pictures of a stream in the order of decoding.

    Nothing is known before the first picture that nothing reaches behind, nor from one on that names pictures
    in a way that is not followed (kept for long, numbers left out, two fields) to the next such start.

    Args:
        parameters: of the stream; learns those that packets bring.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._kept: list[_Kept] = []  # the oldest first
        self._is_known = False
        self._count = 0
        self._last_frame_num = self._last_order = 0

    def next(self, units: Iterable[bytes]) -> Links | None:
        """The picture of the packet that comes next; None where it is not known what it refers to."""
        self._count += 1
        try:
            found = (header for unit in units if (header := self._header(unit)) is not None)
            return self._followed(list(islice(found, _MOST_SLICES)))
        except (Untold, EOFError):
            self._is_known = False
            return None

    def _header(self, unit: bytes) -> SliceHeader | None:
        kind = unit[0] & 31 if unit else 0
        if kind in (SLICE, WHOLE_START):
            if not (self._is_known or kind == WHOLE_START):
                raise Untold
            return slice_header(unit, self._parameters)
        if kind in (SEQUENCE, PICTURE):
            self._parameters.learn(unit)
        elif kind not in _IDLE and unit.strip(b"\0"):
            raise Untold
        return None

    def _followed(self, headers: list[SliceHeader]) -> Links:
        if not headers or len(headers) == _MOST_SLICES:
            raise Untold
        header = headers[0]
        if any(_place(one) != _place(header) for one in headers[1:]):
            raise Untold  # two pictures, or one that says two things
        if header.is_start:
            self._kept, self._last_order, self._last_frame_num, self._is_known = [], 0, -1, True
        size = 1 << header.sequence.frame_num_bits
        if header.frame_num != (self._last_frame_num + 1) % size:
            raise Untold
        picture = _Kept(self._count, header.frame_num, self._order(header))
        if any(one.frame_num == picture.frame_num or one.order == picture.order for one in self._kept):
            raise Untold
        refers_to = {number for one in headers for number in self._referred(one, picture)}
        if header.is_reference:
            self._mark(header, picture, size)
        kept = frozenset(one.number for one in self._kept)
        return Links(picture.number, frozenset(refers_to), kept, header)

    def _order(self, header: SliceHeader) -> int:
        """When the picture is shown, counted from the last start (8.2.1.1)."""
        size = 1 << header.sequence.order_bits
        low, below = header.order
        step = low - self._last_order % size
        if step > size // 2:
            step -= size
        elif step <= -(size // 2):
            step += size
        order = self._last_order + step
        if header.is_reference:
            self._last_order = order
        return order + min(0, below)

    def _referred(self, header: SliceHeader, picture: _Kept) -> list[int]:
        if header.kind == INTRA:
            return []
        size = 1 << header.sequence.frame_num_bits
        first = self._lists(header.kind, picture)
        found = []
        for kept, changes, active in zip(first, header.changes, header.active, strict=True):
            found += [one.number for one in _changed(kept, changes, picture.frame_num, size)[:active]]
        return found

    def _lists(self, kind: int, picture: _Kept) -> tuple[list[_Kept], list[_Kept]]:
        """What is kept, the nearest first, forward and backward (8.2.4.2)."""
        if kind != B:
            return self._kept[::-1], []
        by_order = sorted(self._kept, key=lambda one: one.order)
        before = [one for one in by_order if one.order < picture.order][::-1]
        behind = [one for one in by_order if one.order > picture.order]
        forward, backward = before + behind, behind + before
        if forward == backward and len(backward) > 1:
            backward = [backward[1], backward[0], *backward[2:]]
        return forward, backward

    def _mark(self, header: SliceHeader, picture: _Kept, size: int) -> None:
        """Keep the picture, and drop those that are referred to no more (8.2.5)."""
        most = max(1, header.sequence.most_references)
        for distance in header.dropped or []:
            self._kept.remove(_named(self._kept, (picture.frame_num - distance) % size))
        if header.dropped is None and len(self._kept) == most:
            del self._kept[0]
        if len(self._kept) >= most:
            raise Untold
        self._kept.append(picture)
        self._last_frame_num = header.frame_num


def _place(header: SliceHeader) -> tuple[object, ...]:
    return header.frame_num, header.order, header.is_reference, header.is_start, header.marking


def _changed(kept: list[_Kept], changes: list[tuple[int, int]], frame_num: int, size: int) -> list[_Kept]:
    """The same with those named moved to the front, one after the other (8.2.4.3.1)."""
    for place, (operation, distance) in enumerate(changes):
        frame_num = (frame_num + (distance if operation else -distance)) % size
        named = _named(kept, frame_num)
        kept = [*kept[:place], named, *(one for one in kept[place:] if one is not named)]
    return kept


def _named(kept: list[_Kept], frame_num: int) -> _Kept:
    for one in kept:
        if one.frame_num == frame_num:
            return one
    raise Untold
