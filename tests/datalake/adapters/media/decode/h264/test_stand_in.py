"""Stand-ins are whole pictures to the decoder: it says nothing, and shows the picture before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from av.packet import Packet

from datalake.adapters.media.decode.decoder_log import DecoderLog
from datalake.adapters.media.decode.h264.parameters import Parameters
from datalake.adapters.media.decode.h264.references import References
from datalake.adapters.media.decode.h264.stand_in import stand_in
from datalake.adapters.media.decode.nal_units import PacketCheck

Clip = Callable[..., Path]


def stood_in(path: Path) -> Iterator[Packet]:
    """The keyframe of a clip, then others in the place of all pictures behind it that others may refer to."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        check = PacketCheck(stream.codec_context)
        references = References(Parameters(check.head))
        for packet in container.demux(stream):
            links = references.next(check.units(bytes(packet)))
            if links is None or not links.header.is_reference:
                continue
            data = bytes(packet)
            other = Packet(data if links.header.is_start else check.with_slice(data, stand_in(links.header)))
            other.pts = packet.pts
            yield other


@pytest.mark.parametrize(
    "params", ["", "cabac=0", "weightp=2", "weightp=0:slices=3", "no-deblock=1", "b-pyramid=strict:ref=4"]
)
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le"])
def test_the_decoder_takes_it_for_a_picture(make_clip: Clip, params: str, pixel_format: str) -> None:
    path = make_clip(b_frames=3, frames=40, gop=40, params=params, pixel_format=pixel_format)
    with av.open(str(path)) as container:
        decoder = CodecContext.create("h264", "r")
        decoder.extradata = container.streams.video[0].codec_context.extradata
    with DecoderLog() as log:
        given = list(stood_in(path))
        frames = [frame for packet in [*given, None] for frame in decoder.decode(packet)]
    assert len(frames) == len(given) > 10
    assert max(packet.size for packet in given[1:]) < 100
    assert (log.errors, log.taken()) == (0, None)
    assert [frame.pts for frame in frames] == sorted(packet.pts for packet in given)
    first = frames[0].to_ndarray()
    assert all(np.array_equal(frame.to_ndarray(), first) and not frame.is_corrupt for frame in frames)
