from __future__ import annotations

from datalake.equation import closing_equation


def test_what_is_missing_shows_as_an_inequality() -> None:
    assert closing_equation(2, {"done": 1}, {}).startswith("in 2 ≠ done 1 + ")


def test_all_outcomes_and_the_rest_stand_in_one_line() -> None:
    assert closing_equation(6, {"duplicate": 2, "done": 3}, {"in progress": 1, "unread": 0}) == (
        "in 6 = done 3 + duplicate 2 + rejected 0 + quarantined 0 + failed 0 + cancelled 0"
        " + in progress 1 + unread 0"
    )
