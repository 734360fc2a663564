from __future__ import annotations

import numpy as np
import pytest

from datalake.adapters.ports import Frame
from datalake.contracts import WorkIdentity
from datalake.errors import BadVideo
from datalake.silver_layer.tables import frame_jpegs


def test_a_frame_that_no_jpeg_can_hold_is_a_bad_video(work: WorkIdentity) -> None:
    wide = Frame(0, 0, np.zeros((1, 65_501, 3), np.uint8))
    with pytest.raises(BadVideo, match="frame_not_encodable: A frame of 65501x1 pixels"):
        frame_jpegs([wide], work, 90)


def test_a_lower_quality_is_a_smaller_file(work: WorkIdentity) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    [fine], [coarse] = (frame_jpegs([Frame(5, 0, noise)], work, quality) for quality in (95, 20))
    assert len(coarse.data) < len(fine.data) / 2
    assert fine.key == coarse.key == f"{work.prefix}/images/000000000005.jpg"


def test_pixels_and_files_are_not_printed(work: WorkIdentity) -> None:
    [jpeg] = frame_jpegs([Frame(5, 0, np.zeros((8, 8, 3), np.uint8))], work, 90)
    assert "data" not in repr(jpeg)
