"""Every service away at once for a few seconds, under load; the long outages are in benchmarks/outages.py."""

from __future__ import annotations

import pytest

from benchmarks.outages import measure

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


def test_all_services_away_at_once_under_load_recover_without_a_hand(tmp_path):
    report = measure(["all"], 8.0, tmp_path, print)
    assert [result["troubles"] for result in report["cases"]] == [[]]
    assert [check for check in report["checks"] if not check["is_kept"]] == []
    assert report["verdict"] == "kept"
