from __future__ import annotations

import pytest

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.contracts import BronzeVideo, Options
from datalake.settings import LakeSettings, SilverSettings
from datalake.silver_layer.identity import SilverOptions, effective_options, work_identity

BRONZE = BronzeVideo(asset_id="a" * 64, size_bytes=1, raw_key="raw")


def options(asked: Options | None = None, **settings: object) -> SilverOptions:
    silver = SilverSettings(_env_file=None, **{k: v for k, v in settings.items() if k != "jpeg_quality"})
    lake = LakeSettings(_env_file=None, **{k: v for k, v in settings.items() if k == "jpeg_quality"})
    return effective_options(asked or Options(), silver, lake)


def test_what_the_sender_asks_for_wins_over_the_settings() -> None:
    assert (options(interval_s=2.0).interval_s, options(max_frames=5).max_frames) == (2.0, 5)
    asked = options(Options(interval_s=0.5, max_frames=7), interval_s=2.0, max_frames=5)
    assert (asked.interval_s, asked.max_frames) == (0.5, 7)


def test_the_same_work_has_the_same_name() -> None:
    first = work_identity(BRONZE, MemoryEmbedder(), options())
    moved = BRONZE.model_copy(update={"raw_key": "elsewhere"})
    assert work_identity(moved, MemoryEmbedder(), options(Options(interval_s=1.0), interval_s=9)) == first
    assert (first.model, first.asset_id) == ("memory", BRONZE.asset_id)
    assert len(first.settings_hash) == 16


@pytest.mark.parametrize(
    "setting",
    [
        {"interval_s": 0.5},
        {"max_frames": 3},
        {"window_max_bytes": 2**21},
        {"duplicate_max_bits": 0},
        {"jpeg_quality": 50},
    ],
    ids=str,
)
def test_whatever_changes_the_result_changes_the_name(setting: dict[str, object]) -> None:
    plain = work_identity(BRONZE, MemoryEmbedder(), options())
    assert work_identity(BRONZE, MemoryEmbedder(), options(**setting)).settings_hash != plain.settings_hash


def test_other_weights_change_the_name() -> None:
    names = {work_identity(BRONZE, MemoryEmbedder(fingerprint=each), options()) for each in ("a", "b")}
    assert len(names) == 2


def test_inputs_are_the_narrow_settings_of_the_layer() -> None:
    assert set(options().as_inputs()) == {
        "interval_s",
        "max_frames",
        "window_max_bytes",
        "duplicate_max_bits",
        "jpeg_quality",
    }
