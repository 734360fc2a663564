from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from datalake.adapters.memory.lake import MemoryLake
from datalake.contracts import SearchHit
from datalake.errors import StoreUnavailable
from datalake.serving.contact_sheet import contact_sheet

RED, BLUE = (200, 30, 30), (30, 30, 200)


def jpeg(colour: tuple[int, int, int], width: int = 640, height: int = 360) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def hit(key: str, video_id: str = "clip", labels: tuple[str, ...] = ()) -> SearchHit:
    return SearchHit(
        score=0.5,
        platform="demo",
        video_id=video_id,
        asset_id="ab" * 32,
        settings_hash="0" * 16,
        time_s=2.0,
        frame_key=key,
        frame_uri=f"memory://{key}",
        labels=labels,
    )


@pytest.fixture
def lake() -> MemoryLake:
    lake = MemoryLake()
    lake.put_bytes("red", jpeg(RED))
    lake.put_bytes("tall", jpeg(BLUE, 90, 160))
    return lake


def pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(picture - colour).max(axis=2) < 12).any())


def test_every_query_has_a_row_with_its_frames(lake: MemoryLake) -> None:
    one = pixels(contact_sheet({"red": [hit("red")]}, lake))
    two = pixels(contact_sheet({"red": [hit("red")], "tall": [hit("tall"), hit("red")]}, lake))
    assert has(one, RED)
    assert not has(one, BLUE)
    assert has(two, RED)
    assert has(two, BLUE)
    assert two.shape[0] > 1.8 * one.shape[0]
    assert two.shape[1] > 1.8 * one.shape[1]


def test_a_query_without_a_hit_keeps_its_row(lake: MemoryLake) -> None:
    found = {"red": [hit("red")], "nothing like it": []}
    assert (
        pixels(contact_sheet(found, lake)).shape[0]
        > pixels(contact_sheet({"red": [hit("red")]}, lake)).shape[0]
    )


def test_long_names_and_words_stay_within_the_sheet(lake: MemoryLake) -> None:
    long = hit("red", video_id="x" * 250, labels=("a very long label indeed" * 4,))
    assert (
        pixels(contact_sheet({"red": [long]}, lake)).shape
        == pixels(contact_sheet({"red": [hit("red")]}, lake)).shape
    )


def test_nothing_found_is_no_picture(lake: MemoryLake) -> None:
    with pytest.raises(ValueError, match="at least one hit"):
        contact_sheet({"a": [], "b": []}, lake)


def test_a_frame_that_is_gone_is_said(lake: MemoryLake) -> None:
    with pytest.raises(StoreUnavailable, match="gone"):
        contact_sheet({"red": [hit("gone")]}, lake)
