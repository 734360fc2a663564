from __future__ import annotations

import pytest

from datalake.steps.known import known


def test_a_record_that_is_missing_is_an_error_of_our_code() -> None:
    with pytest.raises(AssertionError, match="did not pass"):
        known(None)


def test_a_record_that_is_there_is_given_back() -> None:
    assert known("record") == "record"
