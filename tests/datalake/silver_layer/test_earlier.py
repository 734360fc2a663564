from __future__ import annotations

import pyarrow as pa

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import ContentBox, Window
from datalake.contracts import WorkIdentity
from datalake.frame_parts import part_bytes
from datalake.silver_layer.earlier import earlier_crop_box, earlier_kept, earlier_lit_box, part_before
from datalake.silver_layer.manifest import part_key
from datalake.silver_layer.signatures import Signature

WINDOWS = [Window(number, 0, 0, ()) for number in (0, 1, 99_999)]


def test_the_window_before_is_the_one_before_whatever_its_number(work: WorkIdentity) -> None:
    lake = MemoryLake()
    footer = {"crop_box": "[0, 12, 200, 76]"}
    lake.put_bytes(part_key(work, 1), part_bytes(pa.table({}).replace_schema_metadata(footer)))
    assert part_before(WINDOWS, WINDOWS[2], work, lake) == footer
    assert part_before(WINDOWS, WINDOWS[0], work, lake) == {}
    assert part_before(WINDOWS[2:], WINDOWS[2], work, lake) == {}


def test_what_a_footer_says_is_known_of_the_windows_before() -> None:
    one = Signature(255, bytes(48))
    footer = {"recent_kept": f'{{"5": "{one.as_text()}"}}', "lit_box": "[1, 2, 3, 4]", "crop_box": "null"}
    assert earlier_kept(footer) == {5: one}
    assert earlier_lit_box(footer) == ContentBox(1, 2, 3, 4)
    assert earlier_crop_box(footer) is None


def test_nothing_is_known_before_the_first_window() -> None:
    assert (earlier_kept({}), earlier_lit_box({}), earlier_crop_box({})) == ({}, None, None)
