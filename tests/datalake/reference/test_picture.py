from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from hamilton import ad_hoc_utils
from hamilton.driver import Builder, Driver

from datalake.adapters.ports import Window
from datalake.contracts import BronzeVideo
from datalake.reference.graph import GraphNode
from datalake.reference.picture import dot, picture

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


def test_what_an_arrow_brings_already_is_only_named(little_driver: Driver) -> None:
    def doubled_px(heights_px: tuple[int, ...], window: Window, bronze_video: BronzeVideo) -> int:
        """What is further up is not drawn again."""
        return 2

    made = ad_hoc_utils.create_temporary_module(doubled_px, module_name="more")
    driver = Builder().enable_dynamic_execution(allow_experimental_mode=True)
    drawn = picture(driver.with_modules(*little_driver.graph_modules, made).build()).dot
    assert "heights_px -> doubled_px" in drawn
    assert "window -> doubled_px" not in drawn
    assert "bronze_video -> doubled_px" not in drawn
    assert r"{doubled_px\nint|↑ window\n⇥ bronze_video}" in drawn.replace(r"\ ", " ")


def test_the_narrower_direction_is_chosen() -> None:
    assert "rankdir=TB" in dot(chain(9), "", "")
    assert "rankdir=LR" in dot(star(9), "", "")


def chain(length: int) -> list[GraphNode]:
    names = [f"step_{number}" for number in range(length)]
    return [node(name, *names[:place][-1:]) for place, name in enumerate(names)]


def star(points: int) -> list[GraphNode]:
    return [node("centre"), *(node(f"point_{number}", "centre") for number in range(points))]


def node(name: str, *needs: str) -> GraphNode:
    return GraphNode(name, "node", "int", "", "little", needs)


def test_a_long_type_is_cut() -> None:
    wide = GraphNode("wide", "node", "dict[str, tuple[tuple[int, int], ...]]", "", "little", ())
    assert "…" in dot([wide], "", "")


def test_what_is_done_for_each_item_is_marked(little_driver: Driver) -> None:
    dot = picture(little_driver).dot
    assert 'window -> height_px [label=" each"' in dot
    assert 'height_px -> heights_px [label=" all"' in dot


def test_the_drawing_is_svg_with_every_node_and_needs_no_dot_binary(little_driver: Driver) -> None:
    root = ElementTree.fromstring(picture(little_driver).svg())
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"window", "height_px", "heights_px", "bronze_video"} <= texts


def test_a_notebook_shows_an_image_and_words_for_it(little_driver: Driver) -> None:
    shown = picture(little_driver)
    assert repr(shown) == "3 nodes: window, height_px, heights_px"
    found = re.fullmatch(
        r'<img alt="3 nodes: [^"]+" src="data:image/svg\+xml;base64,([^"]+)">', shown._repr_html_()
    )
    assert found
    assert base64.b64decode(found[1]).decode() == shown.svg()


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
