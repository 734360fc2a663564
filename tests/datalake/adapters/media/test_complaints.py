from __future__ import annotations

import logging
from collections.abc import Iterator

import av.logging
import pytest
from av.codec.context import CodecContext

from datalake.adapters.media.complaints import Complaints, unit_check

AVCC = b"\x01\x64\x00\x1f\xff\xe1"  # lengths of four bytes
HVCC = b"\x01" + bytes(20) + b"\xff"


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    listening = Complaints()
    listening.listen()
    yield listening
    listening.leave()


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@pytest.mark.parametrize(
    ("level", "name", "line"),
    [
        (av.logging.INFO, "h264", "concealing 12 DC, 12 AC, 12 MV errors in B frame"),
        (av.logging.WARNING, "hevc", "Skipping invalid undecodable NALU: 1"),
        (av.logging.WARNING, "hevc", "Skipping invalid undecodable NALU: 31"),
        (
            av.logging.ERROR,
            "hevc",
            "Verifying checksum for frame with POC 1: mismatching checksum",
        ),
        (av.logging.ERROR, "libdav1d", "Error parsing OBU data"),
    ],
)
def test_a_line_about_a_patched_picture_is_a_sign_once(
    complaints: Complaints, level: int, name: str, line: str
) -> None:
    av.logging.log(level, name, line)
    assert complaints.taken() == line
    assert complaints.taken() is None


@pytest.mark.parametrize(
    ("level", "name", "line"),
    [
        (av.logging.ERROR, "h264", "mmco: unref short failure"),
        (av.logging.ERROR, "h264", "Missing reference picture, default is 0"),
        (av.logging.WARNING, "hevc", "Skipping invalid undecodable NALU: 39"),
        (av.logging.INFO, "libdav1d", "libdav1d 1.5.1"),
    ],
)
def test_a_line_that_whole_videos_cause_is_none(
    complaints: Complaints, level: int, name: str, line: str
) -> None:
    av.logging.log(level, name, line)
    assert complaints.taken() is None


def test_two_pictures_with_the_same_line_are_two_signs(complaints: Complaints) -> None:
    for _ in range(2):
        av.logging.log(av.logging.INFO, "h264", "concealing 1 DC, 1 AC, 1 MV errors in P frame")
        assert complaints.taken() is not None


def test_holes_are_counted(complaints: Complaints) -> None:
    av.logging.log(av.logging.ERROR, "mpegts", "max resync size reached, could not find sync byte")
    av.logging.log(
        av.logging.ERROR, "matroska,webm", "0x00 at pos 7 (0x7) invalid as first byte of an EBML number"
    )
    assert (complaints.holes, complaints.errors) == (2, 2)
    assert complaints.taken() is None


def test_nothing_is_heard_after_leaving(complaints: Complaints) -> None:
    complaints.leave()
    av.logging.log(av.logging.ERROR, "libdav1d", "Error parsing OBU data")
    assert complaints.taken() is None
    assert complaints not in logging.getLogger("libav").handlers


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
    assert unit_check(context)(packet) is is_broken
