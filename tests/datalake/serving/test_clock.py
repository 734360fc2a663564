from __future__ import annotations

import pytest

from datalake.serving.clock import clock


@pytest.mark.parametrize(
    ("time_s", "shown"),
    [(0, "0:00.0"), (5.25, "0:05.2"), (59.96, "1:00.0"), (61, "1:01.0"), (3723.4, "1:02:03.4")],
)
def test_clock(time_s: float, shown: str) -> None:
    assert clock(time_s) == shown
