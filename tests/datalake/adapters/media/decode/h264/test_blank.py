"""Blank pictures are whole ones to the decoder: it says nothing, and shows one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.codec.context import CodecContext
from av.packet import Packet

from datalake.adapters.media.decode.decoder_log import DecoderLog
from datalake.adapters.media.decode.h264.blank import blank_picture
from datalake.adapters.media.decode.h264.parameters import Parameters
from datalake.adapters.media.decode.nal_units import PacketCheck
from tests.datalake.adapters.media.decode.h264.by_hand import picture, sequence

Clip = Callable[..., Path]


@pytest.mark.parametrize("params", ["", "bframes=0", "cabac=0"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le"])
def test_the_decoder_takes_it_for_a_picture(make_clip: Clip, params: str, pixel_format: str) -> None:
    path = make_clip(b_frames=2, frames=10, params=params, pixel_format=pixel_format)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        check, decoder = PacketCheck(context), CodecContext.create("h264", "r")
        decoder.extradata = context.extradata
    known = Parameters(check.head)
    assert known.sequence is not None
    units = blank_picture(known.sequence, known.pictures)
    assert units is not None
    with DecoderLog() as log:
        frames = [frame for packet in (Packet(check.packed(units)), None) for frame in decoder.decode(packet)]
    assert (log.errors, log.taken(), len(frames)) == (0, None, 1)
    assert not frames[0].is_corrupt


@pytest.mark.parametrize(
    "unit", [sequence(whole=0), sequence(order=1), sequence(references=17), sequence(width=200_000)]
)
def test_none_is_written_where_pictures_are_coded_otherwise(unit: bytes) -> None:
    known = Parameters([unit])
    assert known.sequence is None or blank_picture(known.sequence, known.pictures) is None


def test_its_parameters_have_a_number_of_their_own() -> None:
    known = Parameters([sequence(), picture(255), picture(254)])
    assert known.sequence is not None
    units = blank_picture(known.sequence, known.pictures)
    assert units is not None
    known.learn(units[0])
    assert set(known.pictures) == {253, 254, 255}
    assert blank_picture(known.sequence, range(256)) is None
