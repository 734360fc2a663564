"""What every DAG has in common. Imported by DAG files: nothing heavy may come in here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(minutes=5)
# Forty minutes at least, if chance makes every delay as short as it can.
RETRIES = 20


class BackOff(RetryPolicy):
    """Retry after a delay that doubles, half of it by chance.

    Airflow's own chance is a hash of what all mapped tasks of a run have in common: they would come back
    together. Its delays still count for a task whose process was killed.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: object = None
    ) -> RetryDecision:
        """Decide about a task that failed for the `try_number`th time."""
        from datalake.common_func import backoff_s

        delay_s = backoff_s(try_number, FIRST_DELAY.total_seconds(), LONGEST_DELAY.total_seconds())
        return RetryDecision.retry(timedelta(seconds=delay_s))


# Work already done is skipped.
SERVICE_RETRIES: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay": FIRST_DELAY,
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": LONGEST_DELAY,
    "retry_policy": BackOff(),
}
