from __future__ import annotations

import pytest

from datalake.serving.clock import age, clock


@pytest.mark.parametrize(
    ("time_s", "shown"),
    [(0, "0:00.0"), (5.25, "0:05.2"), (59.96, "1:00.0"), (61, "1:01.0"), (3723.4, "1:02:03.4")],
)
def test_clock(time_s: float, shown: str) -> None:
    assert clock(time_s) == shown


@pytest.mark.parametrize(
    ("age_s", "shown"), [(-0.5, "0 s"), (59.9, "59 s"), (61, "1 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_age(age_s: float, shown: str) -> None:
    assert age(age_s) == shown
