"""Blank pictures are whole ones to the decoder, which says nothing, and goes on with the stream as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from datalake.adapters.media.decode.decoder_log import DecoderLog
from datalake.adapters.media.decode.h264.blank import blank_picture
from datalake.adapters.media.decode.h264.parameters import PICTURE, SEQUENCE, picture_parameters
from datalake.adapters.media.decode.nal_units import PacketCheck
from datalake.adapters.media.decode.sequence_parameters import h264_number

Clip = Callable[..., Path]


@pytest.mark.parametrize("params", ["", "bframes=0", "cabac=0", "tff=1", "cqm=jvt"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le"])
def test_the_decoder_takes_it_for_a_picture_and_goes_on(
    make_clip: Clip, params: str, pixel_format: str
) -> None:
    path = make_clip(b_frames=2, frames=10, params=params, pixel_format=pixel_format)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        check, decoder = PacketCheck(context), CodecContext.create("h264", "r")
        decoder.extradata = context.extradata
        clip = [Packet(bytes(packet)) for packet in container.demux(video=0) if packet.size]
    blank = [Packet(check.packed(blank_picture(check.numbered)))]
    with DecoderLog() as log:
        found = [decoded(decoder, packets) for packets in (clip, blank, clip)]
    assert (log.errors, log.taken(), len(found[0])) == (0, None, 10)
    assert found[2] == found[0]


def decoded(decoder: VideoCodecContext, packets: list[Packet]) -> list[bytes]:
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    decoder.flush_buffers()
    return [bytes(plane) for frame in frames for plane in frame.planes[:1]]


def test_its_parameters_have_numbers_of_their_own() -> None:
    sequence, picture, _ = blank_picture({(SEQUENCE, 31), (PICTURE, 31), (PICTURE, 255), (PICTURE, 254)})
    assert (h264_number(sequence), h264_number(picture)) == (30, 253)
    assert picture_parameters(picture).sequence_number == 30


@pytest.mark.parametrize("kind", [SEQUENCE, PICTURE])
def test_there_is_none_where_no_number_is_left(kind: int) -> None:
    assert blank_picture({(kind, number) for number in range(256)}) == ()


def test_its_units_are_short_enough_for_lengths_of_one_byte() -> None:
    assert max(len(unit) for unit in blank_picture(())) < 256
