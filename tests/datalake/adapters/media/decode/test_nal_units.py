from __future__ import annotations

import pytest
from av.codec.context import CodecContext

from datalake.adapters.media.decode.nal_units import PacketCheck
from tests.datalake.adapters.media.decode.h264.by_hand import picture, sequence

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


# profile 66, level 30, numbers 0, order 2, a size of one macroblock
BASELINE = "01000010" + "0" * 8 + "00011110" + "110111011"
H264_PARAMETERS = b"\x67" + int((BASELINE + "1").ljust(40, "0"), 2).to_bytes(5, "big")
OF_FIELDS = b"\x67" + int((BASELINE + "0").ljust(40, "0"), 2).to_bytes(5, "big")
HEVC_PARAMETERS = b"\x42\x01\x00"


def annex_b(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


@pytest.mark.parametrize(
    ("codec", "known", "units", "is_unreferenced"),
    [
        ("h264", H264_PARAMETERS, [b"\x01ab"], True),
        ("h264", H264_PARAMETERS, [b"\x09\x10", b"\x06ab", b"\x01ab", b"\x01cd"], True),
        ("h264", H264_PARAMETERS, [b"\x01ab", b"\x21cd"], False),  # one slice says otherwise
        ("h264", H264_PARAMETERS, [b"\x01ab", b"\x68cd"], False),  # parameters for those behind it
        ("h264", H264_PARAMETERS, [b"\x01ab", b"\x0a"], False),  # the end of a sequence
        ("h264", H264_PARAMETERS, [b"\x06ab"], False),
        ("h264", H264_PARAMETERS, [b"\x01ab\0\0\2c"], False),  # broken
        ("h264", OF_FIELDS, [b"\x01ab"], False),
        ("h264", H264_PARAMETERS[:3], [b"\x01ab"], False),
        ("h264", b"\x09\x10", [b"\x01ab"], False),  # no parameters seen
        ("hevc", HEVC_PARAMETERS, [b"\x00\x01ab"], True),
        ("hevc", HEVC_PARAMETERS, [b"\x46\x01\x50", b"\x10\x01ab"], True),
        ("hevc", HEVC_PARAMETERS, [b"\x02\x01ab"], False),
        ("hevc", HEVC_PARAMETERS, [b"\x00\x02ab"], False),  # of a higher layer of time
        ("hevc", HEVC_PARAMETERS, [b"\x00\x01ab", b"\x48\x01"], False),  # the end of a sequence
        ("hevc", b"\x42\x01\x02", [b"\x00\x01ab"], False),
        ("mpeg4", b"", [b"\x01ab"], False),
    ],
)
def test_a_packet_that_may_be_left_out(
    codec: str, known: bytes, units: list[bytes], is_unreferenced: bool
) -> None:
    check = PacketCheck(CodecContext.create(codec, "r"))
    assert not check.is_broken(annex_b(known))
    assert check.is_unreferenced(annex_b(*units)) is is_unreferenced


@pytest.mark.parametrize(
    ("codec", "unit", "is_intra"),
    [
        ("h264", b"\x65\x88ab", True),  # first_mb_in_slice 0, slice_type 7
        ("h264", b"\x65\xb0ab", True),  # 2
        ("h264", b"\x61\xc0ab", False),  # 0: P
        ("h264", b"\x61", False),
        ("hevc", b"\x26\x01ab", True),
        ("hevc", b"\x02\x01ab", False),
        ("mpeg4", b"ab", True),
    ],
)
def test_a_keyframe_that_refers_to_none(codec: str, unit: bytes, is_intra: bool) -> None:
    assert PacketCheck(CodecContext.create(codec, "r")).is_intra(annex_b(unit)) is is_intra


@pytest.mark.parametrize(
    ("head", "packet", "expected"),
    [
        (
            AVCC,
            prefixed(b"\x09\x10", b"\x41ab", b"\x41cd", b"\x68e"),
            prefixed(b"\x09\x10", b"\x68e", b"\x21x"),
        ),
        (b"", b"\0\0\0\1\x09\x10\0\0\1\x41ab", b"\0\0\1\x09\x10\0\0\0\1\x21x"),
    ],
)
def test_another_slice_takes_the_place_of_slices_only(head: bytes, packet: bytes, expected: bytes) -> None:
    context = CodecContext.create("h264", "r")
    if head:
        context.extradata = head
    found = PacketCheck(context).with_slice(packet, b"\x21x")
    assert found.replace(b"\0\0\0\1", b"\0\0\1") == expected.replace(b"\0\0\0\1", b"\0\0\1")


@pytest.mark.parametrize(
    ("packet", "is_intra", "is_entry"),
    [
        (prefixed(b"\x65\x88"), True, True),  # first block 0, of an I slice (7)
        (prefixed(b"\x41\x98"), False, False),  # of a P slice (5)
        (prefixed(b"\x65\x88", b"\x41\x98"), False, True),  # the second may be of a second field
        (prefixed(b"\x41\x98", b"\x65\x88"), False, False),
        (prefixed(b"\x09\x10"), True, True),
    ],
)
def test_keyframes_that_refer_to_others(packet: bytes, is_intra: bool, is_entry: bool) -> None:
    context = CodecContext.create("h264", "r")
    context.extradata = AVCC
    check = PacketCheck(context)
    assert (check.is_intra(packet), check.is_entry(packet)) == (is_intra, is_entry)


def test_kinds_and_numbers_of_parameters_are_noted_from_headers_and_packets() -> None:
    context = CodecContext.create("h264", "r")
    units = [sequence(1), picture(0, 1)]
    context.extradata = AVCC + _listed(units[:1]) + b"\1" + _listed(units[1:])
    check = PacketCheck(context)
    assert check.numbered == {(7, 1), (8, 0)}
    check.is_broken(prefixed(picture(200, 1), picture(0, 1), b"\x68", b"\x65ab"))  # the third breaks off
    check.take_header(AVCC + _listed([sequence(31)]) + b"\0")
    assert check.numbered == {(7, 1), (8, 0), (8, 200), (7, 31)}


def _listed(units: list[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
