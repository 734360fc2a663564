"""The closing equation: what came in is somewhere, and nowhere twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from datalake.contracts import OutcomeKind


def closing_equation(arrived: int, outcomes: Mapping[str, int], rest: Mapping[str, int]) -> str:
    """Where all that came in is, e.g. `in 3 = done 2 + duplicate 0 + ... + in progress 1`.

    Args:
        arrived: messages that came in.
        outcomes: messages that ended, by outcome; all outcomes are shown.
        rest: messages that are elsewhere, by what they are called.

    Returns:
        One line, with `≠` where it does not balance.
    """
    terms = {kind: outcomes.get(kind, 0) for kind in get_args(OutcomeKind)} | dict(rest)
    sign = "=" if arrived == sum(terms.values()) else "≠"
    return f"in {arrived} {sign} " + " + ".join(f"{name} {count}" for name, count in terms.items())
