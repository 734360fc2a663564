from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from datalake.adapters.media.transport_holes import holes_of, transport_holes

PACKET = b"\x47" + bytes(range(40, 71)) * 6 + b"\n"  # no second sync byte at a regular distance
DVB, M2TS = PACKET + bytes(16), bytes(4) + PACKET


def holes(folder: Path, *parts: bytes) -> list[tuple[int, int]]:
    path = folder / "file.ts"
    path.write_bytes(b"".join(parts))
    return [tuple(hole) for hole in transport_holes(path)]


@pytest.mark.parametrize("packet", [PACKET, DVB, M2TS])
@pytest.mark.parametrize("size", [2_500_001, 1024**2 - 300])  # so that packets lie across a window's end
def test_a_hole_is_told_to_the_byte(tmp_path: Path, packet: bytes, size: int) -> None:
    ahead = 4 if packet == M2TS else 0
    start, zeros = 50 * len(packet), bytes(size)
    assert holes(tmp_path, 50 * packet, zeros, 50 * packet) == [(start + ahead, start + len(zeros) + ahead)]


@pytest.mark.parametrize(
    "parts",
    [
        (100 * PACKET,),
        (b"ID3" + bytes(100), 100 * PACKET),  # as segments of a live stream begin
        (50 * PACKET, bytes(16), 50 * PACKET),  # padding of an encrypted segment
        (100 * PACKET, bytes(60_000)),  # the last block of a recorder
        (70_000 * PACKET,),
        (PACKET,),
        (b"",),
        (bytes(3_000_000),),
    ],
)
def test_what_is_no_hole(tmp_path: Path, parts: tuple[bytes, ...]) -> None:
    assert holes(tmp_path, *parts) == []


def test_one_lost_packet_is_a_hole(tmp_path: Path) -> None:
    assert holes(tmp_path, 50 * PACKET, bytes(188), 50 * PACKET) == [(9400, 9588)]


def test_the_first_packets_count_whatever_others_lie_behind(tmp_path: Path) -> None:
    parts = (5 * PACKET, bytes(1000), 20 * DVB, bytes(1000), 20 * PACKET)
    assert holes(tmp_path, *parts) == [(940, 1940), (1940 + 20 * 204, 2940 + 20 * 204)]


def test_an_end_of_nothing_is_a_hole(tmp_path: Path) -> None:
    assert holes(tmp_path, 50 * PACKET, bytes(100_000)) == [(9400, 109_400)]


def test_so_many_holes_are_no_video(tmp_path: Path) -> None:
    assert len(holes(tmp_path, *[5 * PACKET + bytes(400)] * 1200)) == 1000


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mp4"])
def test_clips_have_none(make_clip: Callable[..., Path], suffix: str) -> None:
    with av.open(str(make_clip(suffix=suffix, audio="tone"))) as container:
        assert holes_of(container) == []
