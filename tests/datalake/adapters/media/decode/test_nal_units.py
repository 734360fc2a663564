from __future__ import annotations

import pytest
from av.codec.context import CodecContext

from datalake.adapters.media.decode.nal_units import PacketCheck

AVCC = b"\x01\x64\x00\x1f\xff\xe1"  # lengths of four bytes
HVCC = b"\x01" + bytes(20) + b"\xff"


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@pytest.mark.parametrize(
    ("codec", "head", "packet", "is_broken"),
    [
        ("h264", AVCC, prefixed(b"\x65ab\0\0\3c", b"\x41de"), False),
        ("h264", AVCC, prefixed(b"\x65ab\0\0\0c"), True),
        ("h264", AVCC, prefixed(b"\x41ab\0\0\1c"), True),
        ("h264", AVCC, prefixed(b"\x41ab\0\0\2c"), True),
        ("h264", AVCC, prefixed(b"\x41ab\0\0\0\0"), False),  # filling behind a unit
        ("h264", AVCC, prefixed(b"\x06ab\0\0\0c", b"\x41ab"), False),  # not a picture: cameras are careless
        ("h264", b"", b"\0\0\0\1\x09\x10\0\0\1\x65ab\0\0\0\1\x41cd", False),
        ("h264", b"", b"\0\0\0\1\x65ab\0\0\0c", True),
        ("hevc", HVCC, prefixed(b"\x26\x01ab", b"\x02\x01c"), False),
        ("hevc", HVCC, prefixed(b"\x26\x01ab\0\0\0\0\0c"), True),
        ("hevc", HVCC, prefixed(b"\x4e\x01ab\0\0\0c"), False),
        ("h264", AVCC, prefixed(b"\x09\x10", b"\x67abc", b"\x68d"), False),  # parameters alone
        ("h264", AVCC, prefixed(b"\x65ab", b"\xc1cd"), True),
        ("h264", AVCC, prefixed(b"\x1eab"), True),  # no picture, and nothing else that is known
        ("hevc", HVCC, prefixed(b"\x02\x01c", b"\x7c\x01rpu"), False),  # Dolby Vision beside a picture
        ("hevc", HVCC, prefixed(b"\x7c\x01ab"), True),
        ("mpeg4", b"", b"\0\0\1\xb6\0\0\0\0a", False),
    ],
)
def test_bytes_that_a_unit_cannot_hold(codec: str, head: bytes, packet: bytes, is_broken: bool) -> None:
    context = CodecContext.create(codec, "r")
    if head:
        context.extradata = head
    assert PacketCheck(context).is_broken(packet) is is_broken
