"""Parameters are believed as long as a stream repeats them."""

from __future__ import annotations

import pytest

from datalake.adapters.media.decode.h264.parameters import Parameters, Untold
from tests.datalake.adapters.media.decode.h264.by_hand import picture, sequence, unit

HEAD = [sequence(), picture()]
MESSAGE = 6


def test_they_may_be_repeated_and_a_picture_may_have_parameters_of_its_own() -> None:
    known = Parameters([*HEAD, unit(MESSAGE, ("u", 1, 8)), unit(MESSAGE, ("u", 2, 8))])
    for one in (sequence() + b"\0", picture() + b"\0\0", picture(3), picture(3), b"", b"\0"):
        known.learn(one)
    assert known.sequence is not None
    assert set(known.pictures) == {0, 3}


@pytest.mark.parametrize(
    "other",
    [
        sequence(references=3),
        sequence(number=1),
        sequence(profile=100, more_bits=12),  # a decoder refuses it and goes on with what it has
        picture(quality=1),
        picture(number=1, sequence_number=1),
        picture(number=1, groups=1),
        picture(number=1)[:2],
    ],
)
def test_with_others_nothing_is_known_any_more(other: bytes) -> None:
    known = Parameters(HEAD)
    for one in (other, *HEAD):
        with pytest.raises(Untold):
            known.learn(one)
        assert (known.sequence, known.pictures) == (None, {})
    assert Parameters([*HEAD, other]).sequence is None


@pytest.mark.parametrize("profile", [134, 135, 139, 144])
def test_profiles_that_are_read_in_two_ways_are_not_followed(profile: int) -> None:
    assert Parameters([sequence(profile=profile), picture()]).sequence is None


def test_luma_of_more_bits() -> None:
    known = Parameters([sequence(profile=100, more_bits=2), picture()])
    assert known.sequence is not None
    assert known.sequence.more_bits == 2
