from __future__ import annotations

import json

import numpy as np

from datalake.adapters.ports import ContentBox, Embedding, Frame, FrameRow, Label, PictureScores, Window
from datalake.common_func import point_id
from datalake.contracts import WorkIdentity
from datalake.silver_layer.images import FrameJpeg
from datalake.silver_layer.signatures import Signature
from datalake.silver_layer.tables import frame_rows, frame_table

BOX, LIT = ContentBox(0, 4, 32, 16), ContentBox(1, 5, 30, 14)
SIGNATURE = Signature(0xFF, bytes(48))
VECTOR = np.array([0.6, 0.8], np.float32)


def rows(work: WorkIdentity) -> list[FrameRow]:
    return frame_rows(
        [Frame(time_us, time_us // 10, np.zeros((24, 32, 3), np.uint8)) for time_us in (0, 10)],
        [BOX, BOX],
        [PictureScores(1.0, 2.0, 3.0, 0.4, None), PictureScores(5.0, 6.0, 7.0, 0.8, 9.0)],
        [0xFF, 0xFE],
        [None, 0],
        [FrameJpeg("silver/images/ee/ee.jpg", "ee", b"")],
        [Embedding(VECTOR, (Label("tench", 0.5),))],
        work,
    )


def test_a_kept_frame_has_a_point_an_image_and_a_vector(work: WorkIdentity) -> None:
    kept, _ = rows(work)
    assert (kept.point_id, kept.frame_key, kept.sha256) == (
        point_id(work, 0),
        "silver/images/ee/ee.jpg",
        "ee",
    )
    assert (kept.labels, kept.vector) == ((Label("tench", 0.5),), VECTOR)
    assert (kept.width_px, kept.height_px, kept.content_box, kept.phash) == (32, 24, BOX, "00000000000000ff")


def test_a_near_duplicate_has_scores_and_the_frame_that_stands_for_it(work: WorkIdentity) -> None:
    _, repeat = rows(work)
    assert (repeat.duplicate_of_us, repeat.point_id, repeat.frame_key, repeat.vector) == (0, None, None, None)
    scores = (repeat.blur, repeat.brightness, repeat.contrast, repeat.blank_share, repeat.difference)
    assert scores == (5.0, 6.0, 7.0, 0.8, 9.0)
    assert repeat.asset_id == work.asset_id


def test_the_table_says_whose_it_is_and_what_it_holds(work: WorkIdentity) -> None:
    table = frame_table(rows(work), LIT, BOX, [], {0: SIGNATURE}, Window(3, 5, 9, ()), work, 2)
    told = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert told.items() >= {**work.model_dump(), "window": "3", "start_us": "5", "end_us": "9"}.items()
    assert (told["frame_count"], told["kept_count"]) == ("2", "1")
    assert json.loads(told["crop_box"]) == [0, 4, 32, 16]
    assert json.loads(told["lit_box"]) == [1, 5, 30, 14]
    assert json.loads(told["recent_kept"]) == {"0": SIGNATURE.as_text()}
