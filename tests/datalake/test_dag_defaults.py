from __future__ import annotations

import random
from datetime import timedelta

from airflow.sdk import dag, task
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.serialization.serialized_objects import DagSerialization

from datalake.dag_defaults import LONGEST_DELAY, RETRIES, SERVICE_RETRIES, BackOff


def delays(tries: range) -> list[timedelta]:
    found = [BackOff().evaluate(OSError("away"), number, RETRIES) for number in tries]
    assert {decision.action for decision in found} == {RetryAction.RETRY}
    return [decision.retry_delay or timedelta() for decision in found]


def test_retries_outlast_half_an_hour_whatever_chance_says() -> None:
    for seed in range(50):
        random.seed(seed)
        assert sum(delays(range(1, RETRIES + 1)), timedelta()) > timedelta(minutes=40)


def test_tasks_that_failed_together_come_back_one_by_one() -> None:
    assert len({delays(range(3, 4))[0] for _ in range(20)}) > 10
    assert max(delays(range(1, RETRIES + 1))) <= LONGEST_DELAY


def test_mapped_tasks_have_it_too() -> None:
    @dag(dag_id="example", schedule=None, default_args=SERVICE_RETRIES)
    def example() -> None:
        @task
        def plan() -> list[int]:
            return [1]

        @task
        def work(number: int) -> None: ...

        work.expand(number=plan())

    built = example()
    assert {type(one.retry_policy) for one in built.tasks} == {BackOff}
    stored = DagSerialization.from_dict(DagSerialization.to_dict(built))
    assert {one.has_retry_policy for one in stored.tasks} == {True}
    assert {one.retry_exponential_backoff for one in stored.tasks} == {2.0}
