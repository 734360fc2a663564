"""What every DAG has in common. Imported by DAG files: nothing heavy may come in here.

Airflow reads a DAG file in every task, before anything else of ours: here code that was loaded ahead is
forgotten where it has changed since. So this module itself is never loaded ahead.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from datalake.preloaded import forget_if_changed

if "datalake.preload" in sys.modules:
    forget_if_changed("datalake", sys.modules["datalake.preload"].SEEN)

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
