from __future__ import annotations

import pytest

from datalake.contracts import Options
from datalake.settings import BronzeSettings, LakeSettings, SilverSettings
from datalake.silver_layer.identity import effective_options
from datalake.steps.rules_hash import rules_hash


def hashed(options: Options | None = None, **changes: object) -> str:
    silver = SilverSettings().model_copy(update=changes)
    wanted = effective_options(options or Options(), silver, LakeSettings(), BronzeSettings())
    return rules_hash(wanted, silver)


def test_the_same_rules_have_the_same_hash() -> None:
    assert hashed() == hashed()
    assert len(hashed()) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"child_timeout_s": 1.0},
        {"child_timeout_per_video_s": 1.0},
        {"child_memory_bytes": 2**30},
        {"child_resident_bytes": 2**30},
        {"max_deaths_alone": 9},
        {"embedder": "open_clip:ViT-B-32/x"},
        {"options": Options(validation_mode="lenient")},
        {"options": Options(interval_s=0.25)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_may_find_something_else_has_another(change: dict[str, object]) -> None:
    assert hashed(**change) != hashed()


def test_what_decides_nothing_about_the_bytes_changes_nothing() -> None:
    assert hashed(chunk_max_videos=3, lease_s=1.0, silver_slots=7) == hashed()
