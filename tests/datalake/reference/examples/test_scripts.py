from __future__ import annotations

import runpy
from typing import Any

from datalake import pipeline
from datalake.contracts import BronzeVideo, GoldVideo
from datalake.reference.cells import EXAMPLES


def run(layer: str) -> dict[str, Any]:
    """What an example has made, run as the script that it is."""
    return runpy.run_path(str(EXAMPLES / f"{layer}.py"))


def test_there_is_an_example_for_each_layer() -> None:
    assert {f"{layer}.py" for layer in pipeline.LAYERS} <= {path.name for path in EXAMPLES.glob("*.py")}


def test_bronze_lands_a_clip_and_says_what_stops_a_cut_one() -> None:
    made = run("bronze")
    bronze: BronzeVideo = made["bronze_video"]
    assert bronze.is_usable
    assert list(made["lake"].objects) == [bronze.raw_key, made["cut"].raw_key]
    assert made["of_cut"] == [("truncated",), ("truncated",), ()]
    assert made["of_small"] == [("too_small",), (), ()]


def test_silver_keeps_and_drops_frames_and_finds_a_poster() -> None:
    made = run("silver")
    assert 0 < len(made["kept"]) == made["silver_video"].kept_count < made["silver_video"].frame_count
    assert 0 < made["assessment"].quality.overall < 1
    assert made["poster"].key in made["lake"].objects


def test_gold_writes_once_and_is_found_by_words() -> None:
    made = run("gold")
    written: list[GoldVideo] = made["written"]
    assert [one.outcome.kind for one in written if one.outcome] == ["done", "done"]
    assert made["again"] == [None, None]
    assert made["counts"] == (sum(one.point_count for one in written), 2, 4)
    [best] = made["vector_index"].search(made["embedder"].model, made["wanted"], limit=1)
    assert best.video_id == "bikes"
