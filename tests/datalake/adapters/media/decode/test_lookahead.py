from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from av.error import InvalidDataError
from av.packet import Packet

from datalake.adapters.media.decode.lookahead import Ahead, Lookahead


class Source:
    """Packets with these times; `read` counts those asked for."""

    def __init__(self, times: list[int | None], size: int = 1, error: Exception | None = None) -> None:
        self._times, self._size, self._error = times, size, error
        self.read = 0

    def __iter__(self) -> Iterator[Packet]:
        for time_us in self._times:
            self.read += 1
            yield cast("Packet", SimpleNamespace(pts=time_us, size=self._size))
        if self._error:
            raise self._error


def ahead(source: Source, reach: int) -> Iterator[Ahead]:
    return iter(Lookahead(reach, iter(source), lambda packet: packet.pts, lambda: source.read))


def test_neighbours_are_those_within_reach() -> None:
    seen = [
        (one.time_us, list(one.around.passed), list(one.around.coming))
        for one in ahead(Source([0, 3, 1, 2, 6, 4, 5]), reach=2)
    ]
    assert seen[:3] == [(0, [], [0, 1, 3]), (3, [0], [1, 2, 3]), (1, [0, 3], [1, 2, 6])]
    assert seen[-1] == (5, [4, 6], [5])


def test_it_reads_no_further_than_its_reach() -> None:
    source = Source(list(range(100)))
    first = next(ahead(source, reach=5))
    assert (source.read, first.holes) == (6, 1)  # holes: as they were when this packet was read


def test_large_packets_are_not_piled_up() -> None:
    source = Source(list(range(100)), size=3 * 1024**2)
    first = next(ahead(source, reach=32))
    assert source.read == 3
    assert not first.around.is_known


def test_without_reach_nothing_is_known() -> None:
    source = Source([0, 1, 2])
    assert [one.around.is_known for one in ahead(source, reach=0)] == [False] * 3


def test_a_packet_without_a_time_spoils_what_is_known_around_it() -> None:
    known = [one.around.is_known for one in ahead(Source([0, 1, 2, None, 4, 5, 6, 7]), reach=2)]
    assert known == [True, False, False, False, False, False, True, True]


def test_packets_before_an_error_are_given() -> None:
    packets = ahead(Source([0, 1, 2], error=InvalidDataError(1, "broken")), reach=8)
    assert [next(packets).time_us for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InvalidDataError):
        next(packets)
