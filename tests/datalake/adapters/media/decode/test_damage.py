from __future__ import annotations

import pytest

from datalake.adapters.media.decode.damage import Damage, Skipped


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (Damage("noise", 1_000_000, 1_000_000, 1), "1 picture at 1.000 s: noise"),
        (Damage("noise", 1_000_000, 2_500_000, 3), "3 pictures between 1.000 s and 2.500 s: noise"),
        (Damage("a hole", 1_000_000, 2_500_000), "nothing between 1.000 s and 2.500 s: a hole"),
        (Damage("the end", 1_000_000, 1_000_000), "nothing from 1.000 s on: the end"),
    ],
)
def test_damage_in_words(damage: Damage, text: str) -> None:
    assert str(damage) == text


def test_many_skipped_pictures_are_counted_and_few_kept() -> None:
    skipped = Skipped(Damage("noise", 5, 5))
    for time_us in (5, 3, *range(6, 1006)):
        skipped.add(time_us)
    assert (skipped.damage.start_us, skipped.damage.end_us, skipped.damage.pictures) == (3, 1005, 1002)
    assert len(skipped.pictures) == 32
