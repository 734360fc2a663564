from __future__ import annotations

import logging
from collections.abc import Iterator

import av.logging
import pytest

from datalake.adapters.media.decode.decoder_log import DecoderLog


@pytest.fixture
def log() -> Iterator[DecoderLog]:
    with DecoderLog() as listening:
        yield listening


@pytest.mark.parametrize(
    ("level", "name", "line"),
    [
        (av.logging.INFO, "h264", "concealing 12 DC, 12 AC, 12 MV errors in B frame"),
        (av.logging.ERROR, "h264", "error while decoding MB 3 1"),
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
    log: DecoderLog, level: int, name: str, line: str
) -> None:
    av.logging.log(level, name, line)
    assert log.taken() == line
    assert log.taken() is None


@pytest.mark.parametrize(
    ("level", "name", "line"),
    [
        (av.logging.ERROR, "h264", "mmco: unref short failure"),
        (av.logging.ERROR, "h264", "Missing reference picture, default is 0"),
        (av.logging.WARNING, "hevc", "Skipping invalid undecodable NALU: 39"),
        (av.logging.INFO, "libdav1d", "libdav1d 1.5.1"),
    ],
)
def test_a_line_that_whole_videos_cause_is_none(log: DecoderLog, level: int, name: str, line: str) -> None:
    av.logging.log(level, name, line)
    assert log.taken() is None


def test_two_pictures_with_the_same_line_are_two_signs(log: DecoderLog) -> None:
    for _ in range(2):
        av.logging.log(av.logging.INFO, "h264", "concealing 1 DC, 1 AC, 1 MV errors in P frame")
        assert log.taken() is not None


def test_holes_are_counted_and_each_place_is_known_once(log: DecoderLog) -> None:
    for start in (7, 7, 900):
        line = f"0x00 at pos {start} ({start:#x}) invalid as first byte of an EBML number"
        av.logging.log(av.logging.ERROR, "matroska,webm", line)
    assert (log.holes, log.hole_starts, log.errors) == (3, [7, 900], 3)
    assert log.taken() is None


def test_of_very_many_holes_the_first_places_are_kept(log: DecoderLog) -> None:
    for start in range(1100):
        line = f"0x00 at pos {start} ({start:#x}) invalid as first byte of an EBML number"
        av.logging.log(av.logging.ERROR, "matroska,webm", line)
    assert (log.holes, log.hole_starts) == (1100, list(range(1000)))


def test_nothing_is_heard_after_leaving(log: DecoderLog) -> None:
    log.leave()
    av.logging.log(av.logging.ERROR, "libdav1d", "Error parsing OBU data")
    assert log.taken() is None
    assert log not in logging.getLogger("libav").handlers
