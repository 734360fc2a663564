from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from hamilton.driver import Driver

from datalake.reference.picture import picture

_PRINT_DOT = """\
import sys
sys.path.insert(0, {folder!r})
import conftest
from datalake.reference.picture import picture
print(picture(conftest.little_driver.__wrapped__()).dot)
"""


def test_ports_and_settings_stand_inside_the_nodes_that_use_them(little_driver: Driver) -> None:
    dot = picture(little_driver).dot
    assert "lake -> height_px" not in dot
    assert "⇄ lake" in dot
    assert "⚙ interval_s" in dot
    assert "window -> height_px" in dot


def test_what_is_done_for_each_item_is_marked(little_driver: Driver) -> None:
    dot = picture(little_driver).dot
    assert 'window -> height_px [label=" each"' in dot
    assert 'height_px -> heights_px [label=" all"' in dot


def test_the_drawing_is_svg_with_every_node_and_needs_no_dot_binary(little_driver: Driver) -> None:
    root = ElementTree.fromstring(picture(little_driver)._repr_svg_())
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"window", "height_px", "heights_px", "bronze_video"} <= texts


def test_another_hash_seed_gives_the_same_dot() -> None:
    code = _PRINT_DOT.format(folder=str(Path(__file__).parent))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert "height_px" in outputs.pop()
