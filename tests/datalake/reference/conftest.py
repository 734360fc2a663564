"""A little dataflow with every kind of node."""

from __future__ import annotations

import pytest
from hamilton import ad_hoc_utils, driver
from hamilton.htypes import Collect, Parallelizable

from datalake.adapters.ports import Lake, Window
from datalake.contracts import BronzeVideo


def window(bronze_video: BronzeVideo, interval_s: float) -> Parallelizable[Window]:
    """One span of the video.

    More words that no table shows.
    """
    yield Window(0, 0, 1, (0,))


def height_px(window: Window, lake: Lake) -> int | None:
    """Height of what is in the window."""
    return 1


def heights_px(height_px: Collect[int | None]) -> tuple[int, ...]:
    """All heights | in order."""
    return (1,)


@pytest.fixture(scope="session")
def little_driver() -> driver.Driver:
    """Window by window, with a port and a setting."""
    module = ad_hoc_utils.create_temporary_module(window, height_px, heights_px, module_name="little")
    return (
        driver.Builder().enable_dynamic_execution(allow_experimental_mode=True).with_modules(module).build()
    )
