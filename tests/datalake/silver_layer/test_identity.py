from __future__ import annotations

from typing import TypeVar

import pytest

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.contracts import BronzeVideo, Options
from datalake.settings import BronzeSettings, LakeSettings, SettingsGroup, SilverSettings
from datalake.silver_layer.identity import SilverOptions, effective_options, work_identity

BRONZE = BronzeVideo(asset_id="a" * 64, size_bytes=1, raw_key="raw")
T = TypeVar("T", bound=SettingsGroup)


def group(kind: type[T], settings: dict[str, object]) -> T:
    return kind(_env_file=None, **{name: settings[name] for name in settings if name in kind.model_fields})


def options(asked: Options | None = None, **settings: object) -> SilverOptions:
    groups = (group(kind, settings) for kind in (SilverSettings, LakeSettings, BronzeSettings))
    return effective_options(asked or Options(), *groups)


def test_what_the_sender_asks_for_wins_over_the_settings() -> None:
    assert (options(interval_s=2.0).interval_s, options(max_frames=5).max_frames) == (2.0, 5)
    asked = options(Options(interval_s=0.5, max_frames=7), interval_s=2.0, max_frames=5)
    assert (asked.interval_s, asked.max_frames) == (0.5, 7)
    asked = options(Options(validation_mode="lenient", crop=True, labels=False), validation_mode="strict")
    assert (asked.validation_mode, asked.crop, asked.labels) == ("lenient", True, False)


@pytest.mark.parametrize(("mode", "limit_s"), [("strict", None), ("lenient", 60.0), ("report-only", None)])
def test_a_long_video_is_cut_short_only_where_it_is_neither_refused_nor_taken_whole(
    mode: str, limit_s: float | None
) -> None:
    assert options(validation_mode=mode, max_duration_s=60).duration_limit_s == limit_s
    assert options(Options(validation_mode=mode), max_duration_s=60).duration_limit_s == limit_s


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
        {"validation_mode": "lenient"},
    ],
    ids=str,
)
def test_whatever_changes_the_result_changes_the_name(setting: dict[str, object]) -> None:
    plain = work_identity(BRONZE, MemoryEmbedder(), options())
    assert work_identity(BRONZE, MemoryEmbedder(), options(**setting)).settings_hash != plain.settings_hash


@pytest.mark.parametrize(
    "wish",
    [{"sampling": "keyframe"}, {"crop": True}, {"labels": False}, {"validation_mode": "report-only"}],
    ids=str,
)
def test_so_does_every_wish(wish: dict[str, object]) -> None:
    plain = work_identity(BRONZE, MemoryEmbedder(), options())
    assert (
        work_identity(BRONZE, MemoryEmbedder(), options(Options(**wish))).settings_hash != plain.settings_hash
    )


def test_what_is_made_from_the_stored_frames_is_no_part_of_the_name() -> None:
    asked = Options(derivatives=("poster",))
    assert work_identity(BRONZE, MemoryEmbedder(), options(asked)) == work_identity(
        BRONZE, MemoryEmbedder(), options()
    )


def test_other_weights_change_the_name() -> None:
    names = {work_identity(BRONZE, MemoryEmbedder(fingerprint=each), options()) for each in ("a", "b")}
    assert len(names) == 2


@pytest.mark.parametrize(("labels", "names"), [(True, 2), (False, 1)])
def test_other_labels_do_where_labels_are_stored(labels: bool, names: int) -> None:
    asked = options(Options(labels=labels))
    embedders = [MemoryEmbedder(labels_fingerprint=each) for each in ("a", "b")]
    assert len({work_identity(BRONZE, embedder, asked) for embedder in embedders}) == names


def test_inputs_are_the_narrow_settings_of_the_layer() -> None:
    assert set(options().as_inputs()) == {
        "sampling",
        "interval_s",
        "max_frames",
        "window_max_bytes",
        "duration_limit_s",
        "duplicate_max_bits",
        "jpeg_quality",
        "crop",
        "labels",
        "validation_mode",
    }
