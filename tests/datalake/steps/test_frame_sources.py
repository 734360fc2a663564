from __future__ import annotations

import numpy as np
import pytest

from datalake.adapters.memory.media import MemoryFrameSource
from datalake.adapters.ports import Frame, Sampling, Window
from datalake.errors import LeaseLost
from datalake.findings import finding
from datalake.steps.frame_sources import LeasedFrameSource, NoFrames

FRAMES = [Frame(n * 1_000_000, n, np.zeros((2, 2, 3), np.uint8)) for n in range(3)]
ONE_A_WINDOW = Sampling(interval_s=1.0, max_frames=10, window_max_bytes=1)
HUNG = finding("decoder_hung", "no frame for 120 s")


def test_the_lease_is_renewed_before_each_window_with_how_far_the_work_is() -> None:
    renewed: list[tuple[Window, int]] = []
    source = LeasedFrameSource(MemoryFrameSource(FRAMES, 3.0), lambda *told: renewed.append(told))
    windows = source.windows(ONE_A_WINDOW)
    assert [source.decoded(window).frames for window in windows] == [(frame,) for frame in FRAMES]
    assert renewed == [(window, 3) for window in windows]


def test_nothing_is_decoded_without_the_lease() -> None:
    def lost(window: Window, total: int) -> None:
        raise LeaseLost("another task took over")

    source = LeasedFrameSource(MemoryFrameSource(FRAMES, 3.0), lost)
    with pytest.raises(LeaseLost):
        source.decoded(source.windows(ONE_A_WINDOW)[0])


@pytest.mark.parametrize("findings", [(), (HUNG,)], ids=["bronze said why", "it says why"])
def test_a_video_without_frames_has_no_window_and_its_reason_passes_the_lease(findings) -> None:
    source = LeasedFrameSource(NoFrames(findings), lambda window, total: None)
    assert (tuple(source.windows(ONE_A_WINDOW)), source.findings) == ((), findings)
