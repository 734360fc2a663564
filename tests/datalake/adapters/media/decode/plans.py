"""Reading with a plan and without one, and what is decoded meanwhile."""

from __future__ import annotations

import av

from datalake.adapters.media.decode.reader import Reader

FAR_US = 10**12


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
