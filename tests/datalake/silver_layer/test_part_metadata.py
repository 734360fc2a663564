from __future__ import annotations

from dataclasses import replace

import pytest

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import ContentBox, Window
from datalake.contracts import WorkIdentity
from datalake.findings import finding
from datalake.frame_parts import frame_table, part_bytes
from datalake.silver_layer.manifest import WindowSummary, part_key
from datalake.silver_layer.part_metadata import box_of, part_metadata, recent_kept_of, stored_summary
from datalake.silver_layer.signatures import Signature

WINDOW = Window(2, 0, 10, (0,))
FINDING = finding("decode_failed", "2 packets at 5.0 s")


def told(
    work: WorkIdentity, recent_kept: dict[int, Signature], box: ContentBox | None = None
) -> dict[str, str]:
    return part_metadata(work, WINDOW, [], box, box, [FINDING], recent_kept)


def test_a_finished_window_is_summed_up_from_its_footer(work: WorkIdentity) -> None:
    key = part_key(work, 2)
    lake = MemoryLake()
    lake.put_bytes(key, part_bytes(frame_table([], 2, told(work, {}))))
    summary = WindowSummary(index=2, part_key=key, frame_count=0, kept_count=0, findings=(FINDING,))
    assert stored_summary(work, WINDOW, lake) == summary


def test_a_part_of_another_span_is_not_taken_for_the_windows(work: WorkIdentity) -> None:
    lake = MemoryLake()
    lake.put_bytes(part_key(work, 2), part_bytes(frame_table([], 2, told(work, {}))))
    with pytest.raises(ValueError, match="holds the frames of"):
        stored_summary(work, replace(WINDOW, end_us=11), lake)


def test_kept_signatures_come_back_in_their_order(work: WorkIdentity) -> None:
    recent = {5: Signature(2**64 - 1, bytes(48)), 1_000_000: Signature(0, bytes(range(48)), bytes(1280))}
    assert list(recent_kept_of(told(work, recent)).items()) == list(recent.items())
    assert recent_kept_of({}) == {}


@pytest.mark.parametrize("box", [ContentBox(0, 12, 200, 76), None])
def test_boxes_come_back(box: ContentBox | None, work: WorkIdentity) -> None:
    metadata = told(work, {}, box)
    assert box_of(metadata, "lit_box") == box_of(metadata, "crop_box") == box
    assert box_of({}, "crop_box") is None
