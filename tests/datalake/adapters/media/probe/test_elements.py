from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from datalake.adapters.media.probe.elements import (
    HEAD_BYTES,
    Element,
    TransportLayout,
    boxes,
    boxes_within,
    chunks,
    elements,
    elements_within,
    kind_of,
    matroska_segment,
    transport_layout,
    unsigned,
)

Walk = Callable[..., Iterable[Element]]


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def named(found: object) -> list[tuple[bytes, int, int, int | None]]:
    return [tuple(one) for one in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x18ftypmp42", "mp4"),
        (b"\x00\x00\x00\x18zzzzmp42", None),
        (b"RIFF\x00\x00\x00\x00AVI ", "avi"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"FLV\x01", "flv"),
        ((b"\x47" + bytes(187)) * 2, "transport"),
        (b"\x47" + bytes(300), None),
        (b"", None),
    ],
)
def test_kinds(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind
    assert len(head) <= HEAD_BYTES


def test_transport_packets_may_have_a_time_code() -> None:
    assert transport_layout((bytes(4) + b"\x47" + bytes(187)) * 2) == TransportLayout(4, 192)


def test_boxes_side_by_side_and_inside_of_each_other() -> None:
    content = box(b"free") + box(b"moov", box(b"trak", box(b"mdia")) + box(b"trak", box(b"mdia", b"x")))
    file = io.BytesIO(content)
    assert [one.name for one in boxes(file, 0, len(content))] == [b"free", b"moov"]
    found = boxes_within(file, 0, len(content), b"moov", b"trak", b"mdia")
    assert [(one.body, one.end) for one in found] == [(32, 32), (48, 49)]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"\x00\x00\x00", []),
        (b"\x00\x00\x00\x00mdat" + bytes(9), [(b"mdat", 0, 8, 17)]),  # up to the end
        (b"\x00\x00\x00\x01mdat" + (2**60).to_bytes(8, "big"), [(b"mdat", 0, 16, 2**60)]),
        (b"\x00\x00\x00\x01mdat" + bytes(8), []),  # shorter than its own header
        (b"\x00\x00\x00\x07free" + bytes(9), []),
        (b"\xff\xff\xff\xffmoov", [(b"moov", 0, 8, 2**32 - 1)]),
    ],
)
def test_odd_sizes_of_boxes(content: bytes, found: list[tuple[bytes, int, int, int]]) -> None:
    assert named(boxes(io.BytesIO(content), 0, len(content))) == found


def test_chunks_are_padded_and_lists_named_after_their_kind() -> None:
    content = b"LIST\x04\x00\x00\x00hdrl" + b"JUNK\x01\x00\x00\x00x\x00" + b"idx1\x00\x00\x00\x00" + b"cut"
    assert named(chunks(io.BytesIO(content), 0, len(content))) == [
        (b"hdrl", 0, 12, 12),
        (b"JUNK", 12, 20, 22),
        (b"idx1", 22, 30, 30),
    ]


@pytest.mark.parametrize("length", range(4))
def test_a_list_too_short_for_its_kind_ends_the_walk(length: int) -> None:
    content = b"LIST" + length.to_bytes(4, "little") + b"hdrl" + b"JUNK\x00\x00\x00\x00"
    assert named(chunks(io.BytesIO(content), 0, len(content))) == []


def test_elements_and_the_numbers_in_them() -> None:
    content = b"\xae\x87" + b"\x83\x81\x01" + b"\xd7\x82\x01\x02"
    file = io.BytesIO(content)
    (number,) = elements_within(file, 0, len(content), b"\xae", b"\xd7")
    assert unsigned(file, number) == 258


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"\x00\x00", []),  # no name begins so
        (b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\xae\x80", [(b"\x18\x53\x80\x67", 0, 12, None)]),
        (b"\xec\x40", [(b"\xec", 0, 3, 3)]),  # its size is cut off
        (b"\xec", [(b"\xec", 0, 1, 1)]),
        (b"\xec\x00" + b"\xff" * 8, [(b"\xec", 0, 2, None)]),  # no size begins so
    ],
)
def test_odd_elements(content: bytes, found: list[tuple[bytes, int, int, int | None]]) -> None:
    walked = named(elements(io.BytesIO(content), 0, len(content)))
    assert [one[:2] for one in walked] == [one[:2] for one in found]
    assert [one[3] is None for one in walked] == [one[3] is None for one in found]


@pytest.mark.parametrize(
    ("walk", "content"),
    [
        (boxes, b"\x00\x00\x00\x01stsd" + (2**62).to_bytes(8, "big") + b"\x00\x00\x00\x08free"),
        (elements, b"\xec\x01" + (2**56 - 2).to_bytes(7, "big") + b"\xec\x80"),
        (chunks, b"JUNK\xff\xff\xff\xff" + b"JUNK\x00\x00\x00\x00"),
    ],
)
def test_a_size_that_no_file_can_have_ends_the_walk(tmp_path: Path, walk: Walk, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as file:  # a real one: BytesIO seeks anywhere
        assert len(list(walk(file, 0, 2**63))) == 1


def test_a_segment_is_found_after_the_header() -> None:
    segment = matroska_segment(io.BytesIO(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x84abcd"))
    assert segment is not None
    assert (segment.body, segment.end) == (10, 14)
    assert matroska_segment(io.BytesIO(b"\x1a\x45\xdf\xa3\x80")) is None
