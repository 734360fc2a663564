"""A keyframe decoded without anything behind it."""

from __future__ import annotations

from av.container import InputContainer
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import Picture
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.packets import packets


def keyframe_alone(
    container: InputContainer, stream: AvStream, decoder: PictureDecoder, clock: Clock, time_us: int
) -> Picture | None:
    """The next keyframe in the file, if it is whole and on screen from this time on; else nothing.

    The decoder is not of use any more before its next restart.

    Raises:
        av.error.FFmpegError: the file cannot be read there.
    """
    decoder.restart()
    clock.restart()
    packet = next((one for one in packets(container, stream) if one.is_keyframe), None)
    if packet is None or packet.is_discard or clock.packet_us(packet) != time_us:
        return None
    if not decoder.is_intra(packet):
        return None
    decoded = decoder.frames(packet)
    if decoded.damage is not None:
        return None
    rest = decoder.rest()
    frames = [*decoded.frames, *rest.frames]
    if packet.pts is None or [one.pts for one in frames] != [packet.pts]:
        return None
    is_whole = not frames[0].is_corrupt and rest.damage is None
    return Picture(time_us, packet.pts, frames[0]) if is_whole else None
