from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from datalake.common_func import backoff_s, given_cores, platforms, point_id, run_id_of
from datalake.contracts import WorkIdentity

WORK = WorkIdentity(asset_id="a" * 64, model="conse", settings_hash="0123456789abcdef")


def test_a_point_id_never_changes() -> None:
    assert point_id(WORK, 1_500_000) == UUID("af9ccd81-1da8-50bb-bb04-c851dc9379b8")
    assert point_id(WORK, 1_500_000).version == 5


def test_every_part_counts() -> None:
    others = [
        WORK.model_copy(update={field: value})
        for field, value in [("asset_id", "b" * 64), ("model", "other"), ("settings_hash", "f" * 16)]
    ]
    ids = {point_id(work, 0) for work in (WORK, *others)} | {point_id(WORK, 1)}
    assert len(ids) == 5


def test_platforms_are_named_once_and_sorted() -> None:
    assert platforms(["tiktok/1", "instagram/2", "instagram/3/4"]) == ["instagram", "tiktok"]
    assert platforms([]) == []


def test_every_attempt_of_a_batch_has_a_run_of_its_own() -> None:
    batch = UUID(int=7)
    assert run_id_of(batch, 1) == "00000000-0000-0000-0000-000000000007-1"
    assert run_id_of(batch, 1) != run_id_of(batch, 2)


def test_back_off_doubles_up_to_a_limit() -> None:
    assert [backoff_s(tries, 5, 900, lambda: 1.0) for tries in (1, 2, 3)] == [5, 10, 20]
    assert backoff_s(10_000, 5, 900, lambda: 1.0) == 900


def test_half_of_a_back_off_is_chance() -> None:
    assert backoff_s(1, 5, 900, lambda: 0.0) == 2.5
    assert len({backoff_s(1, 5, 900) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 8), ("250000 100000", 3), ("50000 100000", 1), ("9900000 100000", 8), ("nonsense", 8)],
)
def test_a_containers_share_limits_the_cores(
    quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "cpu.max").write_text(quota)
    assert given_cores(tmp_path, tmp_path / "not there") == cores
    assert given_cores(tmp_path / "not there", tmp_path / "not there") == 8


@pytest.mark.parametrize(
    ("own", "parent", "cores"),
    [
        ("max 100000", "300000 100000", 3),
        ("200000 100000", "max 100000", 2),
        ("200000 100000", "100000 100000", 1),
        ("max 100000", "max 100000", 8),
    ],
)
def test_the_shares_of_the_own_group_and_of_those_around_it_count(
    own: str, parent: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    unit = tmp_path / "system.slice" / "datalake.service"
    unit.mkdir(parents=True)
    (unit / "cpu.max").write_text(own)
    (unit.parent / "cpu.max").write_text(parent)
    membership = tmp_path / "cgroup"
    membership.write_text("1:cpu:/elsewhere\n0::/system.slice/datalake.service\n")
    assert given_cores(tmp_path, membership) == cores
    membership.write_text("0::/\n")
    assert given_cores(tmp_path, membership) == 8
    membership.write_text("0::/of/the/host/not/mounted/here\n")
    (tmp_path / "cpu.max").write_text("400000 100000")
    assert given_cores(tmp_path, membership) == 4
