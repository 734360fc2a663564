from __future__ import annotations

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import ContentBox, Window
from datalake.contracts import WorkIdentity
from datalake.findings import finding
from datalake.frame_parts import frame_table, part_bytes
from datalake.silver_layer.manifest import WindowSummary, part_key
from datalake.silver_layer.part_metadata import part_metadata, stored_recent_kept, stored_summary

WINDOW = Window(2, 0, 10, (0,))
FINDING = finding("decode_failed", "2 packets at 5.0 s")


def stored(work: WorkIdentity, recent_kept: dict[int, int]) -> MemoryLake:
    metadata = part_metadata(work, WINDOW, [], ContentBox(0, 0, 4, 3), [FINDING], recent_kept)
    lake = MemoryLake()
    lake.put_bytes(part_key(work, WINDOW.index), part_bytes(frame_table([], 2, metadata)))
    return lake


def test_a_finished_window_is_summed_up_from_its_footer(work: WorkIdentity) -> None:
    key = part_key(work, 2)
    summary = WindowSummary(index=2, part_key=key, frame_count=0, kept_count=0, findings=(FINDING,))
    assert stored_summary(work, WINDOW, stored(work, {})) == summary


def test_kept_hashes_come_back_in_their_order(work: WorkIdentity) -> None:
    recent = {5: 2**64 - 1, 1_000_000: 0, 10_000_000: 255}
    assert list(stored_recent_kept(stored(work, recent), part_key(work, 2)).items()) == list(recent.items())
