"""Leases, on the fake and on PostgreSQL alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from datalake.adapters.memory.leases import MemoryLeases
from datalake.adapters.ports import WorkLeases
from datalake.adapters.postgres import row, transaction
from datalake.adapters.postgres.leases import PostgresLeases
from datalake.contracts import WorkIdentity
from datalake.errors import LeaseLost

WORK = WorkIdentity(asset_id="a" * 64, model="m", settings_hash="0" * 16)
BATCH, OTHER_BATCH = uuid.uuid4(), uuid.uuid4()
ME, YOU = uuid.uuid4(), uuid.uuid4()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def leases(request: pytest.FixtureRequest) -> WorkLeases:
    if request.param == "postgres":
        return PostgresLeases(request.getfixturevalue("postgres_uri"))
    return MemoryLeases()


def test_one_works_the_others_are_told(leases: WorkLeases) -> None:
    assert leases.lease(WORK, ME, BATCH, 1, 60) == "acquired"
    assert leases.lease(WORK, YOU, OTHER_BATCH, 9, 60) == "busy"
    leases.renew(WORK, ME, 60, 1, 3)
    leases.finish(WORK, ME, "manifest.json")
    assert leases.lease(WORK, YOU, OTHER_BATCH, 1, 60) == "finished"
    leases.finish(WORK, YOU, "manifest.json")  # linking to finished work is no error
    with pytest.raises(LeaseLost):
        leases.renew(WORK, ME, 60, 1, 3)


def test_other_task_of_the_same_attempt_waits(leases: WorkLeases) -> None:
    assert leases.lease(WORK, ME, BATCH, 1, 60, "first message") == "acquired"
    assert leases.lease(WORK, YOU, BATCH, 1, 60, "second message") == "busy"


def test_holder_may_ask_again(leases: WorkLeases) -> None:
    assert leases.lease(WORK, ME, BATCH, 1, 60, "first message") == "acquired"
    assert leases.lease(WORK, ME, BATCH, 1, 60, "second message") == "acquired"


@pytest.mark.parametrize(("attempt", "task"), [(1, "message"), (2, "message"), (2, "other message")])
def test_newer_try_or_attempt_takes_over_at_once(leases: WorkLeases, attempt: int, task: str) -> None:
    leases.lease(WORK, ME, BATCH, 1, 60, "message")
    assert leases.lease(WORK, YOU, BATCH, attempt, 60, task) == "acquired"
    with pytest.raises(LeaseLost):
        leases.renew(WORK, ME, 60, 1, 3)
    with pytest.raises(LeaseLost):
        leases.finish(WORK, ME, "manifest.json")
    leases.release(WORK, ME)
    leases.renew(WORK, YOU, 60, 1, 3)


def test_older_attempt_does_not_come_back(leases: WorkLeases) -> None:
    leases.lease(WORK, ME, BATCH, 2, 60, "message")
    assert leases.lease(WORK, YOU, BATCH, 1, 60, "message") == "busy"


def test_expired_lease_may_be_taken(leases: WorkLeases) -> None:
    leases.lease(WORK, ME, BATCH, 1, -1)
    assert leases.lease(WORK, YOU, OTHER_BATCH, 1, 60) == "acquired"


def test_released_lease_is_free(leases: WorkLeases) -> None:
    leases.lease(WORK, ME, BATCH, 1, 60)
    leases.release(WORK, ME)
    assert leases.lease(WORK, YOU, OTHER_BATCH, 1, 60) == "acquired"


def test_finished_work_is_opened_again_for_the_manifest_it_named_only(leases: WorkLeases) -> None:
    assert leases.lease(WORK, ME, BATCH, 1, 60) == "acquired"
    leases.finish(WORK, ME, "manifest.json")
    leases.reopen(WORK, "another.json")
    assert leases.lease(WORK, YOU, BATCH, 2, 60) == "finished"
    leases.reopen(WORK, "manifest.json")
    assert leases.lease(WORK, YOU, BATCH, 2, 60) == "acquired"


def windows(leases: WorkLeases) -> tuple[int, int | None]:
    """Windows done and in all, as the store knows them."""
    if isinstance(leases, MemoryLeases):
        return leases.windows(WORK)
    assert isinstance(leases, PostgresLeases)
    with transaction(leases._uri) as connection:
        found = row(connection, "SELECT windows_done, windows_total FROM work")
    assert found is not None
    return found["windows_done"], found["windows_total"]


def test_progress_is_kept_through_a_change_of_hands_and_complete_at_the_end(leases: WorkLeases) -> None:
    leases.lease(WORK, ME, BATCH, 1, 60)
    assert windows(leases) == (0, None)
    leases.renew(WORK, ME, 60, 2, 5)
    leases.lease(WORK, YOU, BATCH, 2, 60)
    with pytest.raises(LeaseLost):
        leases.renew(WORK, ME, 60, 3, 5)
    assert windows(leases) == (2, 5)
    leases.release(WORK, YOU)
    assert windows(leases) == (2, 5)
    leases.lease(WORK, YOU, BATCH, 3, 60)
    leases.renew(WORK, YOU, 60, 4, 5)
    leases.finish(WORK, YOU, "manifest.json")
    assert windows(leases) == (5, 5)
    leases.reopen(WORK, "manifest.json")
    assert windows(leases) == (0, None)


def test_released_lease_cannot_be_renewed(leases: WorkLeases) -> None:
    leases.lease(WORK, ME, BATCH, 1, 60)
    leases.release(WORK, ME)
    with pytest.raises(LeaseLost):
        leases.renew(WORK, ME, 60, 1, 3)


def test_of_many_at_once_one_gets_it(leases: WorkLeases) -> None:
    together = Barrier(6)
    answers: list[str] = []

    def ask() -> None:
        together.wait()
        answers.append(leases.lease(WORK, uuid.uuid4(), uuid.uuid4(), 1, 60))

    _at_once([ask] * 6)
    assert sorted(answers) == ["acquired"] + ["busy"] * 5


def _at_once(jobs: list[Callable[[], None]]) -> None:
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.postgres
def test_only_a_window_further_than_any_before_is_progress(postgres_uri: str) -> None:
    leases = PostgresLeases(postgres_uri)

    def moved_at() -> object:
        with transaction(postgres_uri) as connection:
            return (row(connection, "SELECT windows_moved_at FROM work") or {})["windows_moved_at"]

    leases.lease(WORK, ME, BATCH, 1, 60)
    leases.renew(WORK, ME, 60, 0, 5)
    assert moved_at() is None
    leases.renew(WORK, ME, 60, 2, 5)
    first = moved_at()
    assert first is not None
    leases.lease(WORK, YOU, BATCH, 2, 60)
    for done in (0, 1, 2):
        leases.renew(WORK, YOU, 60, done, 5)
    assert moved_at() == first
    assert windows(leases) == (2, 5)
    leases.renew(WORK, YOU, 60, 3, 5)
    assert moved_at() != first
