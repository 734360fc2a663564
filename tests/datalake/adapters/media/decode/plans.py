"""Reading with a plan and without one, what is decoded meanwhile, and pictures whose links are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import av
from av.packet import Packet

from datalake.adapters.media.decode.h264.headers import SliceHeader
from datalake.adapters.media.decode.h264.references import Links
from datalake.adapters.media.decode.look_ahead import Coming
from datalake.adapters.media.decode.reader import Reader

FAR_US = 10**12


def linked(
    number: int, refers_to: set[int], kept: set[int], *, is_start: bool = False, time_us: int | None = None
) -> Coming:
    """A reference picture that comes, on screen at its number's microsecond."""
    header = cast("SliceHeader", SimpleNamespace(is_start=is_start, is_reference=True))
    links = Links(number, frozenset(refers_to), frozenset(kept), header)
    packet = cast("Packet", SimpleNamespace(pts=number, is_discard=False))
    return Coming(packet, number if time_us is None else time_us, links=links)


def seen(video: Reader, spans: list[tuple[int, int, list[int]]]) -> list[tuple[int, bytes]]:
    """(time, pixels) of each picture given; nothing is damaged."""
    found = []
    for start_us, end_us, wanted_us in spans:
        for picture in video.pictures(start_us, end_us, wanted_us):
            assert picture.frame is not None
            found.append((picture.time_us, video.upright(picture.frame).tobytes()))
        assert video.damage == []
    return found


def unplanned(video: Reader) -> Reader:
    """The same, as if it had been found out that nothing can be planned."""
    video._planner.leaves_out = False
    video._keyframes.never()
    return video


def packets_decoded(video: Reader) -> list[av.Packet]:
    """Fills with the packets that are decoded from now on."""
    given: list[av.Packet] = []
    decode = video._decoder.frames
    video._decoder.frames = lambda packet: given.append(packet) or decode(packet)
    return given
